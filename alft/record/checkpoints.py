"""How do weights reach the disk? Two checkpoints a run, each replaced at one stroke: a kill leaves the old or the new one."""

import os
from pathlib import Path
from typing import Any

import torch
from lightning import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins import TorchCheckpointIO

from alft.use.output import write_atomically


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the old file and then takes its place.

    Lightning's own goes through the system's temporary folder, from where a file is copied if that is another disk, and a kill
    then leaves half of it; and it holds all of the file in memory before.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None) -> None:
        """Write a checkpoint to a local path."""
        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)

        def write(beside: Path) -> None:
            try:
                with beside.open("wb") as file:
                    torch.save(checkpoint, file)
            except RuntimeError as error:  # torch's own, over the system's that says what is wrong, as on a full disk
                raise error.__context__ if isinstance(error.__context__, OSError) else error from None

        write_atomically(place, write)


class RunCheckpoint(ModelCheckpoint):
    """Keeps one checkpoint of a run, and knows it again when the run's folder was moved."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over which epoch was the best so far, as lying where the run lies now."""
        there = Path(state_dict["dirpath"])

        def here(value: Any) -> Any:
            if isinstance(value, dict):
                return {here(key): entry for key, entry in value.items()}
            inside = isinstance(value, str) and value and Path(value).parent == there
            return str(Path(str(self.dirpath), Path(value).name)) if inside else value

        moved = {key: here(value) for key, value in state_dict.items()}
        super().load_state_dict({**moved, "dirpath": self.dirpath})


def run_checkpoints(folder: Path) -> list[Callback]:
    """``last.ckpt`` of the newest epoch and ``best.ckpt`` of the best on validation, no more: they are large."""
    place: dict[str, Any] = {
        "dirpath": folder / "checkpoints",
        "save_on_train_epoch_end": True,
        "enable_version_counter": False,
    }
    # last.ckpt comes last: it is what a run goes on from, so it must know what has become of the other one.
    return [
        RunCheckpoint(filename="best", monitor="val_f1_macro", mode="max", **place),
        RunCheckpoint(filename="last", **place),
    ]
