"""Vectors distributed like sentence embeddings, and their clustering with the default settings.

A separate file with few imports, so that a process that only measures memory starts fast.
"""

from functools import cache

import torch
from torch import Tensor

from alft.selection.clustering import distances_to_means
from alft.selection.ward import Ward


@cache
def embeddings(rows: int, width: int = 384) -> Tensor:
    """Generate vectors of a few broad topics in a wide continuum, float32 (N, D)."""
    random_numbers = torch.Generator().manual_seed(rows)
    topics = torch.randn(60, width, generator=random_numbers)
    vectors_ND = torch.randn(rows, width, generator=random_numbers)
    for part_BD in torch.split(vectors_ND, 10_000):  # a second table would not fit in memory next to a large one
        part_BD.add_(topics[torch.randint(0, 60, (len(part_BD),), generator=random_numbers)], alpha=0.3)
    return vectors_ND


def cluster(points_ND: Tensor) -> Tensor:
    """Cluster a pool with the default settings."""
    return Ward(10)(points_ND, 0)


def cluster_by_sample(points_ND: Tensor) -> Tensor:
    """Cluster by a sample, as for large pools, regardless of size, and compute the distances that an acquisition may need."""
    return distances_to_means(points_ND, Ward(10).by_sample(points_ND, 0))
