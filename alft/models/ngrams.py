"""Counts of the n-grams of tokens, hashed to a fixed number of columns, as tensor operations that any device and ONNX can run.

Axes: B texts, L tokens, S columns.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

PRIME = 2**31 - 1
"""Hashes are below it, so that a product of two fits into 64 bits."""

STEP, SPREAD = 1_103_515_245, 1_540_483_477
"""Factors of the hash of a sequence, and of its column: any large numbers below the prime, for ever the same."""


def ngram_counts(ids_BL: Tensor, mask_BL: Tensor, longest: int, size: int) -> Tensor:
    """Signed counts (B, S) of the runs of 1 to ``longest`` tokens, over the square root of their number.

    Each n-gram adds 1 or -1 to one of S columns, both by its hash, so that inner products are right on average whatever
    collides (count sketch: Weinberger et al., 2009, arXiv 0902.2206). A text has a length of about 1.

    Args:
        ids_BL: Token numbers.
        mask_BL: 1 at real tokens; an n-gram has no other.
        longest: Tokens of the longest n-gram, at least 1.
        size: S.

    >>> ids, mask = torch.tensor([[7, 8, 9, 1]]), torch.tensor([[1, 1, 1, 0]])
    >>> counts = ngram_counts(ids, mask, longest=2, size=4096)
    >>> int((counts != 0).sum()), round(float(counts.square().sum()), 3)
    (5, 1.0)
    """
    columns, signs = [], []
    hash_BL, real_BL = torch.zeros_like(ids_BL), torch.ones_like(mask_BL).bool()
    for length in range(1, longest + 1):
        before_BL = pad(hash_BL[:, :-1], (1, 0)) if length > 1 else hash_BL
        real_BL = (pad(real_BL[:, :-1], (1, 0)) if length > 1 else real_BL) & mask_BL.bool()
        hash_BL = (before_BL * STEP + ids_BL + length) % PRIME
        drawn_BL = hash_BL * SPREAD % PRIME
        columns.append(drawn_BL % size)
        signs.append((1 - 2 * (drawn_BL // size % 2)) * real_BL)
    signs_BG = torch.cat(signs, 1).to(torch.float32)
    counts_BS = torch.zeros(ids_BL.shape[0], size, device=ids_BL.device).scatter_add(1, torch.cat(columns, 1), signs_BG)
    return counts_BS / signs_BG.abs().sum(1, keepdim=True).clamp(min=1).sqrt()
