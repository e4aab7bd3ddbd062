"""Writes ``config.yaml`` when training is set up, so that a run that is refused leaves no files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from alft.record.config_file import write_config


class ConfigFile(Callback):
    """Writes the settings of a run.

    Args:
        folder: The run's folder.
        settings: The settings of ``fit``, as plain values.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = settings

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write the file, on the first process."""
        if stage == "fit" and trainer.is_global_zero:
            write_config(self.folder, self.settings)
