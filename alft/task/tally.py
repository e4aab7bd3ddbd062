"""How good are predictions? Figures out of one confusion matrix (axes: C true classes by C predicted classes)."""

from dataclasses import dataclass

from torch import Tensor, nn
from torchmetrics import SumMetric
from torchmetrics.classification import MulticlassConfusionMatrix


class Tally(nn.Module):
    """Gathers predictions batch by batch, over all processes."""

    def __init__(self, classes: int) -> None:
        """Start with nothing counted."""
        super().__init__()
        self.confusion = MulticlassConfusionMatrix(classes)
        self.loss = SumMetric(nan_strategy="disable")  # a diverged model has no finite loss, and shall not seem to have one

    def forward(self, logits_BC: Tensor, labels_B: Tensor) -> None:
        """Count one batch."""
        self.confusion.update(logits_BC.argmax(-1), labels_B)
        self.loss.update(nn.functional.cross_entropy(logits_BC, labels_B, reduction="sum"))

    def evaluate(self) -> "Evaluation":
        """What was counted since the last call."""
        confusion_CC: Tensor = self.confusion.compute()
        loss = float(self.loss.compute() / confusion_CC.sum())
        self.confusion.reset()
        self.loss.reset()
        return Evaluation(confusion_CC, loss)


@dataclass(frozen=True)
class Evaluation:
    """What one pass over a labelled set found: who was taken for whom, and the mean cross-entropy in nats.

    >>> import torch
    >>> round(Evaluation(torch.tensor([[2, 0], [1, 1]]), loss=0.5).f1_macro, 4)
    0.7333
    """

    confusion_CC: Tensor
    loss: float

    @property
    def f1_macro(self) -> float:
        """Mean over all classes of 2 TP / (2 TP + FP + FN), in [0, 1].

        A class that occurs neither among the labels nor among the predictions counts 0: the mean is over all label names.
        """
        hits_C = self.confusion_CC.diagonal().double()
        total_C = self.confusion_CC.sum(0) + self.confusion_CC.sum(1)
        return float((2 * hits_C / total_C.clamp_min(1)).mean())

    @property
    def accuracy(self) -> float:
        """Share of rows whose prediction is their label, in [0, 1]; 0 when there are none."""
        return float(self.confusion_CC.diagonal().sum() / self.confusion_CC.sum().clamp_min(1))

    @property
    def predicted_C(self) -> list[int]:
        """How often each class was predicted; one class only means that the model has collapsed."""
        counts: list[int] = self.confusion_CC.sum(0).tolist()
        return counts
