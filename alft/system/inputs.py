"""Collects what a layer reads while a network runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def inputs_of(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the first input of a layer, float32 on the CPU, one entry for each pass through it."""
    seen: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0].detach().float().cpu())

    handle = layer.register_forward_pre_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()
