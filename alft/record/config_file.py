"""``config.yaml``: the complete settings of a run, written before anything is scored or trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from lightning import Callback, LightningModule, Trainer

from alft.use.output import write_atomically

NAME = "config.yaml"


class ConfigFile(Callback):
    """Writes the settings when training is set up, so that a run that is refused leaves nothing.

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
            text = yaml.safe_dump(dict(self.settings), sort_keys=False, allow_unicode=True)
            write_atomically(self.folder / NAME, lambda path: path.write_text(text, encoding="utf-8"))


def read_config(folder: Path) -> dict[str, Any]:
    """The settings of the run in a folder.

    Raises:
        OSError: There is no such file.
        ValueError: It holds no settings.
    """
    try:
        settings = yaml.safe_load((folder / NAME).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{folder / NAME} is no YAML file") from error
    if not isinstance(settings, dict):
        raise ValueError(f"{folder / NAME} holds no settings")
    return settings
