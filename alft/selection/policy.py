"""The selection policy: all settings of a selection, and the steps from scores to rows.

Axes: K draws, N pool rows, C classes, D embedding size, M clusters. Pure: the same settings, ledger and scores give the same
rows, so a selection can be tested or repeated without a model.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, Entropy, PoolView
from alft.selection.allocation import BY_PREDICTION, Allocation
from alft.selection.budget import Budget, Linear
from alft.selection.checks import checked_scores, refuse_nonfinite, refuse_wrong_clusters
from alft.selection.choice import Pick, Standing, choose, growing_groups, order_by_entropy, pick_at_random, pick_by_cluster
from alft.selection.clustering import BLOCK, Clustering, distances_to_means
from alft.selection.embedding import Embedding, MeanTokens, TextEmbedding
from alft.selection.forecast import HORIZON
from alft.selection.ledger import Clusters, Ledger, Selection
from alft.selection.outputs import Decision, Needs, Scores
from alft.selection.plan import Mode, Pace, Plan, Restart, Unit, Words, plan_epochs
from alft.selection.seeds import generator, mix
from alft.selection.setting_rules import refuse_settings
from alft.selection.several import DEFAULT_REDUCE, Reduce
from alft.selection.stopping import Advice, StopRule, advise
from alft.selection.unlearned import never_learned, none_left_out, refuse_idle
from alft.selection.ward import Ward
from alft.selection.worth import worth

Recluster = Literal["once", "every_epoch"]
Precision = Literal["float32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All settings of a selection: the settings ``active.*`` of a run are these fields, with these defaults.

    Args:
        seed: Seed of all randomness in the selection; in a run always ``seed_everything``.
        acquire: Acquisition function that scores the pool rows.
        budget: Schedule: share of the pool each epoch may use.
        mode: How a share becomes a set: chosen from scratch from the pool (recalculate), added to the last set (accumulate), or
            only rows never used before (unseen).
        max_unique: Largest share of the labels ever bought, in (0, 1]; null for no cap.
        warm_start: Share of the pool, in [0, 1], that a random first epoch trains on; 0 lets the untrained model choose.
        cluster: Clustering of the pool; every cluster contributes its quota to a set.
        embedding: One vector per text, for clustering: from the encoder, or from the text alone (``TfIdf``, ``WordVectors``).
        unit: What shares, counts and ``max_unique`` count, ``rows`` or, with ``data.task tags``, ``words``: a set then has as
            many rows as have at most so many words.
        reduce: How the scores of the predictions of a row become its score, where ``data.task`` gives a row several.
        recluster: Cluster ``once``, before training, or in ``every_epoch`` that selects, with the encoder's current weights.
        allocate: Quota of each cluster: in proportion to its candidates, equal, by its difficulty, the summed entropy of its
            candidates, or by its disagreement, the candidates predicted otherwise than most.
        every_n_epochs: Epochs that train on the same set, at least 1; budgets then count choices.
        restart: Begin ``each_set`` from the pretrained weights, with learning rates planned for that set; ``never`` goes on.
        refit: Last epochs of the run, at least 0, that choose no set, but begin from the pretrained weights and train on all
            rows bought.
        stop: Rule that ends the run after a set, before more labels are bought; null for none.
        drop_unlearned: Leave a row out of training after this many epochs, at least 1, in a row in which it was trained on and
            its label not learned, counted anew where weights begin anew; the label stays bought. null never does.
        scoring_precision: Precision of the encoder when it scores the pool, independent of trainer.precision unless that
            makes the weights themselves bf16.
    """

    seed: int = 0
    acquire: Acquisition = Entropy()
    budget: Budget = Linear()
    mode: Mode = "recalculate"
    max_unique: float | None = None
    warm_start: float = 0.0
    cluster: Clustering = Ward()
    embedding: Embedding = MeanTokens()
    unit: Unit = "rows"
    reduce: Reduce = DEFAULT_REDUCE
    recluster: Recluster = "once"
    allocate: Allocation = "proportional"
    every_n_epochs: int = 1
    restart: Restart = "never"
    refit: int = 0
    stop: StopRule | None = None
    drop_unlearned: int | None = None
    scoring_precision: Precision = "float32"

    def __post_init__(self) -> None:
        """Refuse objects of a wrong class, shares outside their range, including NaN, and an unsuitable embedding."""
        refuse_settings(self)

    @property
    def uses_embeddings(self) -> bool:
        """Whether clustering or acquisition uses embeddings."""
        return self._clusters_need_embeddings or self.acquire.needs_embeddings

    @property
    def reads_predictions(self) -> bool:
        """Whether acquisition, allocation or budget use predictions on the pool."""
        return self.acquire.needs_probs or self._others_read_predictions

    @property
    def _others_read_predictions(self) -> bool:
        return self.allocate in BY_PREDICTION or self.budget.opens_clusters

    @property
    def _clusters_need_embeddings(self) -> bool:
        return self.cluster.needs_embeddings or self.acquire.needs_distances

    @property
    def pace(self) -> Pace:
        """How choices are spread over the epochs."""
        return Pace(self.every_n_epochs, self.restart, self.refit)

    def plan(self, epochs: int, pool: int, words: Words | None = None) -> Plan:
        """Set sizes for ``pool`` labelled rows, whose ``words`` have labels.

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
        amount = self._amount(words)
        plan = plan_epochs(self.budget, epochs, pool, self.mode, self.max_unique, self.warm_start, self.pace, amount)
        if self.stop is not None:
            self.stop.refuse_idle(plan, self._scored(plan, pool))
        if self.drop_unlearned is not None:
            refuse_idle(self.drop_unlearned, plan, self.mode)
        return plan

    def _amount(self, words: Words | None) -> Words | None:
        if self.unit == "rows":
            return None
        if words is None:
            raise ValueError(f"active.unit must be rows with a data.task whose labels are those of texts, got {self.unit}")
        return words

    def left_out(self, epoch: int, plan: Plan, ledger: Ledger, rows: Tensor, labels_R: Tensor) -> Tensor:
        """Which of these rows ``epoch`` does not train on, bool (R,), see :func:`alft.selection.unlearned.never_learned`."""
        if self.drop_unlearned is None:
            return none_left_out(epoch, plan, ledger, rows, labels_R)
        return never_learned(ledger, range(plan.weights_since(epoch), epoch), rows, labels_R, self.drop_unlearned)

    def advise(self, plan: Plan, ledger: Ledger) -> list[Advice]:
        """The advice after each set so far, see :func:`alft.selection.stopping.advise`."""
        return advise(ledger, plan, HORIZON if self.stop is None else self.stop.labels)

    def stop_reason(self, plan: Plan, ledger: Ledger) -> str | None:
        """Why the run ends after its last set, before all are chosen; None without a rule that says so."""
        advice = self.advise(plan, ledger)
        if self.stop is None or not advice or advice[-1].epoch + 1 == plan.epochs:
            return None
        return self.stop.reason(advice)

    def _scored(self, plan: Plan, pool: int) -> list[int]:
        """Epochs before which the pool is scored, if as many labels are bought as planned at most."""
        ledger, found = Ledger(torch.ones(pool, dtype=torch.bool)), []
        for epoch in range(plan.epochs):
            if self.needs(epoch, plan, ledger).scores_pool(self.embedding):
                found.append(epoch)
            ledger.first_used_N[: plan.in_rows(plan.bought[epoch][1])] = 0
            if self.recluster == "once" and plan.decides[epoch]:
                ledger.clusters = Clusters(ledger.first_used_N, ledger.first_used_N)
        return found

    def needs(self, epoch: int, plan: Plan, ledger: Ledger) -> Needs:
        """Model outputs required to choose the set of ``epoch``, and no more."""
        acquire, decides = self.acquire.now(epoch, ledger.bought), plan.decides[epoch]
        probs = decides and (acquire.needs_probs or self._others_read_predictions)
        to_cluster = self._partitions(epoch, plan, ledger) and self._clusters_need_embeddings
        to_pick = decides and acquire.needs_embeddings
        return Needs(probs, acquire.passes if probs else 0, to_cluster or to_pick, decides and acquire.needs_features)

    def select(self, epoch: int, plan: Plan, ledger: Ledger, scores: Scores) -> Decision:
        """Cluster, if clusters are due, and choose the set of ``epoch``: :meth:`partition`, then :meth:`decide`."""
        return self.decide(epoch, plan, ledger, self.partition(epoch, plan, ledger, scores), scores)

    def partition(self, epoch: int, plan: Plan, ledger: Ledger, scores: Scores) -> Clusters | None:
        """Clusters for the set of ``epoch``: new ones, those computed once, or None where none are needed."""
        if not self._partitions(epoch, plan, ledger):
            return ledger.clusters
        scores.refuse_wrong_axes(len(ledger.selectable_N))
        rows = ledger.selectable_N.nonzero().squeeze(1)
        everywhere = len(rows) == len(ledger.selectable_N)  # then a second copy of the table is unnecessary
        embeddings_RD = scores.embeddings_ND if everywhere else scores.embeddings_ND[rows]
        if embeddings_RD.shape[1] > 0:
            finite_N = torch.ones_like(ledger.selectable_N)
            finite_N[rows] = torch.cat([part.sum(1).isfinite() for part in torch.split(embeddings_RD, BLOCK)])
            refuse_nonfinite(finite_N, ledger, epoch, "the model", "embeddings")
        clusters_R = self.cluster(embeddings_RD, mix(self.seed, "clusters", epoch))
        refuse_wrong_clusters(self.cluster, clusters_R, len(rows))
        clusters_N = torch.full((len(ledger.selectable_N),), -1)
        clusters_N[rows] = clusters_R
        distances_N = torch.full((len(ledger.selectable_N),), torch.nan)
        if embeddings_RD.shape[1] > 0:
            distances_N[rows] = distances_to_means(embeddings_RD, clusters_R)
        return Clusters(clusters_N, distances_N)

    def decide(self, epoch: int, plan: Plan, ledger: Ledger, clusters: Clusters | None, scores: Scores) -> Decision:
        """Choose the set of ``epoch``, or keep the one before, or take all rows bought for a refit."""
        if not plan.is_new(epoch):
            return Decision(ledger.selections[epoch - 1], ledger.clusters, ledger.cluster_order_M)
        if plan.is_refit(epoch):
            bought = Selection((ledger.first_used_N >= 0).nonzero().squeeze(1))
            return Decision(bought, ledger.clusters, ledger.cluster_order_M)
        previous = ledger.selected if ledger.selected is not None else torch.empty(0, dtype=torch.int64)
        cost_N = ledger.words_N if self.unit == "words" else None
        standing = Standing(ledger.selectable_N, ledger.first_used_N >= 0, previous, plan.cap, cost_N)
        size, order_M, scores_N, groups = plan.sizes[epoch], ledger.cluster_order_M, None, None
        source = generator(self.seed, "warm start")
        pick: Pick = pick_at_random(source)
        if plan.decides[epoch]:
            scores.refuse_wrong_axes(len(ledger.selectable_N))
            assert clusters is not None
            acquire, view = self.acquire.now(epoch, ledger.bought), self._view(epoch, clusters, standing, scores)
            scores_N = checked_scores(acquire, view, ledger, epoch)
            pick, source = pick_by_cluster(acquire, view, scores_N, self.allocate), view.generator
            if self.budget.opens_clusters:
                order_M = order_M if order_M is not None else order_by_entropy(view)
                opened = self.budget.open_clusters(*plan.choice(epoch), len(order_M))
                groups = growing_groups(clusters.clusters_N, order_M, opened)
        rows = choose(size, self.mode, standing, pick if cost_N is None else worth(pick, cost_N, source), groups)
        if not len(rows):
            raise ValueError(f"active.budget: the {size} words of epoch {epoch} are fewer than those of any row to choose")
        selection = Selection(
            rows,
            scores_N[rows] if scores_N is not None else None,
            clusters.clusters_N[rows] if clusters is not None else None,
        )
        return Decision(selection, clusters if self.recluster == "once" else None, order_M)

    def _partitions(self, epoch: int, plan: Plan, ledger: Ledger) -> bool:
        """Whether clusters are computed before this set is chosen: if this epoch selects, or once if any epoch does."""
        if self.recluster == "every_epoch":
            return plan.decides[epoch]
        return any(plan.decides) and ledger.clusters is None

    def _view(self, epoch: int, clusters: Clusters, standing: Standing, scores: Scores) -> PoolView:
        return PoolView(
            probs_KNC=scores.probs_KNC,
            clusters_N=clusters.clusters_N,
            distances_N=clusters.distances_N,
            embeddings_ND=scores.embeddings_ND,
            features_NF=scores.embeddings_ND[:, :0] if scores.features_NF is None else scores.features_NF,
            bought_N=standing.bought_N,
            taken_N=standing.bought_N & ~standing.candidates(self.mode),
            space="text" if isinstance(self.embedding, TextEmbedding) else "encoder",
            generator=generator(self.seed, "acquisition", epoch),
            starts_N=scores.starts_N,
            reduce=self.reduce,
        )
