"""A complete selection without a model: its needs, its decision and its state."""

import pytest
import torch

from alft.selection.acquisition import Bald, Entropy, Furthest, Random
from alft.selection.budget import Constant, Full, Linear
from alft.selection.choice import order_by_entropy
from alft.selection.clustering import Whole
from alft.selection.dif_build import DifBuild
from alft.selection.ledger import Ledger, Selection
from alft.selection.outputs import Needs, Scores
from alft.selection.policy import Policy
from alft.selection.probabilities import entropy
from alft.selection.seeds import generator
from alft.selection.ward import Ward

from .views import pool_view

SIZE = 30


def random_scores(seed=0):
    probs = (torch.randn(1, SIZE, 2, generator=generator("probs", seed)) * 3).softmax(-1)
    return Scores(probs, torch.randn(SIZE, 4, generator=generator("embeddings", seed)))


def ledger_of(unlabelled=()):
    labelled = torch.ones(SIZE, dtype=torch.bool)
    labelled[list(unlabelled)] = False
    return Ledger(labelled)


def run(policy, epochs, unlabelled=()):
    """Play a run: the scores are random, the ledger is real."""
    ledger = ledger_of(unlabelled)
    plan = policy.plan(epochs, ledger.pool)
    for epoch in range(epochs):
        scores = random_scores(epoch)
        decision = policy.select(epoch, plan, ledger, scores)
        ledger.record(epoch, decision.selection)
        ledger.clusters, ledger.cluster_order_M = decision.clusters, decision.cluster_order_M
    return plan, ledger


@pytest.mark.parametrize(
    ("policy", "epoch", "needs"),
    [
        (Policy(budget=Full(), cluster=Whole()), 0, Needs(False, 0, False)),
        (Policy(budget=Full()), 0, Needs(False, 0, False)),  # nobody ever chooses, so nobody needs clusters
        (Policy(), 0, Needs(False, 0, True)),  # all rows now, but later epochs choose by clusters of the pretrained encoder
        (Policy(budget=Constant(0.5)), 0, Needs(True, 0, True)),
        (Policy(budget=Constant(0.5), cluster=Whole()), 0, Needs(True, 0, False)),
        (Policy(budget=Constant(0.5), acquire=Bald(4)), 0, Needs(True, 4, True)),
        (Policy(budget=Constant(0.5), acquire=Random(), cluster=Whole()), 0, Needs(False, 0, False)),
        (Policy(budget=Constant(0.5), acquire=Random(), cluster=Whole(), allocate="difficulty"), 0, Needs(True, 0, False)),
        (Policy(budget=Constant(0.5), acquire=Furthest(), cluster=Whole()), 0, Needs(False, 0, True)),
        (Policy(budget=Constant(0.5), warm_start=0.5, recluster="every_epoch"), 0, Needs(False, 0, False)),
        (Policy(budget=Constant(0.5), warm_start=0.5), 0, Needs(False, 0, True)),
    ],
)
def test_a_selection_asks_for_no_more_than_it_uses(policy, epoch, needs):
    assert policy.needs(epoch, policy.plan(4, SIZE), ledger_of()) == needs


def test_clusters_made_once_serve_every_epoch():
    _, ledger = run(Policy(), 3)
    assert ledger.clusters is not None
    assert all(selection.clusters is not None for selection in ledger.selections.values())
    assert ledger.selections[0].scores is None  # a share of 1 takes every row unscored
    assert ledger.selections[1].scores is not None


def test_clusters_of_every_epoch_are_not_kept():
    _, ledger = run(Policy(recluster="every_epoch"), 3)
    assert ledger.clusters is None
    assert [selection.clusters is None for selection in ledger.selections.values()] == [True, False, False]


def test_without_clusters_entropy_takes_the_most_uncertain_rows():
    _, ledger = run(Policy(budget=Constant(0.5), cluster=Whole()), 2)
    doubt = entropy(random_scores(1).probs_KNC[0])
    assert ledger.selections[1].rows.tolist() == sorted(doubt.argsort(descending=True)[:15].tolist())


