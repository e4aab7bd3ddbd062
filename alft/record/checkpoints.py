"""Writes and reads checkpoints: two per run, each replaced atomically, so a kill leaves the old or the new one."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any
from zipfile import ZipFile

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins import TorchCheckpointIO

from alft.data.pool import TextPool
from alft.models.head import is_record
from alft.selection.ledger import Ledger
from alft.system.earlier import current_ledger
from alft.system.excerpt import excerpt
from alft.system.output import write_atomically
from alft.system.run_files import CHECKPOINTS, best_checkpoint

EXAMPLE = "such as runs/maltese/version_0/checkpoints/last.ckpt"

TO_GO_ON = {"optimizer_states", "lr_schedulers", "callbacks"}
"""Entries that a checkpoint of weights alone lacks, from which no run can go on."""

NEEDED = {"epoch", "global_step", "state_dict", "loops", "hyper_parameters", TextPool.__qualname__} | TO_GO_ON
"""Entries of a whole checkpoint."""

READ = {"processes", "stopped", "fingerprint", "text_column", "max_length"}
"""Entries of the DataModule."""

LEDGER = Ledger(torch.ones(1, dtype=torch.bool)).state_dict().keys()

BLOCKS = ("lora", "epinet")
"""Model settings with settings of their own."""

CLASS_KEYS = ("class_path", "init_args", "dict_kwargs", "_class_path")
PLAIN = (str, int, float, bool, NoneType)

Checkpoint = dict[str, Any]


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a temporary file next to the old one and then replaces it.

    Lightning's own version goes through the system's temporary folder, from which the file is copied if that is another disk,
    so a kill can leave a partial file; it also holds the whole file in memory first.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None) -> None:
        """Write a checkpoint to a local path."""
        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)

        def write(beside: Path) -> None:
            try:
                with beside.open("wb") as file:
                    torch.save(checkpoint, file)
            except RuntimeError as error:  # raised by torch over the OSError that gives the cause, such as a full disk
                raise error.__context__ if isinstance(error.__context__, OSError) else error from None

        write_atomically(place, write)


class RunCheckpoint(ModelCheckpoint):
    """Keeps one checkpoint of a run, and finds it again after the run's folder was moved."""

    _of_earlier_epochs: Mapping[str, Any] = {}

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note what was logged before this epoch."""
        self._of_earlier_epochs = dict(trainer.logged_metrics)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add what was logged in this epoch to its line, then write the checkpoint.

        Lightning passes the metrics of an epoch to the loggers after it writes the checkpoint, which must already hold them.
        """
        line = trainer.datamodule.ledger.metrics.setdefault(trainer.current_epoch, {})  # type: ignore[attr-defined]
        for name, value in trainer.logged_metrics.items():
            is_new = value is not self._of_earlier_epochs.get(name)
            # What comes from self.log is a tensor; plain numbers were handed to the loggers by step.
            if is_new and isinstance(value, torch.Tensor) and name not in ("epoch", "step"):
                line[name] = float(value)
        super().on_train_epoch_end(trainer, pl_module)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best epoch so far, with its paths updated to the run's current folder."""
        there = Path(state_dict["dirpath"])

        def here(value: Any) -> Any:
            if isinstance(value, dict):
                return {here(key): entry for key, entry in value.items()}
            inside = isinstance(value, str) and value and Path(value).parent == there
            return str(Path(str(self.dirpath), Path(value).name)) if inside else value

        moved = {key: here(value) for key, value in state_dict.items()}
        super().load_state_dict({**moved, "dirpath": self.dirpath})


def run_checkpoints(folder: Path) -> list[Callback]:
    """``last.ckpt`` of the newest epoch and ``best.ckpt`` of the best on validation; only these two, since they are large."""
    place: dict[str, Any] = {
        "dirpath": folder / CHECKPOINTS,
        "save_on_train_epoch_end": True,
        "enable_version_counter": False,
    }
    # last.ckpt comes last: a run resumes from it, so it must include the state of the other callback.
    return [
        RunCheckpoint(filename="best", monitor="val_f1_macro", mode="max", **place),
        RunCheckpoint(filename="last", **place),
    ]


