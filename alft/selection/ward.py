"""Ward clustering, exact up to 20,000 rows, based on a sample above that (method.md 6).

Axes: N rows, D embedding size, M clusters, S rows of a sample. Distances come from one matrix product and the tree from
fastcluster, which is several times faster than building both from coordinates and gives the same partition.
"""

from dataclasses import dataclass

import fastcluster
import numpy as np
import torch
from torch import Tensor

from alft.selection.clustering import Clustering, Whole, check_clusters, means_of, number_by_lowest_row
from alft.selection.seeds import generator

EXACT_ROWS = 20_000
"""Largest pool whose full tree is built without ``exact``: about 15 seconds and 3 GiB at D = 384."""
SAMPLE_ROWS = 5_000
"""Minimum number of rows in the sample that represents a larger pool."""
BLOCK = 1_024
CANCELLED = 1e-2
"""Squared distance, relative to the squared lengths, below which float32 has lost too many digits."""


@dataclass(frozen=True)
class Ward(Clustering):
    """Ward's agglomerative clustering with Euclidean distances.

    Formula: starting from single rows, merge the two clusters A, B with the smallest |A||B| / (|A| + |B|)
    ||mean A - mean B||^2, the increase in the within-cluster sum of squares, until M are left. Needs embeddings. Use it by
    default: it is deterministic, and finds clusters of very different sizes. Costs O(N^2) time and memory up to 20,000 rows.
    Above that, the tree is built from a seeded sample of 5,000 rows (25 M if that is more, at most 20,000), and every other row
    joins the nearest cluster mean: O(N M) time and negligible memory. Source: the paper; its number of clusters is not known,
    10 is ours, and so is the sample.

    Args:
        clusters: Number of clusters M, at least 1 and at most the number of labelled rows.
        exact: Build the full tree regardless of the pool size, if it fits into memory.
    """

    clusters: int = 10
    exact: bool = False

    def __post_init__(self) -> None:
        """Refuse fewer than one cluster."""
        check_clusters(self)

    @property
    def needs_embeddings(self) -> bool:
        """True unless there is only one cluster."""
        return self.clusters > 1

    def check(self, rows: int) -> None:
        """Refuse more clusters than rows, and more than a sample can have."""
        super().check(rows)
        if self._samples(rows) and self.clusters > EXACT_ROWS:
            raise ValueError(
                f"active.cluster.clusters must be at most {EXACT_ROWS} for a pool of {rows} rows, got {self.clusters}"
            )

    def memory_gib(self, rows: int) -> float:
        """Memory of the tree over all rows, or over the sample, in GiB."""
        return 0.0 if self.clusters == 1 else tree_gib(self._sample_size() if self._samples(rows) else rows)

    def __call__(self, embeddings_ND: Tensor, seed: int) -> Tensor:
        """Cut the tree at M clusters; the seed is used only for a sample."""
        if self.clusters == 1:  # there may be no embeddings then, or only one row
            return Whole()(embeddings_ND, seed)
        if self._samples(len(embeddings_ND)):
            return number_by_lowest_row(self.by_sample(embeddings_ND, seed))
        return number_by_lowest_row(cut(tree(embeddings_ND), self.clusters))

    def _samples(self, rows: int) -> bool:
        return not self.exact and rows > EXACT_ROWS

    def _sample_size(self) -> int:
        return min(max(SAMPLE_ROWS, 25 * self.clusters), EXACT_ROWS)

    def by_sample(self, embeddings_ND: Tensor, seed: int) -> Tensor:
        """Cluster a sample; the other rows join the nearest cluster mean. Clusters (N,) in no particular order."""
        order = torch.randperm(len(embeddings_ND), generator=generator(seed, "sample"))
        rows_S = order[: self._sample_size()].sort().values
        sample_SD = embeddings_ND[rows_S]
        clusters_S = cut(tree(sample_SD), self.clusters)
        clusters_N = nearest(embeddings_ND, means_of(sample_SD, clusters_S).float())
        clusters_N[rows_S] = clusters_S  # so that no cluster is left empty
        return clusters_N


