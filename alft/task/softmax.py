"""Outputs of which one class is right: softmax, cross-entropy, the most probable class (method.md 9)."""

import math
from abc import ABC
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from alft.selection.probabilities import empty_table, probabilities
from alft.task.base import UNLABELLED, Task


class Softmax(Task, ABC):
    """Base class of tasks whose predictions, of texts or of words, are one class each.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    def targets(self, labels: Sequence[int]) -> Tensor:
        """Class numbers (N,)."""
        return torch.tensor(labels, dtype=torch.int64)

    def loss(self, logits_BC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy, of the texts with a label."""
        if bool((targets_B == UNLABELLED).all()):
            return logits_BC.sum() * 0
        weights = None if weights_C is None else weights_C.to(logits_BC)
        return nn.functional.cross_entropy(logits_BC, targets_B, weights, ignore_index=UNLABELLED, label_smoothing=smoothing)

    def class_weights(self, targets_N: Tensor) -> Tensor:
        """N / (classes found x N_c), whose mean over the targets is 1; 0 for a class without a row.

        Source: scikit-learn's "balanced".

        >>> from alft.task.single_label import SingleLabel
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

    def decode(self, probs_NC: Tensor) -> list[str]:
        """Name of the most probable class of each prediction, a text or a word."""
        return [self.label_names[number] for number in probs_NC.argmax(-1).tolist()]

    def choose(self, logits_NC: Tensor) -> list[int]:
        """Number of the most probable class of each prediction."""
        return logits_NC.argmax(-1).tolist()

    def average(self, logits_KBC: Tensor) -> Tensor:
        """Log of the mean probability: its softmax is that mean, and its cross-entropy that of the mean."""
        return logits_KBC.float().log_softmax(-1).logsumexp(0) - math.log(logits_KBC.shape[0])

    def score_table(self, draws: int, rows: int, words_N: Tensor | None = None) -> Tensor:
        """Zeros, with the rows innermost in memory."""
        return empty_table(draws, rows, self.outputs)

    def table_entries(self, logits_KBC: Tensor) -> Tensor:
        """Softmax over the classes."""
        return probabilities(logits_KBC)
