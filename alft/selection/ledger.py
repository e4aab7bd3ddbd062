"""The ledger: all state of a run, that is, which rows were selected when and at what cost (method.md 2).

Plain tensors, numbers and strings only, so that a checkpoint holding it loads with ``weights_only``. Axes: N pool rows.
"""

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from alft.selection.plan import Words
from alft.system.earlier import current_ledger

Stage = Literal["train", "score", "cluster", "select", "validate"]
STAGES: tuple[Stage, ...] = ("train", "score", "cluster", "select", "validate")


@dataclass(frozen=True)
class Selection:
    """The set of one epoch: ascending row numbers, with each row's score and cluster if they were computed."""

    rows: Tensor
    scores: Tensor | None = None
    clusters: Tensor | None = None


@dataclass(frozen=True)
class Clusters:
    """Cluster of each pool row (-1 if not selectable) and its distance to the cluster mean (NaN without embeddings)."""

    clusters_N: Tensor
    distances_N: Tensor


class Ledger:
    """Every selection of a run, the epoch in which each row was bought, and per epoch: seconds, memory, scores, metrics.

    ``total`` counts the seconds of the whole run, including those before an interruption. ``learned`` holds, for the rows of
    each set, the probability that training gave their label. ``predicted_N`` are the classes that the last pass over the pool
    predicted, and ``agreement`` is by epoch the kappa of the pass after it with the one before.
    """

    def __init__(self, selectable_N: Tensor, words_N: Tensor | None = None) -> None:
        """Start with nothing bought.

        Args:
            selectable_N: Pool rows that may be selected, bool (N,): in ``fit``, those with a label.
            words_N: Words of each row, where words have labels.
        """
        self.words_N = words_N
        self.selectable_N = selectable_N
        self.first_used_N = torch.full((len(selectable_N),), -1, dtype=torch.int64)
        self.selections: dict[int, Selection] = {}
        self.seconds: dict[int, dict[Stage, float]] = defaultdict(lambda: dict.fromkeys(STAGES, 0.0))
        self.memory: dict[int, dict[str, float | None]] = {}
        self.validation: dict[int, float] = {}
        self.tested: dict[int, float] = {}
        self.learned: dict[int, Tensor] = {}
        self.predicted_N: Tensor | None = None
        self.agreement: dict[int, float | None] = {}
        self.metrics: dict[int, dict[str, float]] = {}
        self.total = 0.0
        self.clusters: Clusters | None = None
        self.cluster_order_M: Tensor | None = None

    @property
    def selected(self) -> Tensor | None:
        """Rows of the newest set; None before the first selection."""
        return self.selections[max(self.selections)].rows if self.selections else None

    @property
    def pool(self) -> int:
        """Number of selectable rows: the denominator of shares and savings."""
        return int(self.selectable_N.sum())

    @property
    def bought(self) -> int:
        """Labels bought so far: rows used at least once."""
        return int((self.first_used_N >= 0).sum())

    def bought_until(self, epoch: int) -> int:
        """Labels bought up to and including ``epoch``."""
        return int(((self.first_used_N >= 0) & (self.first_used_N <= epoch)).sum())

    def words_until(self, epoch: int) -> int:
        """Words of these rows; 0 where texts have labels."""
        bought_N = (self.first_used_N >= 0) & (self.first_used_N <= epoch)
        return 0 if self.words_N is None else int(self.words_N[bought_N].sum())

    @property
    def row_words(self) -> Words | None:
        """Words of the selectable rows; None where texts have labels."""
        if self.words_N is None or not self.pool:
            return None
        words_R = self.words_N[self.selectable_N]
        return Words(int(words_R.sum()), int(words_R.min()), int(words_R.max()))

    @property
    def unique_saving(self) -> float:
        """Share of the labels never bought."""
        return 1 - self.bought / self.pool

    @property
    def exposure_saving(self) -> float:
        """Share of the training work saved: 1 minus the mean set size over N."""
        sizes = [len(selection.rows) for selection in self.selections.values()]
        return 1 - sum(sizes) / len(sizes) / self.pool

    @property
    def diverged(self) -> int | None:
        """First epoch whose model has no validation score, because its outputs are not finite; None without one."""
        return min((epoch for epoch, score in self.validation.items() if math.isnan(score)), default=None)

    @property
    def words(self) -> dict[str, Any] | None:
        """Words of the pool and of the rows bought, with both savings in words; None where texts have labels."""
        if self.words_N is None:
            return None
        pool, bought = (int(self.words_N[rows_N].sum()) for rows_N in (self.selectable_N, self.first_used_N >= 0))
        sizes = [int(self.words_N[selection.rows].sum()) for selection in self.selections.values()]
        exposure = 1 - sum(sizes) / len(sizes) / pool
        return {"pool": pool, "bought": bought, "unique_saving": 1 - bought / pool, "exposure_saving": exposure}

    def record(self, epoch: int, selection: Selection) -> None:
        """Record the set of an epoch. Recording the same set again (a replayed hook) changes nothing."""
        if not bool(self.selectable_N[selection.rows].all()):
            raise ValueError(f"the set of epoch {epoch} holds a row that is not selectable")
        self.selections[epoch] = selection
        unused = selection.rows[self.first_used_N[selection.rows] < 0]
        self.first_used_N[unused] = epoch

    def forget_from(self, epoch: int) -> None:
        """Discard the sets of ``epoch`` and later: they were chosen, but the run ended before it trained on them."""
        self.selections = {e: selection for e, selection in self.selections.items() if e < epoch}
        self.first_used_N[self.first_used_N >= epoch] = -1

    def spend(self, epoch: int, stage: Stage, seconds: float) -> None:
        """Add to the seconds of a stage; the cost of choosing a set counts towards the epoch that trains on it."""
        self.seconds[epoch][stage] += seconds

    def state_dict(self) -> dict[str, Any]:
        """State as tensors, numbers and strings."""
        return {
            "first_used": self.first_used_N,
            "selections": {epoch: vars(selection) for epoch, selection in self.selections.items()},
            "seconds": {epoch: dict(stages) for epoch, stages in self.seconds.items()},
            "memory": self.memory,
            "validation": self.validation,
            "tested": self.tested,
            "learned": self.learned,
            "predicted": self.predicted_N,
            "agreement": self.agreement,
            "metrics": self.metrics,
            "total": self.total,
            "clusters": vars(self.clusters) if self.clusters else None,
            "cluster_order": self.cluster_order_M,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        state = current_ledger(state)
        self.first_used_N = state["first_used"]
        self.selections = {epoch: Selection(**selection) for epoch, selection in state["selections"].items()}
        self.seconds.update(state["seconds"])
        self.memory = dict(state["memory"])
        self.validation = dict(state["validation"])
        self.tested = dict(state.get("tested", {}))  # these four are not there in an earlier version
        self.learned = dict(state.get("learned", {}))
        self.predicted_N = state.get("predicted")
        self.agreement = dict(state.get("agreement", {}))
        self.metrics.clear()  # in place: the logger holds a reference to this dict
        self.metrics.update(state["metrics"])
        self.total = state["total"]
        self.clusters = Clusters(**state["clusters"]) if state["clusters"] else None
        self.cluster_order_M = state["cluster_order"]
