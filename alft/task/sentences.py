"""Reads cells of words and of their tags, from every source (method.md 9).

The text of a sentence is its words joined by spaces; white space inside a word becomes a no-break one, so that splitting the
text at spaces gives the words again.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from alft.system.cells import SCALARS, is_missing
from alft.system.excerpt import excerpt
from alft.system.spans import OUTSIDE
from alft.task.labels import class_names_of, each_cell, label_of, written_value

SPACES = re.compile(r"[ \t\r\n]+")
SPACE, NO_BREAK = " ", "\N{NO-BREAK SPACE}"


def words_in(text: str) -> list[str]:
    """The words of a text.

    >>> words_in("Praha je mesto")
    ['Praha', 'je', 'mesto']
    """
    return text.split(SPACE)


def read_sentences(cells: Sequence[Any], where: Callable[[int], str]) -> list[str]:
    r"""Sentences as texts; a missing one is blank.

    Args:
        cells: One per row: a list of words, the same written out in a string, or words separated by white space.
        where: Location of a row.

    Raises:
        ValueError: A cell is something else, or a word is empty; the message gives its location.

    >>> read_sentences([["v", "Prahe"], "['v', 'Prahe']", " v  Prahe ", ["1 000", 7], None], where=str)
    ['v Prahe', 'v Prahe', 'v Prahe', '1\xa0000 7', '']
    """
    return [sentence or "" for sentence in each_cell(cells, _sentence, where, "words")]


def read_tags(cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[tuple[str, ...] | None]:
    """Tags of the words of each row; None where a cell is empty.

    Args:
        cells: One per row: a list of names, or of class numbers where the source has names for them; the same written out in a
            string; or names separated by white space.
        feature: Type of the column, if the source provides one.
        where: Location of a row.

    Raises:
        ValueError: A cell is something else, or a word has no tag; the message gives its location.
    """
    numbers, known = class_names_of(feature), {}

    def tag(cell: Any) -> str:
        if type(cell) is not str:
            return _tag(cell, numbers)
        if cell not in known:
            known[cell] = _tag(cell, None)
        return known[cell]

    def tags(cell: Any) -> tuple[str, ...] | None:
        parts = _parts(cell, "tags")
        return tuple(map(tag, parts)) if parts else None

    return each_cell(cells, tags, where, "tags")


def refuse_misfit(sentence: str, tags: Sequence[str], where: str) -> None:
    """Raise a ValueError unless each word has one tag."""
    words = len(words_in(sentence))
    if words != len(tags):
        raise ValueError(f"holds {len(tags)} tags for {words} words, {excerpt(sentence)} ({where}); each word needs one tag")


def _sentence(cell: Any) -> str | None:
    words = [_word(word) for word in _parts(cell, "words")]
    if "" in words:
        raise ValueError(f"holds an empty word, number {words.index('') + 1} of {len(words)}; leave it out with its tag")
    return SPACE.join(words)


def _parts(cell: Any, what: str) -> Sequence[Any]:
    """The words or tags of a cell."""
    if isinstance(cell, str):
        listed = written_value(cell)
        cell = listed if isinstance(listed, list) else [part for part in SPACES.split(cell) if part]
    if is_missing(cell):
        return ()
    if not isinstance(cell, list | tuple):
        raise ValueError(f"holds {excerpt(cell)} ({type(cell).__name__}), where a list of {what} is expected")
    return cell


def _word(cell: Any) -> str:
    if not isinstance(cell, SCALARS):
        raise ValueError(f"holds {excerpt(cell)} ({type(cell).__name__}), where a word is expected")
    return SPACES.sub(NO_BREAK, str(cell)) if str(cell).strip() else ""


def _tag(cell: Any, numbers: Sequence[str] | None) -> str:
    if is_missing(cell):
        raise ValueError(f"holds a word without a tag; write {OUTSIDE} for a word in no entity")
    name = label_of(cell, numbers)
    if name is None:
        raise ValueError(f"holds {excerpt(cell)}, which is no tag; write {OUTSIDE} for a word in no entity")
    return name
