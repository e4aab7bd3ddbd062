"""Scores of texts with one class each, from one confusion matrix (axes: C true classes by C predicted classes)."""

from dataclasses import dataclass

from torch import Tensor, nn
from torchmetrics.classification import MulticlassConfusionMatrix

from alft.task.tally import Evaluation, Tally, Words


class OneClassTally(Tally):
    """Counts pairs of true and predicted classes.

    Args:
        classes: C.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.confusion = MulticlassConfusionMatrix(classes)

    def count(self, logits_BC: Tensor, targets_B: Tensor, words: Words | None = None) -> None:
        """The most probable class, and the cross-entropy."""
        self.confusion.update(logits_BC.argmax(-1), targets_B)
        self.loss.update(nn.functional.cross_entropy(logits_BC, targets_B, reduction="sum"))

    def scores(self, loss: float, broken: int, logits_NC: Tensor | None) -> "OneClassEvaluation":
        """Those of the confusion matrix."""
        confusion_CC: Tensor = self.confusion.compute()
        self.confusion.reset()
        mean = loss / float(confusion_CC.sum()) if int(confusion_CC.sum()) else float("nan")
        return OneClassEvaluation(confusion_CC=confusion_CC, loss=mean, broken=broken, logits_NC=logits_NC)


@dataclass(frozen=True, kw_only=True)
class OneClassEvaluation(Evaluation):
    """Scores by a confusion matrix.

    >>> import torch
    >>> round(OneClassEvaluation(confusion_CC=torch.tensor([[2, 0], [1, 1]]), loss=0.5).f1_macro, 4)
    0.7333
    """

    confusion_CC: Tensor

    @property
    def f1_of_counts(self) -> float:
        """Mean over all classes of 2 TP / (2 TP + FP + FN).

        A class that occurs in neither labels nor predictions counts as 0: the mean is over all label names.
        """
        hits_C = self.confusion_CC.diagonal().double()
        total_C = self.confusion_CC.sum(0) + self.confusion_CC.sum(1)
        return float((2 * hits_C / total_C.clamp_min(1)).mean())

    @property
    def accuracy_of_counts(self) -> float:
        """Share of the diagonal."""
        return float(self.confusion_CC.diagonal().sum() / self.confusion_CC.sum().clamp_min(1))

    @property
    def predicted_C(self) -> list[int]:
        """Number of predictions per class; a single predicted class means that the model has collapsed."""
        counts: list[int] = self.confusion_CC.sum(0).tolist()
        return counts
