"""Clusterings of the pool's embeddings (method.md 6).

Axes: N rows, D embedding size, M clusters. Every clustering numbers its clusters by their lowest row, so equal partitions
have equal labels. A new clustering is one frozen dataclass here (or in any importable module) and one line of config;
:mod:`alft.selection.ward` holds the default.
"""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

BLOCK = 8_192
"""Rows processed at a time, so that a large table is never copied."""


class Clustering(ABC):
    """Base class: a partition of the rows; ``clusters`` is the requested number, 1 where the clustering determines it."""

    @property
    def clusters(self) -> int:
        """Requested number of clusters M."""
        return 1

    @property
    def needs_embeddings(self) -> bool:
        """Whether the clustering uses embeddings; if not, they may have D = 0."""
        return True

    def check(self, rows: int) -> None:
        """Check, before training, that a pool with this many labelled rows can be clustered.

        Raises:
            ValueError: It cannot.
        """
        if self.clusters > rows:
            raise ValueError(
                f"active.cluster.clusters must be at most the {rows} labelled rows of the pool, got {self.clusters}"
            )

    def memory_gib(self, rows: int) -> float:
        """Memory needed to cluster this many rows besides the embeddings, in GiB; 0 where it is negligible."""
        return 0.0

    @abstractmethod
    def __call__(self, embeddings_ND: Tensor, seed: int) -> Tensor:
        """Cluster of each row, int64 (N,), numbered from 0 by lowest row. Must not write to the embeddings."""


@dataclass(frozen=True)
class Whole(Clustering):
    """A single cluster: the whole pool.

    Formula: c(i) = 0. Needs nothing and costs nothing. Use it to measure the effect of clusters. Source: the paper's
    ablation.
    """

    @property
    def needs_embeddings(self) -> bool:
        """Never."""
        return False

    def __call__(self, embeddings_ND: Tensor, seed: int) -> Tensor:
        """All rows in cluster 0."""
        return torch.zeros(len(embeddings_ND), dtype=torch.int64)


@dataclass(frozen=True)
class KMeans(Clustering):
    """Euclidean k-means, best of 10 seeded starts.

    Formula: the partition into M with the smallest sum of squared distances to the cluster means that Lloyd's iterations find.
    Needs embeddings. Use it for large pools, or for rounder clusters of more even size than Ward's. Costs O(N M D) per
    iteration. Gives fewer than M clusters when there are fewer distinct rows. Source: ours.

    Args:
        clusters: Number of clusters M, at least 1 and at most the number of labelled rows.
    """

    clusters: int = 10

    def __post_init__(self) -> None:
        """Refuse fewer than one cluster."""
        check_clusters(self)

    @property
    def needs_embeddings(self) -> bool:
        """Unless there is one cluster."""
        return self.clusters > 1

    def __call__(self, embeddings_ND: Tensor, seed: int) -> Tensor:
        """Partition by the nearest of M means."""
        if self.clusters == 1:  # there may be no embeddings then
            return Whole()(embeddings_ND, seed)
        kmeans = SklearnKMeans(n_clusters=self.clusters, n_init=10, random_state=seed % 2**32)
        with warnings.catch_warnings():
            # Fewer clusters than requested when there are fewer distinct rows: documented behaviour of this class.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return number_by_lowest_row(torch.from_numpy(kmeans.fit_predict(embeddings_ND.numpy())))


def number_by_lowest_row(labels_N: Tensor) -> Tensor:
    """Renumber clusters so that they appear in ascending order: the first row is always in cluster 0.

    >>> number_by_lowest_row(torch.tensor([7, 2, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    _, inverse_N = torch.unique(labels_N, return_inverse=True)
    clusters = int(inverse_N.max()) + 1
    lowest_M = torch.full((clusters,), len(labels_N)).scatter_reduce_(0, inverse_N, torch.arange(len(labels_N)), reduce="amin")
    return lowest_M.argsort().argsort()[inverse_N]


def means_of(embeddings_ND: Tensor, clusters_N: Tensor) -> Tensor:
    """Mean of each cluster, float64 (M, D)."""
    clusters = int(clusters_N.max()) + 1
    sums_MD = torch.zeros(clusters, embeddings_ND.shape[1], dtype=torch.float64)
    for part_BD, clusters_B in zip(torch.split(embeddings_ND, BLOCK), torch.split(clusters_N, BLOCK), strict=True):
        sums_MD.index_add_(0, clusters_B, part_BD.double())
    return sums_MD / torch.bincount(clusters_N, minlength=clusters).unsqueeze(1)


def distances_to_means(embeddings_ND: Tensor, clusters_N: Tensor) -> Tensor:
    """Euclidean distance of each row to the mean of its own cluster, float32 (N,)."""
    means_MD = means_of(embeddings_ND, clusters_N)
    distances_N = torch.empty(len(embeddings_ND))  # filled in place: many small results would keep a large heap allocated
    for start in range(0, len(embeddings_ND), BLOCK):
        part = slice(start, start + BLOCK)
        distances_N[part] = torch.linalg.vector_norm(embeddings_ND[part] - means_MD[clusters_N[part]], dim=1)
    return distances_N


def check_clusters(clustering: Clustering) -> None:
    """Refuse fewer than one cluster."""
    if clustering.clusters < 1:
        raise ValueError(f"active.cluster.clusters must be at least 1, got {clustering.clusters}")
