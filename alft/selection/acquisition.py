"""Acquisition functions: one score per pool row; the highest are picked first (method.md 3).

Axes: K stochastic draws, N pool rows, C classes, D embedding size. Where a task gives a row several predictions, the axis N of
the probabilities is one of predictions (:mod:`alft.selection.several`), and so may be that of a score. ``p_k`` is the softmax
of draw k and ``pbar`` the mean of ``p_k`` over the draws; entropies are in nats. A new acquisition function is one frozen
dataclass in this file (or in any importable module) and one line of config.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from alft.selection.probabilities import confidence, margin, mean_entropy, mutual_information, variance
from alft.selection.several import Reduce, by_row

Space = Literal["encoder", "text"]

MOST_PASSES = 10_000
"""Upper limit on the draws an acquisition function may compare: more would not finish."""


@dataclass(frozen=True)
class PoolView:
    """What an acquisition function sees of the pool. It holds no labels, so no score can depend on them.

    Attributes:
        probs_KNC: Class probabilities of each draw, float32; K may be 0 when the acquisition declares that it needs none.
        clusters_N: Cluster of each row, numbered from 0; -1 for rows that cannot be selected.
        distances_N: Euclidean distance of each row's embedding to the mean of its own cluster; may be NaN when the
            acquisition declares that it needs none.
        embeddings_ND: One vector per row; D may be 0 when the acquisition declares that it needs none.
        features_NF: What the last layer of the model reads for each row; F may be 0 when the acquisition declares that it needs
            none.
        bought_N: Rows whose label was bought in an earlier epoch, bool.
        taken_N: Rows that a new pick should complement, bool: those bought that cannot be chosen again now (the last set in
            accumulate mode, all bought rows in unseen mode, none in recalculate mode), and in :meth:`Acquisition.pick` also
            those that this selection has picked from other clusters.
        space: Where the embeddings come from: the ``encoder``, as it is now, or the ``text`` alone.
        generator: Source of all randomness of an acquisition function; the same on every process.
        starts_N: Where the predictions of each row begin in ``probs_KNC``; None where a row has one.
        reduce: How scores of predictions become one of their row.
    """

    probs_KNC: Tensor
    clusters_N: Tensor
    distances_N: Tensor
    embeddings_ND: Tensor
    features_NF: Tensor
    bought_N: Tensor
    taken_N: Tensor
    space: Space
    generator: torch.Generator
    starts_N: Tensor | None = None
    reduce: Reduce = "mean"

    @property
    def size(self) -> int:
        """Number of pool rows N."""
        return self.clusters_N.shape[0]

    def by_row(self, scores: Tensor) -> Tensor:
        """One score for each row (N,), of scores that are one for each row or for each prediction."""
        return self._reduced(scores, self.reduce)

    def doubt_by_row(self, scores: Tensor) -> Tensor:
        """The same of entropies, which are no probabilities, so that ``mnlp`` is their mean."""
        return self._reduced(scores, "mean" if self.reduce == "mnlp" else self.reduce)

    def _reduced(self, scores: Tensor, reduce: Reduce) -> Tensor:
        if self.starts_N is None or len(scores) != self.probs_KNC.shape[1]:  # scores of embeddings are those of rows
            return scores
        outside_U = self.probs_KNC[:, :, 0].mean(0) if reduce == "entities" else None
        return by_row(scores, self.starts_N, reduce, outside_U)


class Acquisition(ABC):
    """Base class: scores every pool row and picks the rows with the highest scores.

    An acquisition declares what it needs, and the run computes no more than that: ``needs_probs`` (on by default),
    ``needs_distances``, ``needs_embeddings``, ``needs_features``, and ``passes``, the number of stochastic draws to compare (0:
    one pass is enough). One that chooses rows *jointly* overrides :meth:`pick`; one that changes in the course of a run
    overrides :meth:`now`.
    """

    needs_probs: ClassVar[bool] = True
    needs_distances: ClassVar[bool] = False
    needs_embeddings: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False
    one_minus_probability: ClassVar[bool] = False
    """Whether scores are 1 minus the probability of a class, which ``active.reduce mnlp`` needs."""

    @property
    def passes(self) -> int:
        """Number of stochastic draws to compare; 0 when one pass is enough."""
        return 0

    def now(self, epoch: int, bought: int) -> "Acquisition":
        """The acquisition that chooses the set of ``epoch``, when ``bought`` labels have been bought: this one, by default."""
        return self

    @abstractmethod
    def __call__(self, view: PoolView) -> Tensor:
        """Score the pool: (N,), or one score for each prediction, finite, higher = picked first. Must not write to the view."""

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Pick the rows of one cluster with the highest scores; ties go to the lower row number.

        Called once per cluster with its quota (with ``Whole`` once for the pool), and again where ``active.max_unique``
        leaves fewer labels than the set requires.

        Args:
            view: The pool. Must not be written to.
            scores_N: Scores from this acquisition.
            candidates: Ascending row numbers to pick from.
            count: Number of rows to pick, at least 1 and at most all candidates.

        Returns:
            ``count`` distinct candidates, in any order.
        """
        return candidates[torch.sort(scores_N[candidates], descending=True, stable=True).indices[:count]]


