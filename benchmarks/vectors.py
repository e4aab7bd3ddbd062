"""What is clustered? Vectors that lie as sentence embeddings do, divided as the defaults do it.

A file of its own with few imports, so that a process that only measures memory starts fast.
"""

from functools import cache

import torch
from torch import Tensor

from alft.selection.clustering import distances_to_means
from alft.selection.ward import Ward


@cache
def embeddings(rows: int, width: int = 384) -> Tensor:
    """A few broad topics in a wide continuum, float32 (N, D)."""
    random_numbers = torch.Generator().manual_seed(rows)
    topics = torch.randn(60, width, generator=random_numbers)
    vectors_ND = torch.randn(rows, width, generator=random_numbers)
    for part_BD in torch.split(vectors_ND, 10_000):  # a second table would not fit beside a large one
        part_BD.add_(topics[torch.randint(0, 60, (len(part_BD),), generator=random_numbers)], alpha=0.3)
    return vectors_ND


def cluster(points_ND: Tensor) -> Tensor:
    """Divide a pool as the defaults do."""
    return Ward(10)(points_ND, 0)


def cluster_by_sample(points_ND: Tensor) -> Tensor:
    """Divide as large pools are divided, whatever the size, and measure the distances that a score may want."""
    return distances_to_means(points_ND, Ward(10).by_sample(points_ND, 0))
