"""Scores of tags: entities that are right in start, end and type (axes: U words of a batch, B texts, T types).

Source: the strict evaluation of SemEval-2013 task 9, as nervaluate and seqeval compute it; an ``I-`` that continues nothing
begins an entity.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric, SumMetric

from alft.system.spans import Span, spans_of
from alft.task.tally import Evaluation, Tally, Words

HIT, TRUE, PREDICTED = range(3)
"""Columns of counts: entities that are right, entities of the labels, entities predicted."""


def count_entities(truth: Iterable[Sequence[Span]], predicted: Iterable[Sequence[Span]], kinds: Sequence[str]) -> Tensor:
    """Counts (T, 3) of the entities of each type.

    >>> one, other = Span(0, 2, "PER"), Span(3, 4, "PER")
    >>> count_entities([[one, other]], [[one]], ["PER"]).tolist()
    [[1, 2, 1]]
    """
    numbers = {kind: number for number, kind in enumerate(kinds)}
    counts = [[0, 0, 0] for _ in kinds]
    for true, found in zip(truth, predicted, strict=True):
        for column, spans in ((HIT, set(true) & set(found)), (TRUE, true), (PREDICTED, found)):
            for span in spans:
                counts[numbers[span.kind]][column] += 1
    return torch.tensor(counts, dtype=torch.int64).view(len(kinds), 3)


class EntityTally(Tally):
    """Counts entities by type, and words whose tag is right.

    Args:
        label_names: Names of the tags, in the order of the outputs; ``O`` first.
    """

    def __init__(self, label_names: Sequence[str]) -> None:
        super().__init__()
        self.label_names = list(label_names)
        self.kinds = list(dict.fromkeys(name[2:] for name in label_names[1:]))
        self.entities = _Counts(len(self.kinds))
        self.words, self.right, self.scored = SumMetric(), SumMetric(), SumMetric()

    def count(self, logits_BC: Tensor, targets_B: Tensor, words: Words | None = None) -> None:
        """The most probable tag of each word, ``O`` for a word without a token; and the cross-entropy of the others."""
        assert words is not None
        found_W = torch.zeros_like(targets_B)
        found_W[words.kept_W] = logits_BC.argmax(-1)
        counts = count_entities(self._spans(targets_B, words.counts_B), self._spans(found_W, words.counts_B), self.kinds)
        self.entities.update(counts.to(logits_BC.device))
        self.words.update(len(targets_B))
        self.scored.update(len(logits_BC))
        self.right.update((found_W == targets_B).sum())
        self.loss.update(nn.functional.cross_entropy(logits_BC, targets_B[words.kept_W], reduction="sum"))

    def scores(self, loss: float, broken: int, logits_NC: Tensor | None) -> "EntityEvaluation":
        """Those of the counts."""
        counts_T3, words, right = self.entities.compute().cpu(), int(self.words.compute()), int(self.right.compute())
        scored = int(self.scored.compute())
        for metric in (self.entities, self.words, self.right, self.scored):
            metric.reset()
        mean = loss / scored if scored else math.nan
        return EntityEvaluation(
            counts_T3=counts_T3, kinds=self.kinds, words=words, right=right, loss=mean, broken=broken, logits_NC=logits_NC
        )

    def _spans(self, numbers_W: Tensor, counts_B: Tensor) -> list[list[Span]]:
        texts = torch.split(numbers_W.cpu(), counts_B.tolist())
        return [spans_of([self.label_names[number] for number in text.tolist()]) for text in texts]


@dataclass(frozen=True, kw_only=True)
class EntityEvaluation(Evaluation):
    """Scores by counts of entities.

    Attributes:
        counts_T3: For each type, entities that are right, those of the labels, and those predicted.
        kinds: The types.
        words: Number of words.
        right: Words whose tag is right.

    >>> counts = torch.tensor([[8, 10, 10], [1, 10, 2]])
    >>> found = EntityEvaluation(counts_T3=counts, kinds=["LOC", "PER"], words=100, right=90, loss=0.5)
    >>> round(found.f1_micro, 4), round(found.f1_macro, 4), found.accuracy
    (0.5625, 0.4833, 0.9)
    """

    counts_T3: Tensor
    kinds: Sequence[str]
    words: int
    right: int

    @property
    def f1_T(self) -> Tensor:
        """F1 of each type; 0 for one that occurs in neither labels nor predictions."""
        return _f1(self.counts_T3)

    @property
    def f1_of_counts(self) -> float:
        """Mean over types."""
        return float(self.f1_T.mean())

    @property
    def f1_micro(self) -> float:
        """F1 of all entities, whatever their type."""
        return math.nan if self.broken else float(_f1(self.counts_T3.sum(0)))

    @property
    def figures(self) -> dict[str, float]:
        """With F1 of all entities, and that of each type."""
        of_kinds = {
            f"f1_{kind}": math.nan if self.broken else f1 for kind, f1 in zip(self.kinds, self.f1_T.tolist(), strict=True)
        }
        return {**of_kinds, "f1_micro": self.f1_micro, **super().figures}  # a type may be called macro

    @property
    def accuracy_of_counts(self) -> float:
        """Share of the words whose tag is right."""
        return self.right / max(1, self.words)

    @property
    def predicted_C(self) -> list[int]:
        """Number of entities predicted of each type."""
        counts: list[int] = self.counts_T3[:, PREDICTED].tolist()
        return counts


def _f1(counts: Tensor) -> Tensor:
    return 2 * counts[..., HIT].double() / (counts[..., TRUE] + counts[..., PREDICTED]).clamp_min(1)


class _Counts(Metric):
    """A table of counts, summed over batches and processes."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.table: Tensor
        self.add_state("table", torch.zeros(kinds, 3, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, counts_T3: Any) -> None:
        self.table += counts_T3

    def compute(self) -> Tensor:
        return self.table
