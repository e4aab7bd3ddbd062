"""Makes names from data and folders of others safe to show: on a terminal, in Markdown and in a spreadsheet."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order in which a terminal shows the others."""

MARKUP = re.compile(r"([\\|*`<]|(?<!\w)_|_(?!\w)|(?<=\])\(|^#|^>)")
"""What Markdown interprets; an underscore within a word is no markup, and brackets are only before a parenthesis."""

FORMULA = ("=", "+", "-", "@")
"""Beginnings of a text that a spreadsheet runs as a formula."""


def visible(text: str, keep: str = "") -> str:
    r"""The text with control characters as Python writes them, so that they act on no terminal and end no line.

    Args:
        text: Any text.
        keep: Control characters that stay.

    >>> print(visible("pos\x1b[31m\n\u202egen"))
    pos\x1b[31m\n\u202egen
    """
    return text if text.isprintable() else "".join(c if c in keep or not _controls(c) else _escape(c) for c in text)


def visible_values(value: Any) -> Any:
    """All texts in a JSON value, keys included, made :func:`visible`."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(key): visible_values(entry) for key, entry in value.items()}
    return [visible_values(entry) for entry in value] if isinstance(value, list) else value


def markdown(text: str) -> str:
    r"""The text on one line, with the characters escaped that Markdown would interpret.

    >>> print(markdown("a|b *c* _d_ batch_size [x](y) [0.1, 0.2]"))
    a\|b \*c\* \_d\_ batch_size [x]\(y) [0.1, 0.2]
    """
    return MARKUP.sub(r"\\\1", visible(text))


def code(text: str) -> str:
    """The text as code in Markdown, without the characters that would end it."""
    return f"`{visible(text).replace('`', chr(39)).replace('|', '/')}`"


def formulas(cells: Iterable[Any]) -> int:
    """Number of texts that a spreadsheet would run as formulas; numbers are none.

    >>> formulas(["=1+1", "-0.5", "+1 for this", "@SUM(A1)", "fine", 3])
    3
    """
    return sum(isinstance(cell, str) and cell.startswith(FORMULA) and not _is_number(cell) for cell in cells)


def _controls(character: str) -> bool:
    return character in BIDI or unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs")


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
