"""Config files as typed: ``--config preset:NAME`` is a file of the package, and runs of earlier versions keep their head."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import yaml

from alft.cli.sentences import nearest
from alft.system.earlier import head_settings_of_file

PREFIX = "preset:"


def preset_files() -> dict[str, Path]:
    """Paths of the presets by name."""
    folder = Path(str(files("alft"))) / "presets"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def with_presets(args: Sequence[str]) -> list[str]:
    """Arguments with each ``preset:NAME`` after ``--config`` replaced by the path of its file.

    Raises:
        ValueError: The preset does not exist.

    >>> Path(with_presets(["--config", "preset:linear"])[1]).name
    'linear.yaml'
    """
    values = config_values(args)
    return [
        f"{arg.removesuffix(value)}{_path(value)}" if value is not None and value.startswith(PREFIX) else arg
        for arg, value in zip(args, values, strict=True)
    ]


def with_earlier_heads(args: Sequence[str]) -> list[str]:
    """Arguments with what the config of a run of a version without heads means today, after each such file."""
    added: list[str] = []
    for arg, value in zip(args, config_values(args), strict=True):
        added.append(arg)
        if value is not None and (model := head_settings_of_file(_settings(value))):
            added += ["--config", json.dumps({"model": model})]
    return added


def config_values(args: Sequence[str]) -> list[str | None]:
    """For each argument the config that it names, or None.

    >>> config_values(["fit", "--config", "a.yaml", "--config=b.yaml"])
    [None, None, 'a.yaml', 'b.yaml']
    """
    return [
        arg if before in ("-c", "--config") else arg.removeprefix("--config=") if arg.startswith("--config=") else None
        for before, arg in zip(["", *args], args, strict=False)
    ]


def _settings(path: str) -> object:
    """What a config file holds; None where there is none to read, which the parser tells."""
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None


def _path(value: str) -> str:
    known, name = preset_files(), value.removeprefix(PREFIX)
    if name not in known:
        raise ValueError(f"config: there is no preset {name}{nearest(name, set(known))} Known: {', '.join(known)}")
    return str(known[name])
