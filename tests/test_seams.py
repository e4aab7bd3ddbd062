"""Extensions: a batch acquisition and a clustering from another library, each one file and one line of config."""

import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from alft import Constant, Ledger, Policy, Scores, Whole
from alft.selection.acquisition import Acquisition, PoolView
from alft.selection.seeds import generator

from .conftest import Fit, summary_of
from .test_contracts import ACQUISITIONS, SIZE, make_view, ordinary_logits

SPREAD = '''
"""Rows that the model doubts and that differ from each other."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alft import Acquisition, PoolView


@dataclass(frozen=True)
class Spread(Acquisition):
    """Seeds of k-means++ in the space of embeddings scaled by doubt, in the manner of BADGE."""

    needs_embeddings: ClassVar[bool] = True

    def __call__(self, view: PoolView) -> Tensor:
        """Doubt about the likeliest class."""
        return 1 - view.probs_KNC.mean(0).amax(-1)

    def pick(self, view: PoolView, scores_N: Tensor, candidates: Tensor, count: int) -> Tensor:
        """The most doubtful row, then each time one drawn by its squared distance to the nearest that was picked."""
        points_RD = view.embeddings_ND[candidates] * scores_N[candidates, None]
        order = [int(points_RD.norm(dim=1).argmax())]
        nearest_R = torch.full((len(candidates),), torch.inf)
        while len(order) < count:
            nearest_R = torch.minimum(nearest_R, (points_RD - points_RD[order[-1]]).square().sum(1))
            weights_R = nearest_R + 1e-12
            weights_R[order] = 0
            order.append(int(torch.multinomial(weights_R, 1, generator=view.generator)))
        return candidates[order]
'''

DENSITY = '''
"""Dense groups, as many as there are."""

from dataclasses import dataclass

import torch
from sklearn.cluster import HDBSCAN
from torch import Tensor

from alft.selection.clustering import Clustering, number_by_lowest_row


@dataclass(frozen=True)
class Density(Clustering):
    """HDBSCAN; rows that are in no group make one of their own."""

    smallest: int = 5

    def __call__(self, embeddings_ND: Tensor, seed: int) -> Tensor:
        """Cluster by density."""
        return number_by_lowest_row(torch.from_numpy(HDBSCAN(self.smallest, copy=True).fit_predict(embeddings_ND.numpy())))
'''


@pytest.fixture
def own_modules(workplace: Path, monkeypatch: pytest.MonkeyPatch):
    """Files of a user beside the data."""
    Path("spread.py").write_text(SPREAD)
    Path("density.py").write_text(DENSITY)
    monkeypatch.syspath_prepend(str(workplace))
    yield
    for name in ("spread", "density"):
        sys.modules.pop(name, None)


def test_an_acquisition_that_picks_sets_is_one_file(own_modules, fit: Fit):
    run = fit("--active.acquire", "spread.Spread", "--active.cluster", "Whole")
    summary, table = summary_of(run), pd.read_parquet(run / "selection.parquet")
    assert summary["settings"]["selection"]["acquire"] == "Spread"
    assert [record["selected"] for record in summary["epochs"]] == [44, 44, 32]
    last = table[table["epoch"] == 2]
    top = table[table["epoch"] == 1].sort_values("score", ascending=False)["row"].head(32)
    assert set(last["row"]) != set(top), "it does not take the highest scores"
    again = fit("--active.acquire", "spread.Spread", "--active.cluster", "Whole")
    assert (again / "selection.parquet").read_bytes() == (run / "selection.parquet").read_bytes()


