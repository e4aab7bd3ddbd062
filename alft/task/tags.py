"""Tags: a class for each word of a text, such as those of named entities in IOB2.

Axes: U words of a batch or a pool, in order; K stochastic draws, C tags. What :class:`alft.task.base.Task` says of texts holds
for words: outputs, targets and tables have a line for each word that has a token, row after row.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from alft.selection.probabilities import empty_table
from alft.system.spans import BEGIN, INSIDE, OUTSIDE, Span, in_iob2, kind_of, spans_of, tags_of
from alft.task.base import UNLABELLED, Label, Unit
from alft.task.entities import EntityEvaluation, EntityTally, count_entities
from alft.task.sentences import read_tags, refuse_misfit
from alft.task.softmax import Softmax
from alft.task.strata import rarest
from alft.task.tally import Tally


class Tags(Softmax):
    """Named entities, as one tag for each word.

    Args:
        label_names: Names of the tags, in the order of the outputs: ``O`` first, then ``B-`` and ``I-`` of each type.

    Raises:
        ValueError: There is no type.
    """

    name: ClassVar[str] = "tags"
    problem_type: ClassVar[str | None] = None
    pipeline: ClassVar[str] = "token-classification"
    about: ClassVar[str] = ", one for each word in IOB2; entities are counted where start, end and type are right"
    has_suspects: ClassVar[bool] = False
    unit: ClassVar[Unit] = "word"
    fill: ClassVar[int] = 0  # O

    def __init__(self, label_names: Sequence[str]) -> None:
        super().__init__(label_names)
        self.kinds = list(dict.fromkeys(kind_of(name) for name in label_names if name != OUTSIDE))
        if not self.kinds:
            raise ValueError("data.source: no word of the train set is in an entity, all tags are O; there is nothing to learn")

    @property
    def counted_names(self) -> list[str]:
        """The types."""
        return self.kinds

    @classmethod
    def read(cls, cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[tuple[str, ...] | None]:
        """One tag for each word, as written."""
        return read_tags(cells, feature, where)

    @classmethod
    def mend(cls, written: Sequence[Any], where: Callable[[int], str]) -> tuple[list[Any], list[str]]:
        """Other schemes become IOB2."""
        return in_iob2(written, where)

    @classmethod
    def refuse_misfit(cls, text: str, written: Any, where: str) -> None:
        """Each word needs one tag."""
        refuse_misfit(text, written, where)

    @classmethod
    def in_order(cls, names: Iterable[str], feature: Any) -> list[str]:
        """``O``, then both tags of each type in alphabetical order, whether or not all occur.

        >>> Tags.in_order(["I-PER", "B-LOC", "O"], None)
        ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']
        """
        kinds = sorted({kind_of(name) for name in names if name != OUTSIDE})
        return [OUTSIDE, *(prefix + kind for kind in kinds for prefix in (BEGIN, INSIDE))]

    def encode(self, written: Sequence[str] | None) -> Label:
        """Number of the tag of each word; -1 for no label."""
        return UNLABELLED if written is None else tuple(self._numbers[name] for name in written)

    def written(self, label: tuple[int, ...]) -> tuple[str, ...]:
        """Names of the tags."""
        return tuple(self.label_names[number] for number in label)

    def in_words(self, label: tuple[int, ...]) -> str:
        """Names of the tags, separated by spaces."""
        return " ".join(self.written(label))

    def spans(self, label: Sequence[int]) -> list[Span]:
        """Entities of a label."""
        return spans_of([self.label_names[number] for number in label])

    def counted_in(self, label: Label) -> Iterable[int]:
        """Numbers of the types."""
        return self._kinds_in(self.numbers_in(label))

    def strata(self, labels: Sequence[Any]) -> list[int]:
        """The rarest type among the entities of each text, by its number from 1; 0 for a text with none (ours).

        >>> Tags(["O", "B-A", "I-A", "B-B", "I-B"]).strata([(1, 3), (1, 0), (0,), -1])
        [2, 1, 0, -1]
        """
        return rarest([None if label == UNLABELLED else self._kinds_in(label) for label in labels])

    @property
    def wrong_answers(self) -> int:
        """Other types, or none."""
        return len(self.kinds)

    def wrong(self, label: Any, number: int) -> Label:
        """Entities of the type so many further on, or of none; a text with none gets one of its first word.

        >>> Tags(["O", "B-A", "I-A", "B-B", "I-B"]).wrong((0, 1, 2), 1), Tags(["O", "B-A", "I-A"]).wrong((0, 0), 1)
        ((0, 3, 4), (1, 0))
        """
        found = self.spans(label)
        if not found:
            spans = [Span(0, 1, self.kinds[number - 1])]
        elif number == self.wrong_answers:
            spans = []
        else:
            spans = [one._replace(kind=self._further(one.kind, number)) for one in found]
        return self.encode(tags_of(spans, len(label)))

    def starts(self, rows: int, words_N: Tensor | None = None) -> Tensor:
        """Each row has a prediction for each word with a token."""
        assert words_N is not None
        return torch.cat([torch.zeros(1, dtype=torch.int64), words_N.cumsum(0)])

    def score_table(self, draws: int, rows: int, words_N: Tensor | None = None) -> Tensor:
        """Zeros, float32 (K, U, C), with the words innermost in memory."""
        assert words_N is not None
        return empty_table(draws, int(words_N.sum()) + 1, self.outputs)

    def tally(self) -> Tally:
        """Counts of entities."""
        return EntityTally(self.label_names)

    def macro_f1(self, truth: Sequence[Any], predicted: Sequence[Any]) -> float:
        """Mean over types of strict entity F1."""
        counts_T3 = count_entities(map(self.spans, truth), map(self.spans, predicted), self.kinds)
        return EntityEvaluation(counts_T3=counts_T3, kinds=self.kinds, words=0, right=0, loss=float("nan")).f1_macro

    def _kinds_in(self, label: Sequence[int]) -> set[int]:
        return {
            self.kinds.index(kind_of(self.label_names[number])) for number in set(label) if self.label_names[number] != OUTSIDE
        }

    def _further(self, kind: str, number: int) -> str:
        return self.kinds[(self.kinds.index(kind) + number) % len(self.kinds)]
