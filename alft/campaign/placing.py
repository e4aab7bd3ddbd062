"""Finds the words of entities that a tool gives in characters (pure; axes: none).

A text of a campaign with entities is its words joined by spaces. An entity that covers a part of a word has all of it.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from alft.system.spans import Span


def in_words(spans: Sequence[Span], covered: Sequence[str], text: str) -> list[Span]:
    """Entities in words.

    Args:
        spans: Entities in characters.
        covered: What each covers, as the tool says; empty if it does not. It tells tools apart that count in UTF-16.
        text: Words joined by spaces.

    Raises:
        ValueError: One covers no word, or is not in the text, or two overlap; the message continues "rows".

    >>> in_words([Span(2, 7, "LOC")], ["Prahe"], "v Prahe dnes")
    [Span(start=1, end=2, kind='LOC')]
    """
    found: list[Span] = []
    for start, end, kind in sorted(set(_characters(spans, covered, text))):
        touched = [word for word, (first, last) in enumerate(_bounds(text)) if first < end and start < last]
        if not touched:
            raise ValueError("with an entity that covers no word")
        found.append(Span(touched[0], touched[-1] + 1, kind))
    if len(set(found)) < len(found):
        raise ValueError("with entities that share a word, which tags cannot say")
    refuse_overlaps(found)
    return found


def in_characters(spans: Iterable[Span], text: str) -> list[Span]:
    """Entities that are given in words.

    >>> in_characters([Span(1, 2, "LOC")], "v Prahe dnes")
    [Span(start=2, end=7, kind='LOC')]
    """
    bounds = _bounds(text)
    return [Span(bounds[start][0], bounds[end - 1][1], kind) for start, end, kind in spans]


def refuse_overlaps(spans: Sequence[Span]) -> None:
    """Raise a ValueError if two different entities share a word."""
    for one, other in pairwise(sorted(set(spans))):
        if other.start < one.end:
            raise ValueError("with entities that overlap, which tags cannot say")


def _characters(spans: Sequence[Span], covered: Sequence[str], text: str) -> list[Span]:
    """The entities, once it is known how the tool counts: all as Python does, or all in UTF-16."""
    for read in (spans, [_from_utf_16(span, text) for span in spans]):
        inside = all(0 <= start < end <= len(text) for start, end, _ in read)
        if inside and all(not words or text[one.start : one.end] == words for one, words in zip(read, covered, strict=True)):
            return list(read)
    raise ValueError("with an entity that is not where the file says")


def _from_utf_16(span: Span, text: str) -> Span:
    units = text.encode("utf-16-le", "surrogatepass")
    if not 0 <= span.start < span.end <= len(units) // 2:
        return span
    start, end = (len(units[: 2 * place].decode("utf-16-le", "ignore")) for place in span[:2])
    return Span(start, end, span.kind)


def _bounds(text: str) -> list[tuple[int, int]]:
    """First character of each word, and the one behind its last."""
    words = text.split(" ")
    ends = accumulate(len(word) + 1 for word in words)
    return [(end - 1 - len(word), end - 1) for word, end in zip(words, ends, strict=True)]
