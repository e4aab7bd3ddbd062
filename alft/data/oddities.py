"""Finds what is dubious in a data set that can be trained on all the same; each function returns remarks, mostly none."""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alft.data.readers.table import Table
from alft.system.excerpt import excerpt, listed

USABLE = frozenset({"accept", "submitted"})
LEFT_ASIDE = frozenset({"reject", "ignore", "discarded", "draft", "pending", "skipped"})
"""Values of the column in which annotation tools write what became of a row."""

STATE_TYPES = ("string", "large_string", "bool")
"""Types of such a column, where the source provides types."""

CANCELLED = "was_cancelled"
"""Column in which Label Studio writes that the annotator skipped a row."""

ABSENT = frozenset({"nan", "na", "n/a", "none", "null", "nil", "-", "?", "unknown", "unlabeled", "unlabelled"})
"""Names of classes that probably mean a missing label, in lower case."""

FIRST = 1000
"""Number of texts by which a column of texts is recognised."""

JOINTS = ("#", ",", ";", "|", "/", "+")
"""What joins several labels in one cell."""


def look_alikes(names: Sequence[str]) -> list[str]:
    """A remark on labels that are equal apart from case, Unicode form, invisible characters, spaces or zeros."""
    alike: dict[object, list[str]] = defaultdict(list)
    for name in names:
        alike[essence(name)].append(name)
    groups = [" and ".join(map(ascii, group)) for group in alike.values() if len(group) > 1]  # ASCII shows what is invisible
    if not groups:
        return []
    return [f"warning: labels that look alike are different classes: {listed(groups)}; write them alike if they mean the same"]


def dubious_names(names: Sequence[str]) -> list[str]:
    """Remarks on classes that probably mean a missing label, or several labels in one cell."""
    absent = [name for name in names if name.lower() in ABSENT]
    single = set(names)
    joined = [name for name in names for joint in JOINTS if joint in name and _parts(name, joint) <= single]
    remarks = []
    if absent:
        remarks.append(f"warning: classes that may mean a missing label: {listed(absent)}; empty these cells if they do")
    if joined:
        remarks.append(f"warning: classes that may be several labels in one cell: {listed(joined)}; keep one label per row")
    return remarks


def not_learnable(names: Sequence[str], labels: Iterable[int]) -> list[str]:
    """A remark on classes without a row in the pool, and one on classes with a single row."""
    rows = Counter(labels)
    none = [name for number, name in enumerate(names) if not rows[number]]
    one = [name for number, name in enumerate(names) if rows[number] == 1]
    remarks = []
    if none:
        remarks.append(f"warning: classes without a row in the pool, which cannot be learnt: {listed(none)}")
    if one:
        remarks.append(f"warning: classes with a single row in the pool, which can hardly be learnt: {listed(one)}")
    return remarks


def unused_states(table: Table, used: Sequence[str], split: str) -> list[str]:
    """Remarks on a column that says that rows were rejected or skipped in annotation, while all rows are used."""
    remarks = []
    for name in table.columns:
        kind = getattr(table.features.get(name), "dtype", "string")
        if name in used or not len(table) or kind not in STATE_TYPES:  # a column of vectors is not converted for this
            continue
        if counts := _left_aside(name, table.columns[name]):
            shown = listed([f"{count} {state}" for state, count in counts.items()])
            remarks.append(
                f"warning: the column {excerpt(name)} of the {split} set has {shown}, but all rows are used; "
                "remove these rows, or empty their labels"
            )
    return remarks


def damaged_texts(texts: Sequence[str], split: str) -> list[str]:
    """A remark on texts with replacement characters, which an earlier conversion wrote for letters that it could not read."""
    count = sum("\N{REPLACEMENT CHARACTER}" in text for text in texts)
    return (
        [f"warning: {count} {split} texts contain the character \N{REPLACEMENT CHARACTER}: letters were lost in a conversion"]
        if count
        else []
    )


def texts_without_words(texts: Sequence[str], column: str) -> list[str]:
    """A remark if most of the first texts have no letter: the column is probably not that of the texts."""
    first = texts[:FIRST]
    without = sum(not any(map(str.isalpha, text)) for text in first)
    if without <= len(first) / 2:
        return []
    return [f"warning: {without} of {len(first)} texts have no letter; is {excerpt(column)} the data.text_column?"]


def _left_aside(name: str, cells: Sequence[Any]) -> Mapping[str, int]:
    """Number of rows in each state that means that the row has no valid label; empty for an ordinary column."""
    if name == CANCELLED:
        return Counter("cancelled" for cell in cells if str(cell).lower() == "true")
    if not isinstance(cells[0], str) or cells[0].strip().lower() not in USABLE | LEFT_ASIDE:
        return {}
    states = Counter(cell.strip().lower() for cell in cells if isinstance(cell, str))
    if not states.keys() <= USABLE | LEFT_ASIDE:
        return {}
    return {state: count for state, count in states.items() if state in LEFT_ASIDE}


def essence(name: str) -> object:
    """What remains of a label without case, Unicode form, invisible characters, spaces and zeros."""
    try:
        if math.isfinite(number := float(name)):
            return number
    except ValueError:
        pass
    normal = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in normal if unicodedata.category(c) != "Cf" and not c.isspace())  # Cf: zero-width characters


def _parts(name: str, joint: str) -> set[str]:
    return {part.strip() for part in name.split(joint)}
