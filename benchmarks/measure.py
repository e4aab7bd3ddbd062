"""Measures ratios in CPU seconds of one thread, both sides alternating in one process, and memory in a separate process."""

import gc
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median

import torch
from torch import Tensor

from alft.system.memory import peak_memory, restart_peak
from benchmarks.vectors import embeddings


@dataclass(frozen=True)
class Row:
    """A line of the table: what was compared, the target, the result, and whether it meets the target."""

    what: str
    target: str
    measured: str
    met: bool

    def __str__(self) -> str:
        """The row as a line of Markdown; the words of the verdict occur nowhere else."""
        return f"| {self.what} | {self.target} | {self.measured} | {'pass' if self.met else 'FALLS SHORT'} |"


def at_most(what: str, limit: float, value: float, more: str = "") -> Row:
    """A row whose figure must not be above a limit."""
    return Row(what, f"<= {limit:g}", f"{value:.4g}{more}", value <= limit)


def at_least(what: str, limit: float, value: float, more: str = "") -> Row:
    """A row whose figure must not be below a limit."""
    return Row(what, f">= {limit:.3g}", f"{value:.4g}{more}", value >= limit)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turn(*works: Callable[[], object], times: int) -> list[list[float]]:
    """CPU seconds of each piece of work, run in alternation, so that whatever slows down the machine affects all of them."""
    rounds = [[seconds(work) for work in works] for _ in range(times)]
    return [list(column) for column in zip(*rounds, strict=True)]


def ratio_of_medians(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Ours over theirs."""
    return median(ours) / median(theirs)


def ratio_of_minima(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Ours over theirs, for cases where a few per cent matter: noise can only add."""
    return min(ours) / min(theirs)


def gflops(dtype: torch.dtype) -> float:
    """Rate of the matrix product that dominates the time of an encoder, 1,024 tokens through 384 x 1,536."""
    tokens, weight = torch.ones(1024, 384, dtype=dtype), torch.ones(1536, 384, dtype=dtype)
    best = min(seconds(lambda: [torch.nn.functional.linear(tokens, weight) for _ in range(20)]) for _ in range(10))
    return 20 * 2 * 1024 * 384 * 1536 / best / 1e9


def mib_above(work: Callable[[Tensor], object], *sizes: int) -> list[float]:
    """Peak MiB of work on a table of vectors, excluding the table, in a new process.

    Args:
        work: A module-level function, which another process can import.
        sizes: Rows of the tables; one figure each.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return [process.submit(_mib_above, work, size).result() for size in sizes]


def _mib_above(work: Callable[[Tensor], object], size: int) -> float:
    torch.set_num_threads(1)
    table = embeddings.__wrapped__(size)  # not cached
    work(table[:100])  # libraries load what they need on the first call
    restart_peak()
    before = peak_memory()["memory_mib"]
    work(table)
    after = peak_memory()["memory_mib"]
    assert before is not None
    assert after is not None
    return after - before
