"""Reads and embeds the pool of a finished run again, with the epoch in which each text was bought.

For the plot :func:`alft.report.plots.picked.what_was_picked`. Axes: N rows of the pool that have a label, D hidden size.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lightning import Trainer
from numpy.typing import NDArray

from alft.data.pool import TextPool
from alft.loop.recorded import read_recorded
from alft.loop.scoring import score_pool
from alft.models.classifier import Classifier
from alft.record.config_file import read_config
from alft.selection.embedding import MeanTokens


@dataclass(frozen=True)
class Picked:
    """Embeddings of a pool, and the epochs in which a run bought its labels.

    Attributes:
        embeddings_ND: Mean of the token vectors of each text, by the pretrained encoder; float32 (N, D).
        first_used_N: Epoch in which the label of each text was bought, from 0; -1 for never; int64 (N,).
    """

    embeddings_ND: NDArray[np.float32]
    first_used_N: NDArray[np.int64]


def picked(run: str | Path, accelerator: str = "auto") -> Picked:
    """Read a finished run's selections, and embed its pool with the encoder as it was before training.

    The vectors are those of MeanTokens regardless of the run's embedding, so that runs can be compared. Relative paths in the
    run's config refer to the folder that the run was started in: start there.

    Args:
        run: Folder of a run, with config.yaml, summary.json and selection.parquet.
        accelerator: Hardware to compute on: auto, cpu, gpu, mps.

    Raises:
        ValueError: The folder is not that of a finished run, or its data or its encoder no longer exist.
    """
    recorded = read_recorded(str(run), setting="run")
    settings = read_config(Path(run).expanduser())
    try:
        backbone = str(settings["model"]["backbone"])
        data = TextPool(**settings["data"], tokenizer=backbone)
    except (KeyError, TypeError) as error:
        raise ValueError(f"run: the config.yaml in {run} is not one of this version of alft ({error})") from error
    if data.corpus.fingerprint != recorded.fingerprint:
        raise ValueError(
            f"data.source has changed since the run in {run} (fingerprint {recorded.fingerprint} then, "
            f"{data.corpus.fingerprint} now), so its row numbers mean other texts"
        )
    selectable_N = data.ledger.selectable_N.numpy()
    first_used_N = np.full(len(selectable_N), -1)
    for epoch, rows in reversed(list(enumerate(recorded.sets))):
        first_used_N[rows.numpy()] = epoch
    return Picked(_embed(data, backbone, accelerator)[selectable_N], first_used_N[selectable_N])


def _embed(data: TextPool, backbone: str, accelerator: str) -> NDArray[np.float32]:
    """Vectors of all rows (0 without a label), from the same pass that embeds rows for clustering."""
    data.setup("fit")
    model = Classifier(backbone, data.label_names)  # its new head is not used here
    trainer = Trainer(accelerator=accelerator, devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False)
    model.to(trainer.strategy.root_device)
    return score_pool(trainer, model, data, embedding=MeanTokens()).embeddings_ND.numpy()
