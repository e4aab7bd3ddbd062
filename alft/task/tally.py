"""What every task measures: counters of predictions, and the scores of a pass over a labelled set."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchmetrics import SumMetric


@dataclass(frozen=True)
class Words:
    """The words of the texts of a batch, whose targets are one after the other (W).

    Attributes:
        counts_B: Number of words of each text.
        kept_W: Whether a word has an output; the others have no token, or were cut off.
    """

    counts_B: Tensor
    kept_W: Tensor


class Tally(nn.Module, ABC):
    """Accumulates predictions batch by batch, over all processes."""

    def __init__(self) -> None:
        """Start with zero counts."""
        super().__init__()
        self.loss = SumMetric(nan_strategy="disable")  # a diverged model must not appear to have a finite loss
        self.broken = SumMetric()
        self.seen: list[Tensor] = []

    def forward(self, logits_BC: Tensor, targets_B: Tensor, words: Words | None = None) -> None:
        """Count one batch of texts with labels; ``words`` where words have labels."""
        self.count(logits_BC, targets_B, words)
        self.broken.update((~logits_BC.isfinite().all(-1)).sum())
        self.seen.append(logits_BC.detach().float().cpu())

    @abstractmethod
    def count(self, logits_BC: Tensor, targets_B: Tensor, words: Words | None = None) -> None:
        """Update the counters, among them ``loss``, the sum over the texts of the loss in nats."""

    @abstractmethod
    def scores(self, loss: float, broken: int, logits_NC: Tensor | None) -> "Evaluation":
        """The scores of the counts, which are then zero again."""

    def evaluate(self) -> "Evaluation":
        """Compute the evaluation of the counts since the last call, and reset them."""
        loss, broken = float(self.loss.compute()), int(self.broken.compute())
        self.loss.reset()
        self.broken.reset()
        seen, self.seen = self.seen, []
        return self.scores(loss, broken, torch.cat(seen) if seen else None)


@dataclass(frozen=True, kw_only=True)
class Evaluation(ABC):
    """Result of one pass over a labelled set.

    Attributes:
        loss: Mean loss of a text, in nats.
        broken: Number of rows for which the model gave something that is not finite. One such row and there are no scores, but
            NaN: the model has diverged, and its predictions are whatever comes first.
        logits_NC: Outputs for the rows of this process, in order.
    """

    loss: float
    broken: int = 0
    logits_NC: Tensor | None = None

    @property
    def f1_macro(self) -> float:
        """Macro-F1, in [0, 1]."""
        return math.nan if self.broken else self.f1_of_counts

    @property
    def accuracy(self) -> float:
        """Share of rows predicted correctly, in [0, 1]; 0 when there are no rows."""
        return math.nan if self.broken else self.accuracy_of_counts

    @property
    def figures(self) -> dict[str, float]:
        """Scores by name, in the order in which they are shown."""
        return {"f1_macro": self.f1_macro, "accuracy": self.accuracy, "loss": self.loss}

    @property
    @abstractmethod
    def f1_of_counts(self) -> float:
        """Macro-F1 of what was counted."""

    @property
    @abstractmethod
    def accuracy_of_counts(self) -> float:
        """Accuracy of what was counted."""

    @property
    @abstractmethod
    def predicted_C(self) -> list[int]:
        """Number of predictions per class."""