def test_each_cluster_gives_its_share():
    _, ledger = run(Policy(budget=Constant(0.5), cluster=Ward(3)), 1)
    counts = torch.bincount(ledger.clusters.clusters_N)
    taken = torch.bincount(ledger.selections[0].clusters, minlength=3)
    assert ((taken - counts / 2).abs() < 1).all()


def test_rows_without_a_label_have_no_cluster_and_are_never_selected():
    _, ledger = run(Policy(budget=Constant(0.4), cluster=Ward(3)), 3, unlabelled=[0, 7, 8])
    assert ledger.clusters.clusters_N[[0, 7, 8]].tolist() == [-1, -1, -1]
    assert ledger.first_used_N[[0, 7, 8]].tolist() == [-1, -1, -1]
    assert ledger.pool == 27
    assert len(ledger.selections[0].rows) == 11  # floor(0.4 * 27 + 0.5)


def test_the_warm_start_is_random_and_does_not_touch_later_epochs():
    _, first = run(Policy(seed=0, budget=Constant(0.5), warm_start=0.2), 2)
    _, second = run(Policy(seed=1, budget=Constant(0.5), warm_start=0.2), 2)
    assert len(first.selections[0].rows) == 6
    assert not torch.equal(first.selections[0].rows, second.selections[0].rows)
    assert torch.equal(first.selections[1].rows, second.selections[1].rows)


def test_the_same_seed_makes_the_same_run():
    for acquire in (Random(), Entropy(), Furthest()):
        (_, a), (_, b) = (run(Policy(seed=3, acquire=acquire, budget=Constant(0.3)), 3) for _ in range(2))
        assert all(torch.equal(a.selections[e].rows, b.selections[e].rows) for e in range(3))


def test_opening_clusters_keeps_planned_sizes_and_the_order_of_the_first_choice():
    policy = Policy(budget=DifBuild(0.6, opens="clusters"), cluster=Ward(6))
    plan, ledger = run(policy, 3)
    assert [len(s.rows) for s in ledger.selections.values()] == list(plan.sizes) == [6, 12, 18]
    expected = order_by_entropy(pool_view(SIZE, probs_KNC=random_scores(0).probs_KNC, clusters_N=ledger.clusters.clusters_N))
    assert torch.equal(ledger.cluster_order_M, expected)
    opened = expected[:2].tolist()  # ceil(6 / 3) of six clusters, if they hold six rows
    held = int(torch.isin(ledger.clusters.clusters_N, expected[:2]).sum())
    assert held < 6 or set(ledger.selections[0].clusters.tolist()) <= set(opened)


def test_chance_differs_by_epoch_and_by_seed():
    _, first = run(Policy(seed=0, acquire=Random(), budget=Constant(0.5), cluster=Whole()), 2)
    _, second = run(Policy(seed=1, acquire=Random(), budget=Constant(0.5), cluster=Whole()), 2)
    assert not torch.equal(first.selections[0].rows, first.selections[1].rows)
    assert not torch.equal(first.selections[0].rows, second.selections[0].rows)


def test_at_the_cap_a_full_set_is_taken_unscored():
    plan, ledger = run(Policy(budget=Linear(), max_unique=0.5), 5)
    assert plan.decides == (True, False, False, False, False)  # shares 1, 0.875, 0.75, 0.625, 0.5: always all that is paid for
    assert all(torch.equal(s.rows, ledger.selections[0].rows) for s in ledger.selections.values())


def test_a_budget_of_ones_own_may_open_clusters():
    class OneAtFirst(Constant):
        opens_clusters = True

        def open_clusters(self, epoch, epochs, clusters):
            return 1 if epoch == 0 else clusters

    _, ledger = run(Policy(budget=OneAtFirst(0.1), cluster=Ward(3)), 2)
    easiest = int(ledger.cluster_order_M[0])
    held = int((ledger.clusters.clusters_N == easiest).sum())
    assert held < 3 or set(ledger.selections[0].clusters.tolist()) == {easiest}


