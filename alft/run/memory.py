"""How much memory has this process held at most, so far?"""

import resource
import sys
from pathlib import Path

import torch

Memory = dict[str, float | None]


def peak_memory() -> Memory:
    """Largest size so far in MiB: resident (``memory_mib``), and of tensors on the GPU, None where there is none."""
    on_gpu = round(torch.cuda.max_memory_allocated() / 2**20) if torch.cuda.is_available() else None
    return {"memory_mib": round(_resident_mib()), "gpu_memory_mib": on_gpu}


def _resident_mib() -> float:
    # On Linux what getrusage says is inherited from the process that started this one.
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
