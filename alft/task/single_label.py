"""Single-label classification: softmax, cross-entropy, the most probable class (method.md 9)."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from alft.selection.probabilities import empty_table, probabilities
from alft.task.base import UNLABELLED, Task
from alft.task.tally import Evaluation, Tally


class SingleLabel(Task):
    """Classification into mutually exclusive classes.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    problem_type: ClassVar[str] = "single_label_classification"

    def encode(self, label: str | None) -> int:
        """Index of the label in the names; -1 for no label."""
        return UNLABELLED if label is None else self._numbers[label]

    def loss(self, logits_BC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy, of the texts with a label."""
        if bool((targets_B == UNLABELLED).all()):
            return logits_BC.sum() * 0
        weights = None if weights_C is None else weights_C.to(logits_BC)
        return nn.functional.cross_entropy(logits_BC, targets_B, weights, ignore_index=UNLABELLED, label_smoothing=smoothing)

    def class_weights(self, targets_N: Tensor) -> Tensor:
        """N / (classes found x N_c); 0 for a class without a row. Source: scikit-learn's "balanced".

        >>> SingleLabel(["a", "b", "c"]).class_weights(torch.tensor([0, 0, 0, 1]))
        tensor([0.6667, 2.0000, 0.0000])
        """
        counts_C = torch.bincount(targets_N, minlength=self.outputs).float()
        weights_C = len(targets_N) / ((counts_C > 0).sum() * counts_C.clamp(min=1))
        return weights_C.where(counts_C > 0, torch.zeros(()))

    def probabilities(self, logits_BC: Tensor) -> Tensor:
        """Softmax over the classes."""
        return logits_BC.float().softmax(-1)

    def label_probs(self, logits_KBC: Tensor, targets_B: Tensor) -> Tensor:
        """The entry of each text's class in the mean of the softmaxes."""
        probs_B = self.probabilities(logits_KBC).mean(0).gather(1, targets_B.clamp(min=0).unsqueeze(1)).squeeze(1)
        return probs_B.masked_fill(targets_B == UNLABELLED, math.nan)

    def average(self, logits_KBC: Tensor) -> Tensor:
        """Log of the mean probability: its softmax is that mean, and its cross-entropy that of the mean."""
        return logits_KBC.float().log_softmax(-1).logsumexp(0) - math.log(logits_KBC.shape[0])

    def score_table(self, draws: int, rows: int) -> Tensor:
        """Zeros, with the rows innermost in memory."""
        return empty_table(draws, rows, self.outputs)

    def table_entries(self, logits_KBC: Tensor) -> Tensor:
        """Softmax over the classes."""
        return probabilities(logits_KBC)

    def decode(self, probs_NC: Tensor) -> list[str]:
        """Name of the most probable class."""
        return [self.label_names[number] for number in probs_NC.argmax(-1).tolist()]

    def tally(self) -> Tally:
        """A confusion matrix."""
        return Tally(self.outputs)

    def macro_f1(self, truth: Sequence[int], predicted: Sequence[int]) -> float:
        """Over all label names, as :attr:`alft.task.tally.Evaluation.f1_macro` defines it.

        >>> round(SingleLabel(["a", "b"]).macro_f1([0, 0, 1, 1], [0, 0, 0, 1]), 4)
        0.7333
        """
        pairs = torch.tensor(truth) * self.outputs + torch.tensor(predicted)
        confusion_CC = torch.bincount(pairs, minlength=self.outputs**2).view(self.outputs, self.outputs)
        return Evaluation(confusion_CC, math.nan).f1_macro
