"""Labels of several marks: the classes of a text, or entities in it, as one string (pure).

The string is a list in JSON, sorted, each mark once, so that equal labels are equal strings: ``["angry", "sad"]``, or
``[[0, 2, "PER"]]`` for an entity of the words 0 and 1.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from alft.system.excerpt import excerpt

Mark = str | tuple[Any, ...]


def written(marks: Iterable[Mark]) -> str:
    """Marks as one string.

    >>> written(["sad", "angry", "sad"]), written([(3, 4, "LOC"), (0, 2, "PER")])
    ('["angry", "sad"]', '[[0, 2, "PER"], [3, 4, "LOC"]]')
    """
    return json.dumps(sorted(set(marks)), ensure_ascii=False)


def marks_in(label: str) -> list[Mark]:
    """The marks of a label.

    Raises:
        ValueError: It is no list of marks.

    >>> marks_in('["angry", "sad"]'), marks_in('[[0, 2, "PER"]]')
    (['angry', 'sad'], [(0, 2, 'PER')])
    """
    found = _list_in(label)
    if found is None:
        raise _other(label, "list of marks")
    return [tuple(mark) if isinstance(mark, list) else mark for mark in found]


def classes_in(label: str) -> list[str]:
    """The marks of a label, which are names of classes.

    Raises:
        ValueError: They are not.
    """
    found = marks_in(label)
    if not all(isinstance(mark, str) for mark in found):
        raise _other(label, "list of classes")
    return [str(mark) for mark in found]


def entities_in(label: str) -> list[tuple[Any, ...]]:
    """The marks of a label, which are entities: two places, a type, and what a tool says besides.

    Raises:
        ValueError: They are not.
    """
    found = marks_in(label)
    if not all(len(mark) > 2 and [type(part) for part in mark[:3]] == [int, int, str] for mark in found):
        raise _other(label, "list of entities")
    return [tuple(mark) for mark in found]


def _other(label: str, what: str) -> ValueError:
    return ValueError(f"campaign: the label {excerpt(label)} is no {what}; take the answers again if the task was changed")


def is_marks(label: str) -> bool:
    """Whether a label is a list of marks.

    >>> is_marks('["sad"]'), is_marks("[sad]"), is_marks("sad")
    (True, False, False)
    """
    return _list_in(label) is not None


def majority(labels: Sequence[str]) -> str | None:
    """The marks that more than half of the labels have.

    None if exactly half of them have one, or if no mark is left although at least half of the labels have some.

    >>> majority(['["a", "b"]', '["a"]', '["c"]']), majority(['["a"]', '[]']), majority(['["a"]', '["b"]', '["c"]'])
    ('["a"]', None, None)
    """
    times = Counter(mark for label in labels for mark in marks_in(label))
    if any(2 * count == len(labels) for count in times.values()):
        return None
    kept = [mark for mark, count in times.items() if 2 * count > len(labels)]
    marked = sum(bool(marks_in(label)) for label in labels)
    return None if not kept and 2 * marked >= len(labels) > 0 else written(kept)


def common_share(texts: Iterable[Sequence[str]]) -> float | None:
    """F1 of the marks of one person against those of another, over all pairs of labels on one text; None without a mark.

    The measure of agreement where what nobody marked cannot be counted (Hripcsak and Rothschild, JAMIA 12, 2005).

    >>> common_share([['["a", "b"]', '["a"]'], ['[]', '[]']])
    0.6666666666666666
    """
    pairs = [(set(marks_in(a)), set(marks_in(b))) for labels in texts for a, b in combinations(labels, 2)]
    every = sum(len(one) + len(other) for one, other in pairs)
    return 2 * sum(len(one & other) for one, other in pairs) / every if every else None


def _list_in(label: str) -> list[Any] | None:
    try:
        found = json.loads(label)
    except (ValueError, RecursionError):  # brackets in a cell may be nested without an end
        return None
    return found if isinstance(found, list) else None
