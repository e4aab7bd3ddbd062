"""Reads and writes ``config.yaml``, the complete settings of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from alft.system.excerpt import excerpt
from alft.system.output import write_text_atomically
from alft.system.run_files import CONFIG


def write_config(folder: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of ``fit``, given as plain values."""
    write_text_atomically(folder / CONFIG, yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True))


def read_config(folder: Path) -> dict[str, Any]:
    """Read the settings of the run in a folder.

    Raises:
        OSError: The file does not exist.
        ValueError: It holds no settings.
    """
    try:
        settings = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{folder / CONFIG} is no YAML file") from error
    if not isinstance(settings, dict):
        raise ValueError(f"{folder / CONFIG} holds no settings")
    for name in ("data", "model", "active", "trainer"):
        if name not in settings:  # half a file may be YAML
            raise ValueError(f"{folder / CONFIG} is not whole, it has no {name}")
        if not isinstance(settings.get(name), dict | None):
            raise ValueError(f"{folder / CONFIG}: {name} must be a block of settings, got {excerpt(settings[name])}")
    return settings
