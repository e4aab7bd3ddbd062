"""Seeds of all random streams of a run, derived from (seed, purpose, epoch, ...).

A stream that is a function of its name can be drawn again after a restart, in another process or on another machine,
so no random state ever needs to be stored.
"""

from hashlib import blake2b

import torch


def mix(*parts: int | str) -> int:
    """Hash numbers and words into one seed in [0, 2^63), equal on every machine and Python version.

    >>> mix(0, "scores", 3) == mix(0, "scores", 3)
    True
    >>> mix(0, "scores", 3) == mix(0, "scores", 4)
    False
    """
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*parts: int | str) -> torch.Generator:
    """A new CPU generator seeded by :func:`mix` of the parts."""
    return torch.Generator().manual_seed(mix(*parts))
