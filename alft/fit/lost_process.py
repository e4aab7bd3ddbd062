"""Recognises that another process of the run has died: the others fail in whatever they were telling each other."""

from typing import Any

import torch.distributed

TRANSPORTS = ("gloo", "nccl")
"""Names by which torch's transports sign their errors, which are plain RuntimeErrors in part."""


def lost_process(trainer: Any, error: RuntimeError) -> str | None:
    """What became of another process of the run, if an error comes from its death.

    Args:
        trainer: The Trainer; None before there is one.
        error: What this process failed with.
    """
    if trainer is None or trainer.world_size == 1:
        return None
    ended = [process.poll() for process in getattr(trainer.strategy.launcher, "procs", [])]
    codes = [str(code) for code in ended if code]
    if codes:
        return f"another process of the run has ended (exit code {', '.join(codes)})"
    told_by_torch = isinstance(error, torch.distributed.DistError)
    if told_by_torch or any(name in str(error).lower() for name in TRANSPORTS):
        return "another process of the run has ended, or cannot be reached"
    return None
