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
    replaced, previous = [], ""
    for arg in args:
        option, equals, value = arg.partition("=")
        if previous in ("-c", "--config") and arg.startswith(PREFIX):
            arg = _path(arg)
        elif option == "--config" and value.startswith(PREFIX):
            arg = f"{option}{equals}{_path(value)}"
        replaced.append(arg)
        previous = arg
    return replaced


def with_earlier_heads(args: Sequence[str]) -> list[str]:
    """Arguments with what the config of a run of a version without heads means today, after each such file."""
    added: list[str] = []
    previous = ""
    for arg in args:
        option, equals, value = arg.partition("=")
        added.append(arg)
        path = arg if previous in ("-c", "--config") else value if option == "--config" and equals else None
        if path is not None and (model := head_settings_of_file(_settings(path))):
            added += ["--config", json.dumps({"model": model})]
        previous = arg
    return added


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
