"""Presets: ``--config preset:NAME`` is a config file shipped with the package, in the folder ``alft/presets``."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from alft.cli.sentences import nearest

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


def _path(value: str) -> str:
    known, name = preset_files(), value.removeprefix(PREFIX)
    if name not in known:
        raise ValueError(f"config: there is no preset {name}{nearest(name, set(known))} Known: {', '.join(known)}")
    return str(known[name])
