"""Single-label classification: softmax, cross-entropy, the most probable class (method.md 9)."""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from alft.selection.probabilities import empty_table, probabilities
from alft.task.base import UNLABELLED, Task
from alft.task.labels import read_labels
from alft.task.one_class import OneClassEvaluation, OneClassTally
from alft.task.tally import Tally


class SingleLabel(Task):
    """Classification into mutually exclusive classes.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    name: ClassVar[str] = "single"
    problem_type: ClassVar[str] = "single_label_classification"

    @classmethod
    def read(cls, cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[str | None]:
        """One class name per cell."""
        return read_labels(cells, feature, where)

    def encode(self, written: str | None) -> int:
        """Index of the class in the names; -1 for no label."""
        return UNLABELLED if written is None else self._numbers[written]

    def written(self, label: int) -> str:
        """Name of the class."""
        return self.label_names[label]

    def in_words(self, label: int) -> str:
        """Name of the class."""
        return self.label_names[label]

    def strata(self, labels: Sequence[int]) -> list[int]:
        """The classes themselves."""
        return list(labels)

    def targets(self, labels: Sequence[int]) -> Tensor:
        """Class numbers (N,)."""
        return torch.tensor(labels, dtype=torch.int64)

    @property
    def wrong_answers(self) -> int:
        """All classes but one."""
        return self.outputs - 1

    def wrong(self, label: int, number: int) -> int:
        """The class so many further on."""
        return (label + number) % self.outputs

    def regress(self, labels: Sequence[int], fit: Callable[[list[int]], list[int]]) -> list[int]:
        """One regression with all classes."""
        return fit(list(labels))

    def loss(self, logits_BC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy, of the texts with a label."""
        if bool((targets_B == UNLABELLED).all()):
            return logits_BC.sum() * 0
        weights = None if weights_C is None else weights_C.to(logits_BC)
        return nn.functional.cross_entropy(logits_BC, targets_B, weights, ignore_index=UNLABELLED, label_smoothing=smoothing)

    def class_weights(self, targets_N: Tensor) -> Tensor:
        """N / (classes found x N_c), whose mean over the targets is 1; 0 for a class without a row.

        Source: scikit-learn's "balanced".

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

    def choose(self, logits_NC: Tensor) -> list[int]:
        """Number of the most probable class."""
        return logits_NC.argmax(-1).tolist()

    def tally(self) -> Tally:
        """A confusion matrix."""
        return OneClassTally(self.outputs)

    def macro_f1(self, truth: Sequence[int], predicted: Sequence[int]) -> float:
        """Over all label names, as :attr:`alft.task.one_class.OneClassEvaluation.f1_macro` defines it.

        >>> round(SingleLabel(["a", "b"]).macro_f1([0, 0, 1, 1], [0, 0, 0, 1]), 4)
        0.7333
        """
        pairs = torch.tensor(truth) * self.outputs + torch.tensor(predicted)
        confusion_CC = torch.bincount(pairs, minlength=self.outputs**2).view(self.outputs, self.outputs)
        return OneClassEvaluation(loss=math.nan, confusion_CC=confusion_CC).f1_macro
