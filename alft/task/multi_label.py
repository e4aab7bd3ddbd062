"""Several labels a text: a sigmoid and a binary cross-entropy for each class, of which any number may apply.

Axes: B texts of a batch, N texts, K stochastic draws, C classes. In a table of the pool each class of a text is a prediction of
its own, absent or present, so that acquisition functions work as for two classes; ``active.reduce`` makes them one score.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from alft.selection.probabilities import empty_table
from alft.selection.several import even_starts
from alft.task.base import UNLABELLED, Label, TextTask
from alft.task.labels import read_label_sets
from alft.task.several_classes import THRESHOLD, SeveralClassesEvaluation, SeveralClassesTally
from alft.task.strata import rarest
from alft.task.tally import Tally

NO_CLASS = "(none)"
"""How a label without a class is shown."""


class MultiLabel(TextTask):
    """Classification into classes that do not exclude each other.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    name: ClassVar[str] = "multi"
    problem_type: ClassVar[str | None] = "multi_label_classification"
    about: ClassVar[str] = ", of which any number may apply to a text: those with a probability above 0.5"
    has_suspects: ClassVar[bool] = False

    @classmethod
    def read(cls, cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[tuple[str, ...] | None]:
        """The class names in each cell: a list, a string that writes one out, flags, or names joined by semicolons."""
        return read_label_sets(cells, feature, where)

    def encode(self, written: tuple[str, ...] | None) -> Label:
        """Class numbers, ascending; -1 for no label, which an empty tuple is not."""
        return UNLABELLED if written is None else tuple(sorted({self._numbers[name] for name in written}))

    def written(self, label: tuple[int, ...]) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(self.label_names[number] for number in label)

    def in_words(self, label: tuple[int, ...]) -> str:
        """Names of the classes, joined by semicolons."""
        return "; ".join(self.written(label)) or NO_CLASS

    def strata(self, labels: Sequence[Any]) -> list[int]:
        """The rarest class of each text, by its number from 1; 0 for a text with no class (ours).

        >>> MultiLabel(["a", "b"]).strata([(0, 1), (0,), (), -1])
        [2, 1, 0, -1]
        """
        return rarest([None if label == UNLABELLED else self.numbers_in(label) for label in labels])

    def targets(self, labels: Sequence[Any]) -> Tensor:
        """1 for a class that applies, 0 for one that does not, -1 throughout for no label (N, C).

        >>> MultiLabel(["a", "b"]).targets([(1,), (), -1]).tolist()
        [[0, 1], [0, 0], [-1, -1]]
        """
        table_NC = torch.zeros(len(labels), self.outputs, dtype=torch.int64)
        for row, label in enumerate(labels):
            if label == UNLABELLED:
                table_NC[row] = UNLABELLED
            table_NC[row, list(self.numbers_in(label))] = 1
        return table_NC

    @property
    def wrong_answers(self) -> int:
        """One class too many or too few."""
        return self.outputs

    def wrong(self, label: Any, number: int) -> Label:
        """The label with class ``number - 1`` added or left out."""
        return tuple(sorted(set(self.numbers_in(label)) ^ {number - 1}))

    def regress(self, labels: Sequence[Any], fit: Callable[[list[int]], list[int]]) -> list[Any]:
        """A regression for each class, absent or present."""
        found = [fit(column.tolist()) for column in self.targets(labels).unbind(1)]
        return [tuple(number for number, has in enumerate(row) if has) for row in zip(*found, strict=True)]

    def starts(self, rows: int, words_N: Tensor | None = None) -> Tensor:
        """Each row has a prediction for each class."""
        return even_starts(rows, self.outputs)

    def loss(self, logits_BC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Mean over classes of the binary cross-entropies; smoothing takes targets towards a half."""
        labelled_B = (targets_B != UNLABELLED).all(-1)
        if not bool(labelled_B.any()):
            return logits_BC.sum() * 0
        aims_BC = targets_B[labelled_B].to(logits_BC) * (1 - smoothing) + smoothing / 2
        weights = None if weights_C is None else weights_C.to(logits_BC)
        return nn.functional.binary_cross_entropy_with_logits(logits_BC[labelled_B], aims_BC, pos_weight=weights)

    def class_weights(self, targets_N: Tensor) -> Tensor:
        """Weight of a text with the class, so that they weigh together as much as those without; 1 where one kind is absent.

        >>> MultiLabel(["a", "b"]).class_weights(torch.tensor([[1, 0], [0, 0], [0, 0], [0, 0]]))
        tensor([3., 1.])
        """
        present_C = (targets_N > 0).sum(0).float()
        absent_C = (targets_N == 0).sum(0).float()
        known_C = (present_C > 0) & (absent_C > 0)
        return (absent_C / present_C.clamp(min=1)).where(known_C, torch.ones(()))

    def probabilities(self, logits_BC: Tensor) -> Tensor:
        """A sigmoid for each class."""
        return logits_BC.float().sigmoid()

    def label_probs(self, logits_KBC: Tensor, targets_B: Tensor) -> Tensor:
        """The product over classes of the probability of what applies: that of the whole label, were classes independent."""
        probs_BC = self.probabilities(logits_KBC).mean(0)
        whole_B = torch.where(targets_B > 0, probs_BC, 1 - probs_BC).prod(-1)
        return whole_B.masked_fill((targets_B == UNLABELLED).any(-1), math.nan)

    def average(self, logits_KBC: Tensor) -> Tensor:
        """Logits of the mean probability."""
        logits_KBC = logits_KBC.float()
        present_BC = nn.functional.logsigmoid(logits_KBC).logsumexp(0)
        return present_BC - nn.functional.logsigmoid(-logits_KBC).logsumexp(0)

    def score_table(self, draws: int, rows: int, words_N: Tensor | None = None) -> Tensor:
        """Zeros, float32 (K, U, 2): absent and present, with the predictions innermost in memory."""
        return empty_table(draws, rows * self.outputs + 1, 2)

    def table_entries(self, logits_KBC: Tensor) -> Tensor:
        """Probabilities of absence and presence, class by class within each row."""
        present_KU = logits_KBC.float().sigmoid().flatten(1)
        return torch.stack([1 - present_KU, present_KU], -1)

    def decode(self, probs_NC: Tensor) -> list[str]:
        """The classes with a probability above a half."""
        return [self.in_words(label) for label in self._above(probs_NC, THRESHOLD)]

    def choose(self, logits_NC: Tensor) -> list[Any]:
        """The classes with an output above 0."""
        return self._above(logits_NC, 0.0)

    def tally(self) -> Tally:
        """Counts by class."""
        return SeveralClassesTally(self.outputs)

    def macro_f1(self, truth: Sequence[Any], predicted: Sequence[Any]) -> float:
        """Over all classes, of their presence.

        >>> round(MultiLabel(["a", "b"]).macro_f1([(0,), (0, 1), ()], [(0,), (0,), (1,)]), 4)
        0.5
        """
        true_NC, found_NC = self.targets(truth), self.targets(predicted)
        cells_NC = true_NC * 2 + found_NC
        counts_C4 = torch.stack([torch.bincount(cells_NC[:, number], minlength=4) for number in range(self.outputs)])
        confusion_C22 = counts_C4.view(self.outputs, 2, 2)
        return SeveralClassesEvaluation(confusion_C22=confusion_C22, exact=0, loss=math.nan).f1_macro

    def _above(self, table_NC: Tensor, bound: float) -> list[Any]:
        return [tuple(row.nonzero().squeeze(1).tolist()) for row in table_NC > bound]
