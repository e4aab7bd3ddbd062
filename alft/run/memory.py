"""How much memory has this process held at most?"""

import resource
import sys

import torch

Memory = dict[str, float | None]


def peak_memory() -> Memory:
    """Largest size so far in MiB: resident (``memory_mib``), and of tensors on the GPU, None where there is none."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    on_gpu = round(torch.cuda.max_memory_allocated() / 2**20) if torch.cuda.is_available() else None
    return {"memory_mib": round(peak / 2**20 if sys.platform == "darwin" else peak / 2**10), "gpu_memory_mib": on_gpu}
