"""How do schedule, clusters, acquisition and cap make a set? All settings of a selection, and the steps from scores to rows.

Axes: K draws, N pool rows, C classes, D embedding size, M clusters. Pure: the same settings, ledger and scores give the same
rows, so a selection can be tested, or repeated, without a model.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, Entropy, PoolView
from alft.selection.allocation import Allocation
from alft.selection.budget import Budget, Linear
from alft.selection.choice import Pick, Standing, choose, growing_groups, pick_at_random, pick_by_cluster
from alft.selection.clustering import BLOCK, Clustering, distances_to_means
from alft.selection.ledger import Division, Ledger, Selection
from alft.selection.plan import Mode, Plan, plan_epochs
from alft.selection.probabilities import by_piece, mean_entropy
from alft.selection.seeds import generator, mix
from alft.selection.ward import Ward

Recluster = Literal["once", "every_epoch"]


@dataclass(frozen=True)
class Scores:
    """What a pass over the pool found, float32; rows that were not scored hold 0.

    Attributes:
        probs_KNC: Class probabilities of each draw; K = 0 without a pass.
        embeddings_ND: One vector per row; D = 0 without embeddings.
    """

    probs_KNC: Tensor
    embeddings_ND: Tensor


@dataclass(frozen=True)
class Needs:
    """What a selection wants to know of the model: probabilities, over how many draws, and embeddings."""

    probs: bool
    passes: int
    embeddings: bool


@dataclass(frozen=True)
class Decision:
    """The next set, and what later selections must remember: clusters made once, and their order of difficulty."""

    selection: Selection
    division: Division | None
    cluster_order_M: Tensor | None


@dataclass(frozen=True)
class Policy:
    """The settings ``active.*`` that decide which rows are chosen; see :class:`alft.loop.active.ActiveLearning`."""

    seed: int = 0
    acquire: Acquisition = Entropy()
    budget: Budget = Linear()
    mode: Mode = "recalculate"
    max_unique: float | None = None
    warm_start: float = 0.0
    cluster: Clustering = Ward()
    recluster: Recluster = "once"
    allocate: Allocation = "proportional"

    def __post_init__(self) -> None:
        """Refuse shares outside their range; NaN fails every comparison and is refused too."""
        if self.max_unique is not None and not 0 < self.max_unique <= 1:
            raise ValueError(f"active.max_unique must be in (0, 1], got {self.max_unique}")
        if not 0 <= self.warm_start <= 1:
            raise ValueError(f"active.warm_start must be in [0, 1], got {self.warm_start}")

    @property
    def uses_embeddings(self) -> bool:
        """Whether it matters where a text lies."""
        return self.cluster.clusters > 1 or self.acquire.needs_distances

    def plan(self, epochs: int, pool: int) -> Plan:
        """Set sizes for ``pool`` labelled rows.

        Raises:
            ValueError: Clusters or sizes are impossible for this pool.
        """
        self.cluster.check(pool)
        if self.recluster == "every_epoch" and self.budget.opens_clusters:
            raise ValueError(
                "active.recluster must be once with active.budget.opens clusters, which keeps the order of the clusters, "
                "got every_epoch"
            )
        if self.mode != "recalculate" and self.budget.opens_clusters:
            raise ValueError(
                "active.mode must be recalculate with active.budget.opens clusters, whose share is a level and no increment, "
                f"got {self.mode}"
            )
        return plan_epochs(self.budget, epochs, pool, self.mode, self.max_unique, self.warm_start)

    def needs(self, epoch: int, plan: Plan, ledger: Ledger) -> Needs:
        """What must be computed before the set of ``epoch`` is chosen: no more than it uses."""
        probs = plan.choices[epoch] and (
            self.acquire.needs_probs or self.allocate == "difficulty" or self.budget.opens_clusters
        )
        embeddings = self._divides(epoch, plan, ledger) and self.uses_embeddings
        return Needs(probs, self.acquire.passes if probs else 0, embeddings)

    def divide(self, epoch: int, plan: Plan, ledger: Ledger, scores: Scores) -> Division | None:
        """Clusters for the set of ``epoch``: new ones, those made once, or None where nobody needs any."""
        if not self._divides(epoch, plan, ledger):
            return ledger.division
        rows = ledger.labelled_N.nonzero().squeeze(1)
        everywhere = len(rows) == len(ledger.labelled_N)  # then a second copy of the table would be in vain
        embeddings_RD = scores.embeddings_ND if everywhere else scores.embeddings_ND[rows]
        if embeddings_RD.shape[1] > 0:
            finite_N = torch.ones_like(ledger.labelled_N)
            finite_N[rows] = torch.cat([part.sum(1).isfinite() for part in torch.split(embeddings_RD, BLOCK)])
            _refuse_nonfinite(finite_N, ledger, epoch, "the model", "embeddings")
        clusters_R = self.cluster(embeddings_RD, mix(self.seed, "clusters", epoch))
        clusters_N = torch.full((len(ledger.labelled_N),), -1)
        clusters_N[rows] = clusters_R
        distances_N = torch.full((len(ledger.labelled_N),), torch.nan)
        if embeddings_RD.shape[1] > 0:
            distances_N[rows] = distances_to_means(embeddings_RD, clusters_R)
        return Division(clusters_N, distances_N)

    def decide(self, epoch: int, plan: Plan, ledger: Ledger, division: Division | None, scores: Scores) -> Decision:
        """Choose the set of ``epoch``."""
        previous = ledger.selected if ledger.selected is not None else torch.empty(0, dtype=torch.int64)
        standing = Standing(ledger.labelled_N, ledger.first_used_N >= 0, previous, plan.cap)
        size, order_M, scores_N, groups = plan.sizes[epoch], ledger.cluster_order_M, None, None
        pick: Pick = pick_at_random(generator(self.seed, "warm start"))
        if plan.choices[epoch]:
            assert division is not None
            scores_N = self._rate(epoch, ledger, division, scores)
            pick = pick_by_cluster(scores_N, division.clusters_N, self.allocate, scores.probs_KNC)
            if self.budget.opens_clusters:
                order_M = order_M if order_M is not None else order_by_entropy(scores.probs_KNC, division.clusters_N)
                opened = self.budget.open_clusters(epoch, len(plan.sizes), len(order_M))
                groups = growing_groups(division.clusters_N, order_M, opened)
        rows = choose(size, self.mode, standing, pick, groups)
        selection = Selection(
            rows,
            scores_N[rows] if scores_N is not None else None,
            division.clusters_N[rows] if division is not None else None,
        )
        return Decision(selection, division if self.recluster == "once" else None, order_M)

    def _divides(self, epoch: int, plan: Plan, ledger: Ledger) -> bool:
        """Whether clusters are made before this set is chosen: if it chooses, or once if any epoch does."""
        if self.recluster == "every_epoch":
            return plan.choices[epoch]
        return any(plan.choices) and ledger.division is None

    def _rate(self, epoch: int, ledger: Ledger, division: Division, scores: Scores) -> Tensor:
        view = PoolView(
            scores.probs_KNC,
            division.clusters_N,
            division.distances_N,
            scores.embeddings_ND,
            generator(self.seed, "acquisition", epoch),
        )
        finite_N = by_piece(lambda probs_KBC: probs_KBC.sum((0, 2)), scores.probs_KNC).isfinite()
        _refuse_nonfinite(finite_N, ledger, epoch, "the model", "probabilities")
        scores_N = self.acquire(view).float()
        _refuse_nonfinite(scores_N.isfinite(), ledger, epoch, f"active.acquire {type(self.acquire).__name__}", "a score")
        return scores_N


def _refuse_nonfinite(finite_N: Tensor, ledger: Ledger, epoch: int, who: str, what: str) -> None:
    broken = (~finite_N & ledger.labelled_N).nonzero().squeeze(1)
    if len(broken):
        raise ValueError(
            f"{who} gave {len(broken)} rows {what} that cannot be used (not finite; the first is row {int(broken[0])}) "
            f"before epoch {epoch}; has the model diverged? A lower --model.lr may help"
        )


def order_by_entropy(probs_KNC: Tensor, clusters_N: Tensor) -> Tensor:
    """Cluster numbers by the mean entropy of their rows, the easiest first; ties go to the lower number (M,)."""
    labelled_N = clusters_N >= 0
    counts_M = torch.bincount(clusters_N[labelled_N])
    doubt_N = mean_entropy(probs_KNC).double()
    sums_M = torch.zeros(len(counts_M), dtype=torch.float64)
    return (sums_M.index_add_(0, clusters_N[labelled_N], doubt_N[labelled_N]) / counts_M).sort(stable=True).indices
