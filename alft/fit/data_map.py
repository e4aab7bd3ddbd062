"""The callback that records how sure the model is of the label of each row it trains on (data maps)."""

from typing import Any

import torch
from lightning import Callback, Trainer
from torch import Tensor

from alft.data.pool import TextPool
from alft.loop.scoring import gather
from alft.models.classifier import Classifier


class DataMap(Callback):
    """Records the probability that training gives the label of each row, in each epoch, as it is before the step.

    The pass is the one of the training step, with dropout, so that it costs nothing. Only rows of the set, which are bought,
    are seen. The figures go to the ledger, and from there to ``selection.parquet``.
    """

    def __init__(self) -> None:
        self._rows: list[Tensor] = []
        self._probs: list[Tensor] = []

    def on_train_epoch_start(self, trainer: Trainer, pl_module: Classifier) -> None:  # type: ignore[override]  # ours, always
        """Forget what an interrupted epoch has left."""
        self._rows, self._probs = [], []

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: Classifier, outputs: Any, batch: dict[str, Tensor], batch_idx: int
    ) -> None:
        """Keep the probabilities of a batch."""
        self._rows.append(batch["rows"].cpu())
        self._probs.append(pl_module.label_probs_B.cpu())

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Classifier) -> None:  # type: ignore[override]
        """Bring the rows of all processes together; one that several of them have trained on counts as their mean."""
        data: TextPool = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        ledger, epoch = data.ledger, trainer.current_epoch
        rows = torch.cat(self._rows)
        sums_N = torch.zeros(len(ledger.selectable_N)).index_add_(0, rows, torch.cat(self._probs))
        counts_N = torch.zeros(len(ledger.selectable_N)).index_add_(0, rows, torch.ones(len(rows)))
        sums_N, counts_N = gather(trainer, sums_N), gather(trainer, counts_N)
        ledger.learned[epoch] = (sums_N / counts_N)[ledger.selections[epoch].rows]