def refuse_same_files(callbacks: Iterable[Callback], folder: Path) -> None:
    """Refuse callbacks of the user that would write over alft's own checkpoints.

    Args:
        callbacks: Those of the user.
        folder: The run's folder.

    Raises:
        ValueError: The message names the argument of the callback.
    """
    ours = os.path.realpath(folder / CHECKPOINTS)
    for callback in callbacks:
        if not isinstance(callback, ModelCheckpoint) or callback.dirpath not in (None, ours):
            continue
        name = type(callback).__name__
        if callback.save_last:
            raise ValueError(f"trainer.callbacks: save_last of {name} writes last.ckpt, which every run has; leave it out")
        if callback.filename in ("best", "last"):
            raise ValueError(
                f"trainer.callbacks: {name} would write over {callback.filename}.ckpt, which every run has; "
                "give it another filename"
            )


def read_checkpoint(path: str | Path | None, setting: str = "ckpt_path", instead: str = EXAMPLE) -> Checkpoint:
    """Read a checkpoint; its tensors stay on disk until they are used.

    Args:
        path: The file.
        setting: What named the file, for error messages.
        instead: What to give instead, for error messages.

    Raises:
        ValueError: The file does not exist, is not a checkpoint of alft, or was damaged.
    """
    place = None if path is None else Path(path).expanduser()
    if place is None or not place.is_file():
        raise ValueError(f"{setting} must be the checkpoint file of a run, {instead}, got {excerpt(str(path))}")
    refusal = f"{setting}: {place} is not the checkpoint of a run of this version of alft, or is damaged; give one {instead}"
    try:
        with ZipFile(place) as file:  # torch reads damaged tensors without a word
            assert file.testzip() is None
        checkpoint: Checkpoint = torch.load(place, weights_only=True, map_location="cpu", mmap=True)
        reading, ledger = reading_of(checkpoint), reading_of(checkpoint)["ledger"]
        needed = NEEDED - TO_GO_ON if TO_GO_ON.isdisjoint(checkpoint) else NEEDED
        missing = [*needed - checkpoint.keys(), *READ - reading.keys(), *LEDGER - current_ledger(ledger).keys()]
        checkpoint["hyper_parameters"]["label_names"], checkpoint["hyper_parameters"]["backbone"]
    except Exception as error:  # any file may be given, and unpickling may raise any error
        raise ValueError(refusal) from error
    if missing:
        raise ValueError(f"{refusal} (it has no {min(missing)})")
    refuse_classes(checkpoint["hyper_parameters"], f"{setting}: {place}")
    return checkpoint


def refuse_unfit_to_resume(checkpoint: Checkpoint, path: Path) -> None:
    """Refuse a checkpoint that was not written at the end of an epoch, or that holds weights alone.

    Raises:
        ValueError: The message says why.
    """
    if "optimizer_states" not in checkpoint:
        raise ValueError(f"ckpt_path: {path} holds weights alone, a run goes on from its last.ckpt")
    if checkpoint["epoch"] not in reading_of(checkpoint)["ledger"]["validation"]:
        raise ValueError(f"ckpt_path: {path} was written within epoch {checkpoint['epoch']}, a run goes on from its last.ckpt")


def read_best(run: Path) -> Checkpoint:
    """Read the checkpoint that a run with ``test_on best`` tests at its end."""
    return read_checkpoint(best_checkpoint(run), "test_on best", "that is whole, or start another run")


def refuse_classes(settings: dict[str, Any], origin: str) -> None:
    """Refuse model settings that are not plain values: Lightning's parser would import and call a class that they name.

    Args:
        settings: The model's settings in a checkpoint.
        origin: Setting and file, the beginning of the error message.

    Raises:
        ValueError: A setting is no number, word, list of words or block of these, or names a class, other than a head that has
            been imported.
    """
    for name, value in settings.items():
        if name in BLOCKS and isinstance(value, dict):
            entries = dict(value)
        elif name == "head" and is_record(value):
            entries = dict(value["init_args"])
        elif name == "label_names" and isinstance(value, list):
            entries = dict(enumerate(value))
        else:
            entries = {name: value}
        foreign = [key for key, entry in entries.items() if key in CLASS_KEYS or not isinstance(entry, PLAIN)]
        if foreign or (name in BLOCKS and isinstance(value, str)):
            raise ValueError(
                f"{origin} has a model setting {excerpt(name)} that is not plain ({excerpt(value)}) and is not used"
            )


def reading_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """State saved by the DataModule: ledger, fingerprint, text_column and max_length."""
    state: dict[str, Any] = checkpoint[TextPool.__qualname__]
    return state
