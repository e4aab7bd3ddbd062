"""Ward against scikit-learn, called in its own way, and distances against a plain loop."""

import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from alft.selection.clustering import KMeans, Ward, Whole, distances_to_means
from alft.selection.seeds import generator


@pytest.mark.parametrize("clusters", [1, 3, 10, 50])
def test_ward_gives_the_partition_of_scikit_learn_and_of_scipy(clusters):
    points = torch.randn(200, 16, generator=generator("points"))
    labels = Ward(clusters)(points, seed=0)
    reference = AgglomerativeClustering(n_clusters=clusters, linkage="ward").fit(points.double().numpy()).labels_
    assert adjusted_rand_score(reference, labels) == 1
    assert adjusted_rand_score(fcluster(linkage(points.double(), "ward"), clusters, "maxclust"), labels) == 1


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
