"""How is a ratio measured? CPU seconds of one thread, both sides in one process and in turn."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """A line of the table: what was compared, what was asked for, what came out, and whether that is enough."""

    what: str
    target: str
    measured: str
    met: bool

    def __str__(self) -> str:
        """A line of Markdown; the verdict's words occur nowhere else."""
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


def in_turn(*works: Callable[[], object], times: int = 3) -> list[list[float]]:
    """CPU seconds of each piece of work, all of them once, then all again: what slows the machine down slows all of them."""
    rounds = [[seconds(work) for work in works] for _ in range(times)]
    return [list(column) for column in zip(*rounds, strict=True)]


def ratio_of_medians(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Ours over theirs."""
    return median(ours) / median(theirs)


def ratio_of_minima(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Ours over theirs, where a few per cent matter: noise only ever adds."""
    return min(ours) / min(theirs)
