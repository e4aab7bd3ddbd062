"""Separates a text into words and signs, in any script (pure; rules ours)."""

import unicodedata

INSIDE = "-.'\N{RIGHT SINGLE QUOTATION MARK}\N{MIDDLE DOT}"
"""Signs that belong to a word between two of its letters."""

JOINER = "\N{ZERO WIDTH JOINER}"

TONES = range(0x1F3FB, 0x1F400)
"""Modifiers of the skin in an emoji."""


def separated(text: str) -> str:
    """A text as words joined by spaces: punctuation stands alone.

    Marks, joiners and other signs without a place of their own stay with the letter or picture before them.

    >>> separated("Il-Belt, 3.5 km?  (L-Ewropa)"), separated("cafe\N{COMBINING ACUTE ACCENT}!")
    ('Il-Belt , 3.5 km ? ( L-Ewropa )', 'cafe\u0301 !')
    """
    words: list[str] = []
    base = ""  # what a letter follows, marks aside; empty at the beginning of a word
    for place, letter in enumerate(text):
        if letter.isspace():
            base = ""
        elif words and base and (_has_no_place(letter) or text[place - 1] == JOINER):
            words[-1] += letter
        elif base and _joins(base, letter, text[place + 1 : place + 2], len(words[-1]) > 1):
            words[-1] += letter
            base = letter
        elif not _is_format(letter):
            words.append(letter)
            base = letter
    return " ".join(words)


def _joins(base: str, letter: str, behind: str, inside: bool) -> bool:
    """Whether a letter goes on with the word of the one before it."""
    if letter in INSIDE:
        return _is_letter(base) and bool(behind) and _is_letter(behind)
    return _is_letter(letter) and (_is_letter(base) or (inside and base in INSIDE))


def _is_letter(sign: str) -> bool:
    return sign == "_" or unicodedata.category(sign)[0] in "LMN"


def _has_no_place(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "M" or _is_format(sign) or ord(sign) in TONES


def _is_format(sign: str) -> bool:
    return unicodedata.category(sign) == "Cf"
