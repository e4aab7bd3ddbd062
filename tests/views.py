"""What an acquisition sees of a pool, made of the parts that a test is about."""

import torch

from alft.selection.acquisition import PoolView
from alft.selection.seeds import generator


def pool_view(size: int, *, seed: int | str = 0, **parts: object) -> PoolView:
    """A view of ``size`` rows in one cluster, nothing bought; parts that are not given are empty or zero."""
    none = torch.zeros(size, dtype=torch.bool)
    defaults: dict[str, object] = {
        "probs_KNC": torch.zeros(0, size, 2),
        "clusters_N": torch.zeros(size, dtype=torch.int64),
        "distances_N": torch.zeros(size),
        "embeddings_ND": torch.zeros(size, 0),
        "features_NF": torch.zeros(size, 0),
        "bought_N": none,
        "taken_N": none,
        "space": "encoder",
    }
    assert parts.keys() <= defaults.keys()
    return PoolView(**{**defaults, **parts}, generator=generator(seed))  # type: ignore[arg-type]
