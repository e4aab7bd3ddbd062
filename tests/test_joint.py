"""Acquisitions that choose rows jointly, against plain quadratic implementations, and those made of others."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning import LightningModule
from scipy.stats import chisquare
from sklearn.datasets import make_blobs

from alft.loop.guards import refuse_no_features
from alft.selection import herding, k_center
from alft.selection.acquisition import Entropy, Furthest, Margin, Random
from alft.selection.badge import Badge, Gradients, plus_plus, residuals
from alft.selection.combined import Mixture, Switch
from alft.selection.herding import MaxHerding
from alft.selection.k_center import KCenter
from alft.selection.seeds import generator
from alft.selection.typiclust import TypiClust, in_turn, typicality
from alft.selection.uncertainty_herding import UncertaintyHerding, spacing

from .views import pool_view

ROWS, WIDTH = 2_000, 24


def points(rows=ROWS, width=WIDTH, seed="points"):
    return torch.randn(rows, width, generator=generator(seed)) + 3


def mask(rows, size):
    return torch.zeros(size, dtype=torch.bool).index_fill_(0, torch.as_tensor(rows), True)


def pick(acquire, view, count, candidates=None):
    candidates = (~view.taken_N).nonzero().squeeze(1) if candidates is None else candidates
    return acquire.pick(view, acquire(view).float(), candidates, count).tolist()


def squared(points_ND):
    return torch.cdist(points_ND.double(), points_ND.double()).square()


class TestKCenter:
    def plain(self, points_ND, taken, count):
        distances_NN = squared(points_ND)
        nearest_N = distances_NN[taken].amin(0) if taken else torch.full((len(points_ND),), torch.inf, dtype=torch.float64)
        order = []
        for _ in range(count):
            first = not taken and not order
            row = int((points_ND.double() - points_ND.double().mean(0)).norm(dim=1).argmin() if first else nearest_N.argmax())
            order.append(row)
            nearest_N = torch.minimum(nearest_N, distances_NN[row])
            nearest_N[[*taken, *order]] = -1
        return order

    @pytest.mark.parametrize("taken", [[], [5], list(range(0, 700))], ids=["none", "one", "many"])
    @pytest.mark.parametrize("group", [1, 16, 4_000])
    def test_picks_what_a_plain_traversal_picks(self, monkeypatch, taken, group):
        monkeypatch.setattr(k_center, "GROUP", group)
        view = pool_view(ROWS, embeddings_ND=points(), taken_N=mask(taken, ROWS) if taken else mask([0], ROWS) & False)
        assert pick(KCenter(), view, 60) == self.plain(points(), taken, 60)

    def test_is_within_twice_the_best_radius(self):
        corners = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])
        cloud = corners.repeat_interleave(30, 0) + torch.rand(120, 2, generator=generator("cloud"))
        rows = pick(KCenter(), pool_view(120, embeddings_ND=cloud), 4)
        assert sorted(row // 30 for row in rows) == [0, 1, 2, 3]
        assert squared(cloud)[rows].amin(0).max().sqrt() <= 2 * 2**0.5

    def test_does_not_pick_again_what_is_covered_before_all_else_is(self):
        cloud = points(50, 3).repeat(3, 1)
        view = pool_view(150, embeddings_ND=cloud, taken_N=mask(range(25), 150))
        assert {row % 50 for row in pick(KCenter(), view, 25)} == set(range(25, 50))


class TestHerding:
    def plain(self, points_ND, taken, weights_N, count, bandwidth=1.0):
        kernel_NN = torch.exp(-squared(points_ND) / bandwidth**2)
        covered_N = kernel_NN[taken].amax(0) if taken else torch.zeros(len(points_ND), dtype=torch.float64)
        order = []
        for _ in range(count):
            gains_N = (kernel_NN - covered_N).clamp(min=0) @ weights_N.double()
            gains_N[[*taken, *order]] = -1
            order.append(int((gains_N >= gains_N.max() * (1 - 1e-5)).nonzero()[0]))
            covered_N = torch.maximum(covered_N, kernel_NN[order[-1]])
        return order

    def unit(self, cloud, candidates):
        return torch.nn.functional.normalize(cloud.double() - cloud[candidates].double().mean(0), dim=1)

    @pytest.mark.parametrize("bandwidth", [0.3, 1.0])
    def test_picks_what_a_plain_greedy_choice_picks(self, bandwidth):
        view = pool_view(ROWS, embeddings_ND=points())
        expected = self.plain(self.unit(points(), torch.arange(ROWS)), [], torch.ones(ROWS), 80, bandwidth)
        assert pick(MaxHerding(bandwidth), view, 80) == expected

    def test_what_is_taken_is_covered(self):
        taken = list(range(0, 600, 2))
        view = pool_view(600, embeddings_ND=points(600), taken_N=mask(taken, 600))
        candidates = torch.arange(1, 600, 2)
        points_ND = self.unit(points(600), candidates)
        weights_N = (~mask(taken, 600)).double()  # what is taken is covered by itself, so that it adds nothing
        assert pick(MaxHerding(), view, 40) == self.plain(points_ND, taken, weights_N, 40)

    def test_doubt_is_the_weight(self):
        probs_KNC = torch.randn(2, 500, 3, generator=generator("probs")).mul(2).softmax(-1)
        view = pool_view(500, embeddings_ND=points(500), probs_KNC=probs_KNC)
        doubt_N = torch.special.entr(probs_KNC.double().mean(0)).sum(-1)
        expected = self.plain(self.unit(points(500), torch.arange(500)), [], doubt_N, 30, bandwidth=0.7)
        assert pick(UncertaintyHerding(bandwidth=0.7), view, 30) == expected

    def test_the_kernel_narrows_as_rows_are_taken(self):
        view = pool_view(ROWS, embeddings_ND=points(width=3))
        widths = [spacing(replace(view, taken_N=mask(range(count), ROWS)), torch.arange(ROWS)) for count in (1, 10, 100, 1000)]
        assert widths[0] == 1.0
        assert widths == sorted(widths, reverse=True)
        assert widths[-1] < 0.2

    def test_with_a_narrow_kernel_it_is_uncertainty(self):
        probs_KNC = torch.randn(1, 300, 3, generator=generator("probs")).softmax(-1)
        view = pool_view(300, embeddings_ND=points(300), probs_KNC=probs_KNC)
        assert sorted(pick(UncertaintyHerding(bandwidth=1e-3), view, 20)) == sorted(pick(Entropy(), view, 20))

    def test_parts_of_a_large_pool_cover_almost_as_well_as_the_whole(self, monkeypatch):
        cloud = torch.from_numpy(make_blobs(ROWS, WIDTH, centers=30, random_state=0)[0]).float()
        view = pool_view(ROWS, embeddings_ND=cloud)
        kernel_NN = torch.exp(-squared(self.unit(cloud, torch.arange(ROWS))))
        whole = kernel_NN[pick(MaxHerding(), view, 40)].amax(0).mean()
        monkeypatch.setattr(herding, "PART", 500)
        monkeypatch.setattr(herding, "PICKS", 20)
        parts = kernel_NN[pick(MaxHerding(), view, 40)].amax(0).mean()
        chance = kernel_NN[pick(Random(), view, 40)].amax(0).mean()
        assert whole - parts < 0.1 * (whole - chance)

    def test_many_picks_come_from_all_parts(self, monkeypatch):
        monkeypatch.setattr(herding, "PART", 500)
        rows = pick(MaxHerding(), pool_view(ROWS, embeddings_ND=points()), 1_999)
        assert len(set(rows)) == 1_999

    @pytest.mark.parametrize("kind", [MaxHerding, UncertaintyHerding])
    @pytest.mark.parametrize("bandwidth", [0.0, -1.0, float("nan"), float("inf")])
    def test_a_width_that_is_no_positive_number_is_refused(self, kind, bandwidth):
        with pytest.raises(ValueError, match=r"active\.acquire\.bandwidth must be above 0"):
            kind(bandwidth)


class TestTypiClust:
    def test_takes_the_middle_of_each_blob_and_keeps_away_from_taken_ones(self):
        cloud, blob = make_blobs(300, 5, centers=6, cluster_std=0.3, random_state=1)
        view = pool_view(300, embeddings_ND=torch.from_numpy(cloud).float())
        rows = pick(TypiClust(), view, 6)
        assert sorted(blob[rows]) == list(range(6))
        middle = {b: np.linalg.norm(cloud[blob == b] - cloud[blob == b].mean(0), axis=1).mean() for b in range(6)}
        assert all(np.linalg.norm(cloud[row] - cloud[blob == blob[row]].mean(0)) < middle[blob[row]] for row in rows)
        rest = pick(TypiClust(), replace(view, taken_N=mask(rows[:4], 300)), 2)
        assert set(blob[rest]) == set(blob[rows[4:]])

    def test_typicality_is_minus_the_mean_distance_to_the_nearest(self):
        cloud = points(1_500, 4)
        distances_NN = squared(cloud).sqrt().fill_diagonal_(torch.inf)
        expected = -distances_NN.topk(20, largest=False).values.mean(1)
        torch.testing.assert_close(typicality(cloud, 20).double(), expected, atol=1e-3, rtol=1e-3)
        assert typicality(cloud[:1], 20).tolist() == [0.0]

    def test_small_parts_come_last(self):
        assert in_turn([[0], [1, 2]], held=[0, 3], sizes=[4, 5], count=3) == [1, 2, 0]

    @pytest.mark.parametrize("name", ["neighbours", "most_parts"])
    def test_numbers_below_1_are_refused(self, name):
        with pytest.raises(ValueError, match=rf"active\.acquire\.{name} must be at least 1, got 0"):
            TypiClust(**{name: 0})


class TestBadge:
    def parts(self, rows=60):
        probs_KNC = torch.randn(2, rows, 4, generator=generator("probs")).mul(2).softmax(-1)
        return probs_KNC, torch.randn(rows, 7, generator=generator("features"))

    def materialised(self, probs_KNC, features_NF):
        mean_NC = probs_KNC.double().mean(0)
        gaps_NC = mean_NC - torch.eye(mean_NC.shape[1], dtype=torch.float64)[mean_NC.argmax(1)]
        return (gaps_NC.unsqueeze(2) * features_NF.double().unsqueeze(1)).flatten(1)

    def test_scores_are_the_lengths_of_the_gradients_of_the_last_layer(self):
        probs_KNC, features_NF = self.parts()
        view = pool_view(60, probs_KNC=probs_KNC, features_NF=features_NF)
        torch.testing.assert_close(Badge()(view).double(), self.materialised(probs_KNC, features_NF).norm(dim=1))

    def test_gradients_are_those_of_the_loss(self):
        _, features_NF = self.parts()
        layer = torch.nn.Linear(7, 4, bias=False)
        torch.nn.init.normal_(layer.weight, generator=generator("weights"))
        probs_NC = layer(features_NF).detach().softmax(-1)
        for row in range(5):
            layer.zero_grad()
            torch.nn.functional.cross_entropy(layer(features_NF[row]), probs_NC[row].argmax()).backward()
            torch.testing.assert_close(self.materialised(probs_NC[None], features_NF)[row].float(), layer.weight.grad.flatten())

    def test_distances_are_those_of_the_materialised_gradients(self):
        probs_KNC, features_NF = self.parts()
        gradients = Gradients(features_NF, residuals(probs_KNC), torch.arange(60))
        found_NN = gradients.squared_distances(torch.arange(60), torch.arange(60))
        torch.testing.assert_close(found_NN.double(), squared(self.materialised(probs_KNC, features_NF)), atol=1e-5, rtol=1e-5)

    def test_picks_are_drawn_as_in_k_means_plus_plus(self):
        probs_KNC, features_NF = self.parts(12)
        table = self.materialised(probs_KNC, features_NF)
        gradients = Gradients(features_NF, residuals(probs_KNC), torch.arange(12))
        first = int(table.norm(dim=1).argmax())
        random_numbers, seen = generator("draws"), np.zeros((12, 12))
        for _ in range(4_000):
            order = plus_plus(gradients, table.norm(dim=1).float(), 3, random_numbers).tolist()
            assert order[0] == first
            seen[order[1], order[2]] += 1
        distances_NN = squared(table).numpy()
        expected = np.zeros((12, 12))
        for second in range(12):
            share = distances_NN[first, second] / distances_NN[first].sum()
            nearest = np.minimum(distances_NN[first], distances_NN[second])
            expected[second] = share * nearest / max(nearest.sum(), 1e-12)
        often = expected * 4_000 > 5
        counts, means = [*seen[often], seen[~often].sum() + 5], [*expected[often] * 4_000, expected[~often].sum() * 4_000 + 5]
        assert chisquare(counts, means).pvalue > 0.001
        assert seen[expected == 0].sum() == 0

    def test_rows_about_which_there_is_no_doubt_come_last(self):
        probs_KNC, features_NF = self.parts(30)
        probs_KNC[:, ::2] = torch.eye(4)[0]
        view = pool_view(30, probs_KNC=probs_KNC, features_NF=features_NF)
        rows = pick(Badge(), view, 30)
        assert sum(row % 2 == 0 for row in rows[:16]) == 1  # the first such row lies away from the others, the next do not
        assert len(set(rows)) == 30


class TestSwitch:
    def test_changes_at_a_number_of_labels_or_at_an_epoch(self):
        by_labels = Switch(first=KCenter(), then=Margin(), at=100)
        assert [type(by_labels.now(9, bought)) for bought in (0, 99, 100)] == [KCenter, KCenter, Margin]
        by_epochs = Switch(first=KCenter(), then=Margin(), at=2, unit="epochs")
        assert [type(by_epochs.now(epoch, 500)) for epoch in (0, 1, 2)] == [KCenter, KCenter, Margin]

    def test_nests(self):
        nested = Switch(first=KCenter(), then=Switch(first=Badge(), then=Mixture(a=Margin(), b=Random()), at=200), at=100)
        assert [str(nested.now(0, bought)).partition("(")[0] for bought in (0, 150, 250)] == ["KCenter", "Badge", "Mixture"]
        assert nested.needs_probs
        assert nested.needs_embeddings
        assert nested.needs_features
        assert not nested.now(0, 0).needs_probs

    @pytest.mark.parametrize(
        ("settings", "told"),
        [
            ({"at": 0}, r"active\.acquire\.at must be at least 1, got 0"),
            ({"unit": "steps"}, r"active\.acquire\.unit must be labels or epochs, got 'steps'"),
            ({"first": "Margin"}, r"active\.acquire\.first must be an object of a subclass of Acquisition, got 'Margin'"),
        ],
    )
    def test_settings_that_make_no_sense_are_refused(self, settings, told):
        with pytest.raises(ValueError, match=told):
            Switch(**settings)


class TestMixture:
    def view(self):
        cloud = points(80, 3)
        probs_KNC = torch.randn(1, 80, 3, generator=generator("probs")).softmax(-1)
        return pool_view(80, embeddings_ND=cloud, probs_KNC=probs_KNC, distances_N=cloud.norm(dim=1))

    @pytest.mark.parametrize(("share", "by_a"), [(0.0, 0), (0.26, 3), (0.5, 5), (1.0, 10)])
    def test_part_of_the_set_is_picked_by_each(self, share, by_a):
        rows = pick(Mixture(a=Entropy(), b=Furthest(), share=share), self.view(), 10)
        assert rows[:by_a] == pick(Entropy(), self.view(), 10)[:by_a]
        assert rows[by_a:] == [row for row in pick(Furthest(), self.view(), 20) if row not in rows[:by_a]][: 10 - by_a]

    def test_the_second_covers_what_the_first_leaves_open(self):
        rows = pick(Mixture(a=Entropy(), b=KCenter()), self.view(), 10)
        view = replace(self.view(), taken_N=mask(rows[:5], 80))
        assert rows[5:] == pick(KCenter(), view, 5)

    def test_a_share_outside_0_and_1_is_refused(self):
        with pytest.raises(ValueError, match=r"active\.acquire\.share must be in \[0, 1\], got 1\.5"):
            Mixture(share=1.5)


def test_a_model_without_a_last_layer_is_refused_before_training():
    with pytest.raises(ValueError, match=r"active\.acquire: Badge\(\) needs what the last layer .*output_layer"):
        refuse_no_features(LightningModule(), Badge())
