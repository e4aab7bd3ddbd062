"""Data maps: what training says about the label of each row that was bought (definitions of arXiv 2009.10795)."""

from pathlib import Path

import pandas as pd

from alft.system.run_files import SELECTION


def data_map(run: Path | str) -> pd.DataFrame:
    """One line for each row that a run trained on in two epochs or more, the least confident first.

    The probability of a label is taken in the training step itself, with dropout, before the weights change. So a row that is
    learned late but surely is told apart from one that never is: the label of the latter may be wrong.

    Args:
        run: Folder of a finished run.

    Returns:
        A table indexed by ``row``, the number of the text in the pool, with ``epochs`` trained on it, ``confidence``, the mean
        probability of its label in [0, 1], ``variability``, its standard deviation (population), and ``correctness``, the share
        of the epochs in which the label had a probability above 0.5, which with two classes means that it was predicted.

    Raises:
        ValueError: The run is of a version that recorded nothing of it.
    """
    table = pd.read_parquet(Path(run) / SELECTION)
    if "learned" not in table.columns or table["learned"].isna().all():
        raise ValueError(f"{run}: no probabilities of labels were recorded in {SELECTION}; the run is of an earlier version")
    by_row = table.dropna(subset="learned").groupby("row")["learned"]
    found = pd.DataFrame(
        {
            "epochs": by_row.size(),
            "confidence": by_row.mean().astype(float),
            "variability": by_row.std(ddof=0).astype(float),
            "correctness": by_row.agg(lambda probs: float((probs > 0.5).mean())),
        }
    )
    return found[found["epochs"] >= 2].sort_values(["confidence", "row"])