def test_easy_clusters_come_first():
    probs = torch.tensor([[[0.5, 0.5], [0.99, 0.01], [0.8, 0.2], [0.98, 0.02]]])
    assert order_by_entropy(pool_view(4, probs_KNC=probs, clusters_N=torch.tensor([0, 1, 2, 1]))).tolist() == [1, 2, 0]


def test_scores_that_are_not_finite_are_refused():
    policy = Policy(budget=Constant(0.5), cluster=Whole())
    ledger = ledger_of()
    plan, scores = policy.plan(2, SIZE), random_scores()
    scores.probs_KNC[0, 4] = torch.nan
    with pytest.raises(
        ValueError, match=r"the model gave 1 rows probabilities that cannot be used \(not finite; the first is row 4\)"
    ):
        policy.select(0, plan, ledger, scores)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"max_unique": 0.0}, r"active\.max_unique must be in \(0, 1\], got 0\.0"),
        ({"max_unique": float("nan")}, r"active\.max_unique must be in"),
        ({"warm_start": 1.5}, r"active\.warm_start must be in \[0, 1\], got 1\.5"),
    ],
)
def test_shares_out_of_range_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        Policy(**settings)


def test_more_clusters_than_rows_are_refused():
    with pytest.raises(ValueError, match=r"active\.cluster\.clusters must be at most the 5 labelled rows of the pool, got 10"):
        Policy(budget=Linear()).plan(3, 5)


def test_a_fixed_order_of_clusters_needs_fixed_clusters():
    with pytest.raises(ValueError, match=r"active\.recluster must be once"):
        Policy(budget=DifBuild(opens="clusters"), recluster="every_epoch").plan(3, SIZE)


def test_the_ledger_counts_what_was_bought_and_what_was_trained_on():
    ledger = ledger_of()
    ledger.record(0, Selection(torch.arange(10)))
    ledger.record(1, Selection(torch.arange(5, 15)))
    ledger.record(1, Selection(torch.arange(5, 15)))  # a replayed hook
    assert ledger.bought == 15
    assert ledger.unique_saving == pytest.approx(0.5)
    assert ledger.exposure_saving == pytest.approx(2 / 3)
    assert ledger.first_used_N[[0, 9, 14, 15]].tolist() == [0, 0, 1, -1]


def test_sets_that_were_never_trained_on_are_taken_back():
    ledger = ledger_of()
    ledger.record(0, Selection(torch.arange(4)))
    ledger.record(1, Selection(torch.arange(2, 8)))
    ledger.forget_from(1)
    assert ledger.bought == 4
    assert sorted(ledger.selections) == [0]


def test_a_ledger_survives_a_checkpoint(tmp_path):
    _, ledger = run(Policy(), 3)
    ledger.spend(1, "score", 0.5)
    ledger.validation[0] = 0.25
    torch.save(ledger.state_dict(), tmp_path / "state")
    restored = ledger_of()
    restored.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    assert torch.equal(restored.first_used_N, ledger.first_used_N)
    assert torch.equal(restored.selected, ledger.selected)
    assert torch.equal(restored.clusters.distances_N, ledger.clusters.distances_N)
    assert restored.seconds[1]["score"] == 0.5
    assert restored.seconds[7]["train"] == 0.0
    assert restored.validation == {0: 0.25}


def test_a_checkpoint_of_an_earlier_version_is_read():
    _, ledger = run(Policy(), 3)
    state = ledger.state_dict()
    state["division"] = state.pop("clusters")
    restored = ledger_of()
    restored.load_state_dict(state)
    assert torch.equal(restored.clusters.distances_N, ledger.clusters.distances_N)


def test_embeddings_that_are_not_finite_are_refused_before_they_are_clustered():
    ledger, policy = Ledger(torch.ones(SIZE, dtype=torch.bool)), Policy(budget=Constant(0.5), cluster=Ward(3))
    embeddings_ND = torch.randn(SIZE, 4, generator=generator("embeddings"))
    embeddings_ND[7, 2] = torch.nan
    with pytest.raises(ValueError, match=r"the model gave 1 rows embeddings that cannot be used .* the first is row 7"):
        policy.partition(0, policy.plan(2, SIZE), ledger, Scores(torch.zeros(0, SIZE, 1), embeddings_ND))
