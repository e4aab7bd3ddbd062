"""Evaluation metrics from one confusion matrix (axes: C true classes by C predicted classes)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchmetrics import SumMetric
from torchmetrics.classification import MulticlassConfusionMatrix


class Tally(nn.Module):
    """Accumulates predictions batch by batch, over all processes."""

    def __init__(self, classes: int) -> None:
        """Start with zero counts."""
        super().__init__()
        self.confusion = MulticlassConfusionMatrix(classes)
        self.loss = SumMetric(nan_strategy="disable")  # a diverged model must not appear to have a finite loss
        self.broken = SumMetric()
        self.seen: list[Tensor] = []

    def forward(self, logits_BC: Tensor, labels_B: Tensor) -> None:
        """Count one batch."""
        self.confusion.update(logits_BC.argmax(-1), labels_B)
        self.broken.update((~logits_BC.isfinite().all(-1)).sum())
        self.loss.update(nn.functional.cross_entropy(logits_BC, labels_B, reduction="sum"))
        self.seen.append(logits_BC.detach().float().cpu())

    def evaluate(self) -> "Evaluation":
        """Compute the evaluation of the counts since the last call, and reset them."""
        confusion_CC: Tensor = self.confusion.compute()
        loss = float(self.loss.compute() / confusion_CC.sum())
        broken = int(self.broken.compute())
        for counter in (self.confusion, self.loss, self.broken):
            counter.reset()
        seen, self.seen = self.seen, []
        return Evaluation(confusion_CC, loss, broken, torch.cat(seen) if seen else None)


@dataclass(frozen=True)
class Evaluation:
    """Result of one pass over a labelled set: the confusion matrix and the mean cross-entropy in nats.

    ``broken`` counts rows for which the model gave something that is not finite. One such row and there are no scores, but NaN:
    the model has diverged, and its predictions are whatever class comes first. ``logits_NC`` holds the outputs for the rows of
    this process, in order.

    >>> round(Evaluation(torch.tensor([[2, 0], [1, 1]]), loss=0.5).f1_macro, 4)
    0.7333
    """

    confusion_CC: Tensor
    loss: float
    broken: int = 0
    logits_NC: Tensor | None = None

    @property
    def f1_macro(self) -> float:
        """Mean over all classes of 2 TP / (2 TP + FP + FN), in [0, 1].

        A class that occurs in neither labels nor predictions counts as 0: the mean is over all label names.
        """
        if self.broken:
            return math.nan
        hits_C = self.confusion_CC.diagonal().double()
        total_C = self.confusion_CC.sum(0) + self.confusion_CC.sum(1)
        return float((2 * hits_C / total_C.clamp_min(1)).mean())

    @property
    def accuracy(self) -> float:
        """Share of rows predicted correctly, in [0, 1]; 0 when there are no rows."""
        if self.broken:
            return math.nan
        return float(self.confusion_CC.diagonal().sum() / self.confusion_CC.sum().clamp_min(1))

    @property
    def predicted_C(self) -> list[int]:
        """Number of predictions per class; a single predicted class means that the model has collapsed."""
        counts: list[int] = self.confusion_CC.sum(0).tolist()
        return counts
