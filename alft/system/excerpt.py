"""Excerpts of the user's data for messages: short enough for one line, whatever the data contain."""

from collections.abc import Sequence
from reprlib import Repr

WIDTH = 80
"""Maximum length of an excerpt."""


def excerpt(value: object, width: int = WIDTH) -> str:
    """A value as Python writes it, without its middle where it is longer than ``width`` or nested deeply.

    >>> excerpt("a" * 100, width=12)
    "'aaa...aaaa'"
    """
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = width
    short.maxlevel = 3
    written = short.repr(value)
    return written if len(written) <= width else f"{written[: width - 3]}..."


def first_line(error: BaseException, width: int = WIDTH) -> str:
    r"""The first line of a library's message, or the name of the error if it has none.

    >>> first_line(ValueError("no such file\nmore")), first_line(OSError())
    ('no such file', 'OSError')
    """
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line if len(line) <= width else f"{line[: width - 3]}..."


def listed(items: Sequence[object], most: int = 20, width: int = WIDTH) -> str:
    """The first items, separated by commas, and the number of those left out.

    Args:
        items: Any number of items.
        most: Maximum number of items shown.
        width: Maximum number of characters shown; at least one item is, if need be cut.

    >>> listed(["text", "label", "note"], most=2)
    'text, label, ... (1 more)'
    """
    shown: list[str] = []
    for item in items[:most]:
        text = " ".join(str(item).split())
        text = text if len(text) <= width else f"{text[: width - 3]}..."
        if shown and len(", ".join([*shown, text])) > width:
            break
        shown.append(text)
    left = len(items) - len(shown)
    return ", ".join([*shown, f"... ({left} more)"] if left else shown)