def tree_gib(rows: int) -> float:
    """Memory of a full tree, in GiB: all pairwise distances in float64, twice (fastcluster copies), and a block of rows."""
    return 2 * 8 * (rows * (rows - 1) / 2 + BLOCK * rows / 4) / 2**30


def tree(embeddings_ND: Tensor) -> np.ndarray:
    """Ward's tree in scipy's format, (N - 1, 4): the two clusters merged, height, size; lowest first."""
    merges: np.ndarray = fastcluster.linkage(_distances(embeddings_ND), method="ward", preserve_input=False)
    return merges


def cut(merges: np.ndarray, clusters: int) -> Tensor:
    """Cluster of each row, int64 (N,), numbered from 0, after all merges but the last M - 1.

    >>> cut(np.array([[0, 1, 0.5, 2], [2, 3, 1.0, 2], [4, 5, 9.0, 4]]), clusters=2).tolist()
    [0, 0, 1, 1]
    """
    rows = len(merges) + 1
    parents = list(range(2 * rows - 1))
    for number, (first, second) in enumerate(merges[: rows - clusters, :2].astype(int).tolist()):
        parents[first] = parents[second] = rows + number
    for node in range(2 * rows - clusters - 1, -1, -1):  # parents have higher numbers, so theirs are already final
        parents[node] = parents[parents[node]]
    clusters_N: Tensor = torch.unique(torch.tensor(parents[:rows]), return_inverse=True)[1]
    return clusters_N


def nearest(embeddings_ND: Tensor, means_MD: Tensor) -> Tensor:
    """Number of the nearest mean of each row, int64 (N,); ties go to the lower number."""
    centre_D = means_MD.mean(0)
    centred_MD = means_MD - centre_D
    offset_M = centred_MD.square().sum(1) / 2 + centred_MD @ centre_D
    nearest_N = torch.empty(len(embeddings_ND), dtype=torch.int64)  # filled in place, without a copy of the table
    for start in range(0, len(embeddings_ND), 8 * BLOCK):
        part = slice(start, start + 8 * BLOCK)
        nearest_N[part] = (offset_M - embeddings_ND[part] @ centred_MD.T).argmin(1)
    return nearest_N


def _distances(embeddings_ND: Tensor) -> np.ndarray:
    """Euclidean distance of every pair, float64, in scipy's condensed order (0,1), (0,2), ..., (1,2), ...

    Rows are centred first: where all lie far from the origin, |a|^2 + |b|^2 - 2ab would cancel. Where it still cancels,
    between rows of tight groups far apart, the block is recomputed in float64.
    """
    centred_ND = embeddings_ND.float() - embeddings_ND.double().mean(0).float()
    squares_N = centred_ND.square().sum(1)
    rows = len(centred_ND)
    condensed, filled = np.empty(rows * (rows - 1) // 2), 0
    for start in range(0, rows, BLOCK):
        block_BD = centred_ND[start : start + BLOCK]
        sums_BN = squares_N[start : start + BLOCK].unsqueeze(1) + squares_N[start:]
        squares_BN = torch.addmm(sums_BN, block_BD, centred_ND[start:].T, alpha=-2)
        if torch.triu(squares_BN < CANCELLED * sums_BN, diagonal=1).any():
            wide_BD, wide_ND = block_BD.double(), centred_ND[start:].double()
            sums_BN = wide_BD.square().sum(1).unsqueeze(1) + wide_ND.square().sum(1)
            squares_BN = sums_BN.addmm_(wide_BD, wide_ND.T, alpha=-2)
        distances_BN = squares_BN.clamp_min_(0).sqrt_().numpy()
        for row in range(len(block_BD)):
            pairs = rows - start - row - 1
            condensed[filled : filled + pairs] = distances_BN[row, row + 1 :]
            filled += pairs
    return condensed
