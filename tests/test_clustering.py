"""Ward against scikit-learn's own implementation, and distances against a plain loop."""

import pytest
import torch
from scipy.cluster.hierarchy import cut_tree, fcluster, linkage
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from alft.selection import ward
from alft.selection.clustering import KMeans, Whole, distances_to_means
from alft.selection.seeds import generator
from alft.selection.ward import Ward


@pytest.mark.parametrize("clusters", [1, 3, 10, 50])
def test_ward_gives_the_partition_of_scikit_learn_and_of_scipy(clusters):
    points = torch.randn(200, 16, generator=generator("points"))
    labels = Ward(clusters)(points, seed=0)
    reference = AgglomerativeClustering(n_clusters=clusters, linkage="ward").fit(points.double().numpy()).labels_
    assert adjusted_rand_score(reference, labels) == 1
    assert adjusted_rand_score(fcluster(linkage(points.double(), "ward"), clusters, "maxclust"), labels) == 1


def blobs(size: int, width: int = 32, centres: int = 12) -> torch.Tensor:
    middle = torch.randn(centres, width, generator=generator("centres"))
    noise = torch.randn(size, width, generator=generator("noise", size))
    return middle[torch.randint(0, centres, (size,), generator=generator("which", size))] * 0.7 + noise


@pytest.mark.parametrize("clusters", [3, 10, 50, 200])
@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_ward_of_two_thousand_rows_gives_scipys_partition_however_far_from_the_origin(clusters, shift):
    points = blobs(2000) + shift
    reference = cut_tree(linkage(points.double(), "ward"), n_clusters=clusters).squeeze(1)
    assert adjusted_rand_score(reference, Ward(clusters)(points, seed=0)) == 1


@pytest.mark.parametrize("noise", [0.1, 0.01, 0.001])
def test_tight_groups_far_apart_are_divided_as_scipy_does(noise):
    middle = torch.randn(3, 64, generator=generator("middle"))
    points = middle[torch.arange(600) % 3] + noise * torch.randn(600, 64, generator=generator("tight"))
    cuts = cut_tree(linkage(points.double(), "ward"), n_clusters=[3, 10, 50])
    for number, clusters in enumerate((3, 10, 50)):
        assert adjusted_rand_score(cuts[:, number], Ward(clusters)(points, seed=0)) == 1


@pytest.mark.parametrize("clusters", [3, 10, 50])
def test_rows_that_are_there_twice_stay_together(clusters):
    points = blobs(150)
    twice = Ward(clusters)(torch.cat([points, points]), seed=0)
    assert torch.equal(twice[:150], twice[150:])
    once = cut_tree(linkage(torch.cat([points, points]).double(), "ward"), n_clusters=clusters).squeeze(1)
    assert adjusted_rand_score(once, twice) == 1


def test_ties_still_give_as_many_clusters_as_asked_for():
    points = torch.arange(16.0).unsqueeze(1)  # equal distances everywhere
    assert [len(Ward(clusters)(points, seed=0).unique()) for clusters in (2, 5, 11, 16)] == [2, 5, 11, 16]


def within(points: torch.Tensor, clusters: torch.Tensor) -> float:
    return float(distances_to_means(points, clusters).double().square().sum())


@pytest.mark.parametrize("clusters", [10, 50])
def test_a_sample_stands_for_a_large_pool(clusters, monkeypatch):
    points = blobs(3000)
    exact = Ward(clusters)(points, seed=0)
    monkeypatch.setattr(ward, "EXACT_ROWS", 2000)
    monkeypatch.setattr(ward, "SAMPLE_ROWS", 1500)
    by_sample = Ward(clusters)(points, seed=0)
    assert len(by_sample.unique()) == clusters
    assert within(points, by_sample) <= 1.005 * within(points, exact)
    assert torch.equal(Ward(clusters)(points, seed=0), by_sample)
    assert not torch.equal(Ward(clusters)(points, seed=1), by_sample)
    assert torch.equal(Ward(clusters, exact=True)(points, seed=1), exact)


def test_nearest_equals_a_plain_loop():
    points, means = blobs(300) + 50, blobs(7) + 50
    assert torch.equal(ward.nearest(points, means), torch.stack([(point - means).norm(dim=1).argmin() for point in points]))


def test_more_clusters_than_a_sample_can_have_are_refused():
    with pytest.raises(
        ValueError, match=r"active\.cluster\.clusters must be at most 20000 for a pool of 1000000 rows, got 20001"
    ):
        Ward(20_001).check(10**6)
    Ward(20_001, exact=True).check(10**6)


def test_one_row_is_one_cluster():
    for clustering in (Whole(), Ward(1), KMeans(1)):
        assert clustering(torch.zeros(1, 4), seed=0).tolist() == [0]


def test_distances_equal_a_plain_loop():
    points, clusters = torch.randn(30, 5, generator=generator("p")), torch.arange(30) % 4
    expected = [(points[i] - points[clusters == clusters[i]].mean(0)).norm() for i in range(30)]
    torch.testing.assert_close(distances_to_means(points, clusters), torch.stack(expected))


@pytest.mark.parametrize("kind", [Ward, KMeans])
def test_no_cluster_at_all_is_refused(kind):
    with pytest.raises(ValueError, match=r"active\.cluster\.clusters must be at least 1, got 0"):
        kind(0)
