"""Scores of texts with any number of classes each, from counts by class (axes: C classes, B texts of a batch)."""

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torchmetrics import SumMetric
from torchmetrics.classification import MultilabelConfusionMatrix

from alft.task.tally import Evaluation, Tally, Words

THRESHOLD = 0.5
"""Probability above which a class is predicted."""


class SeveralClassesTally(Tally):
    """Counts true and false decisions for each class, and texts of which all decisions are true.

    Args:
        classes: C.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.confusion = MultilabelConfusionMatrix(classes, threshold=THRESHOLD)
        self.exact = SumMetric()

    def count(self, logits_BC: Tensor, targets_B: Tensor, words: Words | None = None) -> None:
        """The decision for each class, and the mean over the classes of the binary cross-entropies."""
        self.confusion.update((logits_BC > 0).long(), targets_B)
        self.exact.update(((logits_BC > 0) == (targets_B > 0)).all(-1).sum())
        losses_BC = nn.functional.binary_cross_entropy_with_logits(logits_BC, targets_B.to(logits_BC), reduction="none")
        self.loss.update(losses_BC.mean(-1).sum())

    def scores(self, loss: float, broken: int, logits_NC: Tensor | None) -> "SeveralClassesEvaluation":
        """Those of the counts."""
        confusion_C22, exact = self.confusion.compute(), int(self.exact.compute())
        self.confusion.reset()
        self.exact.reset()
        texts = int(confusion_C22[0].sum())
        return SeveralClassesEvaluation(
            confusion_C22=confusion_C22,
            exact=exact,
            loss=loss / texts if texts else float("nan"),
            broken=broken,
            logits_NC=logits_NC,
        )


@dataclass(frozen=True, kw_only=True)
class SeveralClassesEvaluation(Evaluation):
    """Scores by counts.

    Attributes:
        confusion_C22: For each class, texts by whether they have it and whether it is predicted.
        exact: Texts whose classes are all predicted, and no others.

    >>> import torch
    >>> found = SeveralClassesEvaluation(confusion_C22=torch.tensor([[[1, 0], [1, 2]], [[4, 0], [0, 0]]]), exact=3, loss=0.5)
    >>> found.f1_macro, found.accuracy, found.predicted_C
    (0.4, 0.75, [2, 0])
    """

    confusion_C22: Tensor
    exact: int

    @property
    def figures(self) -> dict[str, float]:
        """With F1 of the decisions for all classes together."""
        micro = math.nan if self.broken else float(_f1(self.confusion_C22.sum(0)))
        return {"f1_micro": micro, **super().figures}

    @property
    def f1_of_counts(self) -> float:
        """Mean over all classes of 2 TP / (2 TP + FP + FN); 0 for a class that occurs in neither labels nor predictions."""
        return float(_f1(self.confusion_C22).mean())

    @property
    def accuracy_of_counts(self) -> float:
        """Share of the texts of which every class is right."""
        return self.exact / max(1, int(self.confusion_C22[0].sum()))

    @property
    def predicted_C(self) -> list[int]:
        """Number of texts for which each class is predicted."""
        counts: list[int] = self.confusion_C22[:, :, 1].sum(1).tolist()
        return counts


def _f1(confusion: Tensor) -> Tensor:
    hits = confusion[..., 1, 1].double()
    return 2 * hits / (2 * hits + confusion[..., 0, 1] + confusion[..., 1, 0]).clamp_min(1)
