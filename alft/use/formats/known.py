"""Finds a format by its name."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from alft.system.subclasses import subclasses
from alft.use.formats.base import Format

OTHERS = {"base", "known"}


def names() -> list[str]:
    """Names of all formats."""
    return sorted(found.name for found in iter_modules([str(Path(__file__).parent)]) if found.name not in OTHERS)


def format_of(name: str) -> Format:
    """The format with a name.

    Raises:
        ValueError: There is none.
    """
    if name not in names():
        raise ValueError(f"export: --format must be one of {', '.join(names())}, got {name!r}")
    module = import_module(f"alft.use.formats.{name}")
    (kind,) = [kind for kind in subclasses(Format) if kind.__module__ == module.__name__]
    found: Format = kind()
    return found