def test_it_picks_rows_that_differ(own_modules):
    """Four tight groups of equal doubt: one row of each is picked, where the highest scores would be of one group."""
    kind = __import__("spread").Spread
    groups = torch.eye(4).repeat_interleave(5, 0) * 10 + torch.randn(20, 4, generator=generator("noise")) * 1e-3
    probs_NC = torch.full((20, 2), 0.5) + torch.linspace(0.0, 1e-3, 20)[:, None] * torch.tensor([1.0, -1.0])
    ledger, policy = Ledger(torch.ones(20) > 0), Policy(acquire=kind(), budget=Constant(share=0.2), cluster=Whole())
    plan = policy.plan(epochs=1, pool=20)
    assert policy.needs(0, plan, ledger).embeddings
    rows = policy.select(0, plan, ledger, Scores(probs_NC[None], groups)).selection.rows
    assert sorted((rows // 5).tolist()) == [0, 1, 2, 3]


def test_hdbscan_is_one_file(own_modules, fit: Fit):
    run = fit("--active.cluster", "density.Density", "--active.cluster.smallest", "3")
    summary, table = summary_of(run), pd.read_parquet(run / "selection.parquet")
    assert summary["settings"]["selection"]["cluster"] == "Density(smallest=3)"
    assert [record["selected"] for record in summary["epochs"]] == [44, 44, 32]
    assert table["cluster"].nunique() > 1
    assert "density.Density" in (run / "config.yaml").read_text()


@pytest.mark.parametrize("kind", ACQUISITIONS)
class TestPick:
    CANDIDATES = torch.arange(1, SIZE, 3)

    def picked(self, kind: type[Acquisition], count: int, view: PoolView | None = None) -> torch.Tensor:
        view = view or make_view(ordinary_logits())
        return kind().pick(view, kind()(view), self.CANDIDATES, count)

    @pytest.mark.parametrize("count", [1, 5, len(CANDIDATES)])
    def test_gives_as_many_distinct_candidates_as_asked_for(self, kind, count):
        rows = self.picked(kind, count)
        assert rows.dtype == torch.int64
        assert len(set(rows.tolist())) == len(rows) == count
        assert set(rows.tolist()) <= set(self.CANDIDATES.tolist())

    def test_equal_scores_do_not_break_it(self, kind):
        view = make_view(torch.zeros(5, SIZE, 3))
        rows = kind().pick(view, torch.zeros(SIZE), self.CANDIDATES, 4)
        assert len(set(rows.tolist())) == 4

    def test_same_seed_same_rows(self, kind):
        assert torch.equal(self.picked(kind, 5), self.picked(kind, 5))

    def test_leaves_its_input_alone(self, kind):
        view, candidates = make_view(ordinary_logits()), self.CANDIDATES.clone()
        scores_N = kind()(view)
        tensors = [view.probs_KNC, view.clusters_N, view.distances_N, view.embeddings_ND, view.bought_N, scores_N]
        copies = [tensor.clone() for tensor in tensors]
        kind().pick(view, scores_N, candidates, 5).add_(1)
        assert torch.equal(candidates, self.CANDIDATES)
        assert all(torch.equal(tensor, copy) for tensor, copy in zip(tensors, copies, strict=True))


class Same(Acquisition):
    """Picks what its test says."""

    answer: torch.Tensor

    def __call__(self, view: PoolView) -> torch.Tensor:
        return torch.zeros(view.size)

    def pick(self, view, scores_N, candidates, count) -> torch.Tensor:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([0, 0], "got 1 distinct rows for 2"),
        ([0], "got 1 distinct rows for 2"),
        ([0, 99], "some of them no candidates"),
        ([0, -1], "some of them no candidates"),
        ([0, 3], "some of them no candidates"),
    ],
)
def test_wrong_picks_are_refused(answer, words):
    acquire = Same()
    acquire.answer = torch.tensor(answer)
    selectable_N = torch.arange(20) != 3
    policy, ledger = Policy(acquire=acquire, budget=Constant(share=0.12), cluster=Whole()), Ledger(selectable_N)
    plan = policy.plan(epochs=1, pool=ledger.pool)
    assert plan.sizes == (2,)
    with pytest.raises(ValueError, match=words) as refused:
        policy.select(0, plan, ledger, Scores(torch.full((1, 20, 2), 0.5), torch.zeros(20, 0)))
    assert "active.acquire: Same.pick must return as many distinct candidates as it is asked for" in str(refused.value)


class Odd(Whole):
    """Numbers of a wrong kind."""

    def __call__(self, embeddings_ND, seed):
        return torch.full((len(embeddings_ND),), -1)


def test_wrong_clusters_are_refused():
    policy, ledger = Policy(budget=Constant(share=0.5), cluster=Odd()), Ledger(torch.ones(20) > 0)
    with pytest.raises(ValueError, match=r"active\.cluster: Odd must give each of 20 rows an int64 number from 0"):
        policy.select(0, policy.plan(epochs=1, pool=20), ledger, Scores(torch.full((1, 20, 2), 0.5), torch.zeros(20, 0)))
