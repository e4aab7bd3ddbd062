"""Reads JSON files of a run, which may have been changed since: one sentence names the file, the entry and what was found."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alft.system.excerpt import excerpt

DEEPEST = 20
"""Maximum depth of nested entries: several times that of any file of a run."""

LARGEST = 2**63 - 1
"""Maximum size of a whole number: what a table can hold as an integer."""

LONGEST = 4_000
"""Maximum number of digits of an integer that Python is asked to read; longer ones count as infinite."""


def read_json(path: Path) -> Any:
    """Contents of a JSON file in which every number is finite and every text can be written.

    Raises:
        ValueError: It is not JSON, or holds something else; the message names the file and the entry.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_int=_whole_number)
    except RecursionError as error:
        raise ValueError(f"{path} is not JSON that can be used: it is nested deeper than {DEEPEST} levels") from error
    except ValueError as error:  # UnicodeDecodeError included
        raise ValueError(f"{path} is not JSON: {error}") from error
    if fault := next(_faults(found, ()), None):
        raise ValueError(f"{path}: {fault}")
    return found


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST else float(digits)


def _faults(value: Any, place: tuple[str | int, ...]) -> Iterator[str]:
    """Sentences about entries that no file of a run has."""
    name = ".".join(map(str, place)) or "it"
    if len(place) > DEEPEST:
        yield f"{excerpt(name)} is nested deeper than {DEEPEST} levels"
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _unwritable(key, f"the name of an entry of {name}")
            yield from _faults(entry, (*place, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _faults(entry, (*place, number))
    elif isinstance(value, str):
        yield from _unwritable(value, name)
    elif (isinstance(value, float) and not math.isfinite(value)) or (isinstance(value, int) and abs(value) > LARGEST):
        yield f"{name} must be a finite number of at most 2^63, got {excerpt(value)}"


def _unwritable(text: str, name: str) -> Iterator[str]:
    """A sentence about a text that holds half of a surrogate pair, which no encoding can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        yield f"{name} must be a text in Unicode, got {excerpt(text)}"
