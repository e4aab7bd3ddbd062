"""Peak memory of this process (MiB) and free memory (GiB)."""

import resource
import sys
from pathlib import Path

import psutil
import torch

Memory = dict[str, float | None]

STATUS = Path("/proc/self/status")
RESTART = Path("/proc/self/clear_refs")
"""Linux resets its peak when a 5 is written to this file."""
FILES = {"memory.max": "memory.current", "memory.limit_in_bytes": "memory.usage_in_bytes"}
"""Files with the memory limit of a container and its current usage, for versions 2 and 1 of control groups."""


def peak_memory() -> Memory:
    """Peak since the last :func:`restart_peak` in MiB: resident (``memory_mib``), and on the GPU, None without one."""
    on_gpu = round(torch.cuda.max_memory_allocated() / 2**20) if torch.cuda.is_available() else None
    return {"memory_mib": round(_resident_mib()), "gpu_memory_mib": on_gpu}


def restart_peak() -> None:
    """Reset the peak; the resident peak is kept on systems with a single peak for the whole process."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        RESTART.write_text("5")
    except OSError:  # not Linux, or a container without a writable /proc
        return


def largest(memories: list[Memory]) -> Memory:
    """Maximum of each figure; None where all are None.

    >>> largest([{"memory_mib": 3, "gpu_memory_mib": None}, {"memory_mib": 5, "gpu_memory_mib": None}])
    {'memory_mib': 5, 'gpu_memory_mib': None}
    """
    known = {name: [size for memory in memories if (size := memory[name]) is not None] for name in memories[0]}
    return {name: max(sizes, default=None) for name, sizes in known.items()}


def free_gib(groups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float:
    """Memory still available: on the machine, or in the container if that is less.

    Args:
        groups: Folder in which Linux reports control groups, by which containers are limited.
        membership: File in which it reports the control groups of this process.
    """
    free: list[int] = [psutil.virtual_memory().available]
    if membership.is_file():
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            root = groups / "memory" if controllers else groups
            if controllers in ("", "memory"):
                inside = root / path.lstrip("/")
                free += [left for folder in (inside, *inside.parents) if (left := _left_in_group(folder)) is not None]
    return min(free) / 2**30


def _left_in_group(folder: Path) -> int | None:
    """Bytes that a control group may still allocate; None without a limit. Cached files that can be dropped count as free."""
    for limit, held in FILES.items():
        if (folder / limit).is_file() and (folder / held).is_file():
            allowed = (folder / limit).read_text().strip()
            if allowed == "max":
                return None
            statistics = folder / "memory.stat"
            cached = [line.split() for line in statistics.read_text().splitlines()] if statistics.is_file() else []
            droppable = sum(int(value) for name, value in cached if name in ("inactive_file", "total_inactive_file"))
            return int(allowed) - int((folder / held).read_text()) + droppable
    return None


def _resident_mib() -> float:
    # On Linux the value of getrusage is inherited from the process that started this one.
    if STATUS.is_file():
        (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
