"""Reads label cells from every source: the one place that decides what a cell is (method.md 9)."""

import ast
import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import datasets

from alft.system.cells import SCALARS, is_missing
from alft.system.excerpt import excerpt

Kind = TypeVar("Kind")

JOINT = ";"
"""What joins several labels in a string."""

STRING = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
PART = re.compile(rf"{STRING}|[^\s\[\],'\"]+")
ARRAY = re.compile(rf"\[\s*(?:{STRING}|-?\d+)(?:\s+(?:{STRING}|-?\d+))+\s*\]")
"""A list as numpy writes it, without commas: Python would join its strings."""

CHOICE = ("choices", "choice", "labels", "label", "accept", "value")
"""Keys under which annotation tools write the chosen label of a text."""


def read_labels(cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[str | None]:
    """Label cells as names; None where a cell holds no label.

    A label is a word or a number. An annotation tool may write it as a list of one (``["pos"]``), as an object with its choice
    (``{"choices": ["pos"]}``) or as flags (``{"pos": 1, "neg": 0}``), also inside a string. Empty cells, empty lists and
    negative class numbers are no label. Numbers are written without a decimal point where they have no fraction.

    Args:
        cells: One cell per row.
        feature: Type of the column, if the source provides one; class numbers become names by it.
        where: Location of a row.

    Raises:
        ValueError: A cell holds several labels or none that can be recognised; the message gives its location.
    """
    numbers = class_names_of(feature)
    return each_cell(cells, lambda cell: label_of(cell, numbers), where, "one label")


def label_of(cell: Any, class_names: Sequence[str] | None = None) -> str | None:
    """The label in one cell.

    >>> [label_of(cell) for cell in ("pos", ["pos"], {"choices": ["pos"]}, {"pos": 1, "neg": 0}, '["pos"]', [], None, 1.0)]
    ['pos', 'pos', 'pos', 'pos', 'pos', None, None, '1']
    """
    if isinstance(cell, str):
        written = written_value(cell)
        return label_of(written, class_names) if written is not None else cell.strip() or None
    if is_missing(cell):
        return None
    if isinstance(cell, Mapping):
        return label_of(_chosen(cell), class_names)
    if isinstance(cell, list | tuple):
        if len(cell) > 1:
            raise ValueError(f"holds {len(cell)} labels, {excerpt(cell)}, where one is expected; keep one per row")
        if cell and isinstance(cell[0], list | tuple):
            raise ValueError(f"holds {excerpt(cell)}, a list of lists, where one label is expected")
        return label_of(cell[0], class_names) if cell else None
    if not isinstance(cell, SCALARS):
        raise ValueError(f"holds {excerpt(cell)} ({type(cell).__name__}), which is no label: a word or a number is expected")
    if class_names is not None and isinstance(cell, int) and not isinstance(cell, bool):
        return _name_of_number(cell, class_names)
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def read_label_sets(cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[tuple[str, ...] | None]:
    """Label cells that may hold several names; None where a cell holds no label, which an empty list is not.

    A cell is a list of labels, an object with choices or flags, the same written out in a string, or a string of names joined
    by semicolons. Names are in the order of the cell, each once.

    Args:
        cells: One cell per row.
        feature: Type of the column, if the source provides one; class numbers become names by it.
        where: Location of a row.

    Raises:
        ValueError: A cell holds something else; the message gives its location.
    """
    numbers = class_names_of(feature)
    return each_cell(cells, lambda cell: label_set_of(cell, numbers), where, "labels")


def label_set_of(cell: Any, class_names: Sequence[str] | None = None) -> tuple[str, ...] | None:
    """The labels in one cell.

    >>> [label_set_of(cell) for cell in (["a", "b"], "a; b", '["a"]', {"a": 1, "b": 0}, "[]", "", None, "a")]
    [('a', 'b'), ('a', 'b'), ('a',), ('a',), (), None, None, ('a',)]
    """
    if isinstance(cell, str):
        written = written_value(cell)
        cell = written if written is not None else [part for part in cell.split(JOINT) if part.strip()] or None
    if is_missing(cell):
        return None
    if isinstance(cell, Mapping):
        cell = _chosen(cell)
    parts = cell if isinstance(cell, list | tuple) else [cell]
    if any(isinstance(part, list | tuple | Mapping) for part in parts):
        raise ValueError(f"holds {excerpt(cell)}, a list of lists or objects, where labels are expected")
    found = [label_of(part, class_names) for part in parts]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def in_order(names: set[str], feature: Any) -> list[str]:
    """Label names in the data set's own order, else numerically if all are numbers, else alphabetically."""
    class_names = class_names_of(feature)
    if class_names is not None:
        return [name for name in class_names if name in names]
    if all(_is_number(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))  # the order of "1" and "1.0" must not depend on set order
    return sorted(names)


def missing_numbers(names: Collection[str]) -> set[str]:
    """Names that mean a missing label: -1 beside at least two class numbers from 0 on.

    >>> missing_numbers({"-1", "0", "1"}), missing_numbers({"-1", "1"})
    ({'-1'}, set())
    """
    missing = {name for name in names if _is_number(name) and float(name) == -1}
    others = [float(name) for name in names if name not in missing and _is_number(name)]
    classes = len(others) == len(names) - len(missing) >= 2 and all(number >= 0 and number.is_integer() for number in others)
    return missing if classes else set()


def each_cell(
    cells: Sequence[Any], read: Callable[[Any], Kind | None], where: Callable[[int], str], what: str
) -> list[Kind | None]:
    """What is read from each cell, equal strings once; an error gives the place."""
    known: dict[str, Kind | None] = {}
    found = []
    for row, cell in enumerate(cells):
        if type(cell) is str and cell in known:
            found.append(known[cell])
            continue
        try:
            one = read(cell)
        except RecursionError as error:
            raise ValueError(f"holds {excerpt(cell)}, which is nested too deeply to be {what} ({where(row)})") from error
        except ValueError as error:
            raise ValueError(f"{error} ({where(row)})") from error
        if type(cell) is str:
            known[cell] = one
        found.append(one)
    return found


def _name_of_number(number: int, class_names: Sequence[str]) -> str | None:
    if number >= len(class_names):
        raise ValueError(f"holds the class number {number}, but the column has only {len(class_names)} class names")
    return None if number < 0 else class_names[number]


def written_value(cell: str) -> list[Any] | dict[Any, Any] | None:
    """The list or object that a string writes out in JSON or Python; None for an ordinary word."""
    text = cell.strip()
    if text[:1] + text[-1:] not in ("[]", "{}"):
        return None
    if ARRAY.fullmatch(text):
        return [ast.literal_eval(part) if part[0] in "'\"" else part for part in PART.findall(text)]
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return value if isinstance(value, list | dict) else None
    return None


def _chosen(cell: Mapping[Any, Any]) -> Any:
    """The choice in an object of an annotation tool."""
    if len(cell) == 1 and (key := next(iter(cell))) in CHOICE and not isinstance(cell[key], Mapping):
        return cell[key]
    if all(type(flag) in (bool, int, float) and flag in (0, 1) for flag in cell.values()):
        return [name for name, flag in cell.items() if flag]
    raise ValueError(f"holds {excerpt(dict(cell))}, which is not one label: a word or a number is expected")


def class_names_of(feature: Any) -> list[str] | None:
    """Names of class numbers, also inside a list type."""
    while isinstance(feature, datasets.List | datasets.LargeList):
        feature = feature.feature
    return list(feature.names) if isinstance(feature, datasets.ClassLabel) else None


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False
