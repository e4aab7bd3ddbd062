"""Single-label classification: softmax, cross-entropy, the most probable class (method.md 9)."""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch

from alft.task.base import UNLABELLED, TextTask
from alft.task.labels import read_labels
from alft.task.one_class import OneClassEvaluation, OneClassTally
from alft.task.softmax import Softmax
from alft.task.tally import Tally


class SingleLabel(Softmax, TextTask):
    """Classification into mutually exclusive classes.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    name: ClassVar[str] = "single"
    problem_type: ClassVar[str | None] = "single_label_classification"

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