@dataclass(frozen=True)
class Random(Acquisition):
    """Random scores, uniform in [0, 1).

    Formula: a(i) ~ U(0, 1). Needs nothing and costs nothing. Use it as the baseline that every other acquisition has to beat
    at the same budget. With clusters it is random within each cluster's quota. Source: the authors' "uniform".
    """

    needs_probs: ClassVar[bool] = False

    def __call__(self, view: PoolView) -> Tensor:
        """Draw one number per row from the view's generator."""
        return torch.rand(view.size, generator=view.generator)


@dataclass(frozen=True)
class Entropy(Acquisition):
    """Entropy of the mean prediction, in [0, log C] nats.

    Formula: a(i) = -sum_c pbar_c log pbar_c. Needs, and costs, one pass. Use it first: it is cheap, and sensitive to all
    classes. It does not distinguish a hard text from one whose label is a matter of opinion. Source: the paper.
    """

    def __call__(self, view: PoolView) -> Tensor:
        """Entropy of the mean over draws."""
        return mean_entropy(view.probs_KNC)


@dataclass(frozen=True)
class Margin(Acquisition):
    """Negated margin between the two most probable classes, in [-1, 0].

    Formula: a(i) = -(pbar_1st - pbar_2nd). Needs, and costs, one pass. Use it with many classes, when only the
    decision between the top two matters; with two classes it ranks rows as Entropy does. Source: the authors' code.
    """

    def __call__(self, view: PoolView) -> Tensor:
        """Second largest minus largest mean probability."""
        return margin(view.probs_KNC)


@dataclass(frozen=True)
class LeastConfidence(Acquisition):
    """One minus the probability of the most probable class, in [0, 1 - 1/C].

    Formula: a(i) = 1 - max_c pbar_c. Needs, and costs, one pass. Use it as a simple baseline: it ignores how the rest is
    distributed over the other classes; with two classes it ranks rows as Entropy does. Source: ours, standard in the field.
    """

    one_minus_probability: ClassVar[bool] = True

    def __call__(self, view: PoolView) -> Tensor:
        """One minus the largest mean probability."""
        return 1 - confidence(view.probs_KNC)


@dataclass(frozen=True)
class Bald(Acquisition):
    """Disagreement between draws: mutual information of label and model, in [0, H(pbar)] nats.

    Formula: a(i) = H(pbar) - mean_k H(p_k). Needs K = ``passes`` >= 2 draws: with MC dropout it costs K passes over the
    pool, with an epinet one. Use it where some texts may be inherently ambiguous: it picks rows on which plausible models
    disagree and skips texts that are ambiguous for all of them. Source: the paper.

    Args:
        passes: Stochastic draws K, at least 2.
    """

    passes: int = 10

    def __post_init__(self) -> None:
        """Refuse fewer than two draws."""
        _check_passes(self)

    def __call__(self, view: PoolView) -> Tensor:
        """Entropy of the mean minus mean of the entropies; rounding errors below 0 are clipped."""
        return mutual_information(view.probs_KNC)


@dataclass(frozen=True)
class Variance(Acquisition):
    """Variance of the class probabilities over the draws, in [0, 1].

    Formula: a(i) = sum_c Var_k(p_kc), with the unbiased variance. Needs K = ``passes`` >= 2 draws and costs the same as
    Bald. Use it as a simpler alternative to Bald that gives less weight to differences near 0 and 1. Source: the paper.

    Args:
        passes: Stochastic draws K, at least 2.
    """

    passes: int = 10

    def __post_init__(self) -> None:
        """Refuse fewer than two draws."""
        _check_passes(self)

    def __call__(self, view: PoolView) -> Tensor:
        """Sum over classes of the variance over draws."""
        return variance(view.probs_KNC)


@dataclass(frozen=True)
class Furthest(Acquisition):
    """Distance of a row's embedding to the mean of its own cluster, furthest first, in [0, inf).

    Formula: a(i) = ||e_i - mean of e over c(i)||. Needs embeddings, no predictions; with ``active.recluster: once`` it costs
    one pass before training and its order never changes. Use it for diversity rather than uncertainty. With one cluster
    (``Whole``) it is the distance to the pool's mean. Source: the paper's name; direction and reference point are ours.

    Args:
        nearest: Pick the most typical rows first instead (the authors' file sorts ascending), in (-inf, 0].
    """

    needs_probs: ClassVar[bool] = False
    needs_distances: ClassVar[bool] = True

    nearest: bool = False

    def __call__(self, view: PoolView) -> Tensor:
        """Distances, negated with ``nearest``."""
        return -view.distances_N if self.nearest else view.distances_N.clone()


def _check_passes(acquisition: Acquisition) -> None:
    if not 2 <= acquisition.passes <= MOST_PASSES:
        name = type(acquisition).__name__
        raise ValueError(
            f"active.acquire.passes must be at least 2 for {name}, which compares draws, and at most {MOST_PASSES}, "
            f"got {acquisition.passes}"
        )
