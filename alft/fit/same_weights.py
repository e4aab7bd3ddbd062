"""Watches that the weights which are measured are those of the checkpoints, whatever callbacks do.

Lightning's callbacks that exchange weights are refused by their class; what a callback of the user does shows only in the
weights.
"""

from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from alft.system.run_files import best_checkpoint, last_checkpoint


class SameWeights(Callback):
    """Refuses to go on when another callback has exchanged the weights for a measurement; it must be the last callback.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._measured = b""

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the weights that are measured."""
        self._measured = digest(pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare them with the weights that the checkpoint will hold."""
        if digest(pl_module) != self._measured:
            raise ValueError(
                _sentence(trainer, "the weights measured on validation are not those that the checkpoint would hold")
            )

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare the weights that are tested with the checkpoints."""
        known = trainer.strategy.broadcast(not trainer.is_global_zero or self._is_saved(pl_module))
        if not known:
            raise ValueError(_sentence(trainer, f"the weights to be tested are in no checkpoint of {self.folder}"))

    def _is_saved(self, module: LightningModule) -> bool:
        files = [path for path in (last_checkpoint(self.folder), best_checkpoint(self.folder)) if path.is_file()]
        return not files or any(_equal(module, path) for path in files)


def digest(module: LightningModule) -> bytes:
    """The sum of each weight, which differs where weights do; as bytes, since no number equals a NaN."""
    sums = [parameter.detach().sum(dtype=torch.float32) for parameter in module.parameters()]
    return _bytes(torch.stack(sums)).numpy().tobytes()


def _equal(module: LightningModule, path: Path) -> bool:
    saved: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu", mmap=True)["state_dict"]
    held = module.state_dict()
    return held.keys() == saved.keys() and all(torch.equal(_bytes(held[name]), _bytes(saved[name])) for name in saved)


def _bytes(values: Tensor) -> Tensor:
    return values.detach().cpu().contiguous().reshape(-1).view(torch.uint8)


def _sentence(trainer: Any, found: str) -> str:
    names = [type(callback).__name__ for callback in trainer.callbacks if not type(callback).__module__.startswith("alft.")]
    return (
        f"trainer.callbacks: {found}, so that the summary and an exported model would disagree; a callback changed them "
        f"(there are {', '.join(names) or 'none'}): leave it out"
    )
