"""Leaves no trace of a pass through a model: modes and random state are as before."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def undisturbed(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Restore every submodule's mode and torch's random state on exit, even after an error."""
    modes = [(submodule, submodule.training) for submodule in module.modules()]
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            for submodule, mode in modes:
                submodule.training = mode
