"""Cuts rows into chunks of similar length, for passes over many texts.

Chunks are made for all rows before they are distributed or used, so that what is computed for a row does not depend on the
number of processes.
"""

from torch import Tensor

CHUNK_TOKENS = {"cpu": 1024, "cuda": 16384, "mps": 4096}
"""Padded tokens per chunk: on a CPU larger chunks exceed the cache and are slower; the other values are not measured."""
LEAST_REAL = 0.95
"""Minimum share of real tokens in a chunk."""


def chunk_tokens(device: str) -> int:
    """Padded tokens per chunk on a kind of device."""
    return CHUNK_TOKENS.get(device, 4096)


def make_chunks(lengths_N: Tensor, rows: Tensor, tokens: int) -> list[Tensor]:
    """Cut rows, sorted by length, into chunks of at most ``tokens`` padded tokens, of which at most a twentieth is padding.

    A row with more than ``tokens`` tokens forms a chunk of its own.

    >>> import torch
    >>> make_chunks(torch.tensor([30, 29, 1, 30]), torch.tensor([0, 1, 2, 3]), tokens=60)
    [tensor([2]), tensor([1, 0]), tensor([3])]
    """
    order = rows[lengths_N[rows].sort(stable=True).indices]
    chunks, start, real = [], 0, 0
    for end, length in enumerate(lengths_N[order].tolist()):
        # Sorted: the newest row is the longest, so it sets the width of the whole chunk.
        padded = (end - start + 1) * length
        if end > start and (padded > tokens or real + length < LEAST_REAL * padded):
            chunks.append(order[start:end])
            start, real = end, 0
        real += length
    return [*chunks, order[start:]] if len(order) else []
