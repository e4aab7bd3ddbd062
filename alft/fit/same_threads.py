"""Keeps the number of threads of a run: sums in another order round differently, so that a run would not go on to the bit."""

from typing import Any

import torch
from lightning import Callback
from threadpoolctl import ThreadpoolController

from alft.record.workspace import is_first_process
from alft.system.terminal import show

TORCH = "torch"


class SameThreads(Callback):
    """Stores in the checkpoint how many threads torch and the libraries of linear algebra use, and sets them again."""

    def state_dict(self) -> dict[str, Any]:
        """Threads by library."""
        return {"threads": threads()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Set the threads with which the run began, and tell so where others were set."""
        began, here = state_dict["threads"], threads()
        differing = [name for name in began if here.get(name, began[name]) != began[name]]
        if differing:
            set_threads(began)
        if differing and is_first_process():
            told = ", ".join(f"{name} {began[name]} (here {here[name]})" for name in differing)
            show(f"threads as the run began, so that it goes on to the bit: {told}")


def threads() -> dict[str, int]:
    """Numbers of threads, of torch and of the other loaded libraries by their kind (``blas``, ``openmp``)."""
    libraries = [library for library in ThreadpoolController().info() if "/torch/" not in library["filepath"]]
    return {**{str(library["user_api"]): int(library["num_threads"]) for library in libraries}, TORCH: torch.get_num_threads()}


def set_threads(counts: dict[str, int]) -> None:
    """Set numbers of threads, as :func:`threads` gives them."""
    libraries = {name: count for name, count in counts.items() if name != TORCH}
    ThreadpoolController().limit(limits=libraries)
    torch.set_num_threads(counts[TORCH])  # after the others: torch has a library of their kind, too
