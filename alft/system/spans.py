"""Entities in sequences of IOB2 tags, and other schemes converted to IOB2 (axes: none; one tag for each word).

A tag is ``O``, or ``B-`` or ``I-`` and the type of an entity: its first word, or a further one.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

OUTSIDE = "O"
"""Tag of a word in no entity."""

BEGIN, INSIDE = "B-", "I-"

FIRST, FURTHER = {"B-": BEGIN, "S-": BEGIN, "U-": BEGIN}, {"I-": INSIDE, "E-": INSIDE, "L-": INSIDE}
"""Prefixes of IOB2, IOBES and BILOU, by what they are in IOB2."""

PREFIXES = {**FIRST, **FURTHER}


class Span(NamedTuple):
    """An entity: its words ``start`` up to, not including, ``end``, and its type."""

    start: int
    end: int
    kind: str


def kind_of(tag: str) -> str:
    """Type of the entity of a tag; empty for ``O``."""
    return "" if tag == OUTSIDE else tag[2:]


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Entities of a sentence, in order.

    An ``I-`` that continues nothing of its type begins an entity, as in the scorer of CoNLL-2003.

    >>> spans_of(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    [Span(start=0, end=2, kind='PER'), Span(start=3, end=4, kind='LOC'), Span(start=4, end=5, kind='LOC')]
    """
    found: list[Span] = []
    for word, tag in enumerate(tags):
        if tag == OUTSIDE:
            continue
        last = found[-1] if found else None
        if tag.startswith(INSIDE) and last is not None and last.end == word and last.kind == kind_of(tag):
            found[-1] = last._replace(end=word + 1)
        else:
            found.append(Span(word, word + 1, kind_of(tag)))
    return found


def tags_of(spans: Iterable[Span], words: int) -> list[str]:
    """IOB2 tags of so many words.

    >>> tags_of([Span(1, 3, "PER")], 4)
    ['O', 'B-PER', 'I-PER', 'O']
    """
    tags = [OUTSIDE] * words
    for start, end, kind in spans:
        tags[start:end] = [BEGIN + kind] + [INSIDE + kind] * (end - start - 1)
    return tags


def in_iob2(
    sentences: Sequence[Sequence[str] | None], where: Callable[[int], str] = "sentence {}".format
) -> tuple[list[tuple[str, ...] | None], list[str]]:
    """Tags in IOB2, and a sentence on what was not.

    Tags without prefixes (IO) make an entity of words in a row with the same type.

    Args:
        sentences: Tags of each; None without a label.
        where: Location of a sentence.

    Raises:
        ValueError: A tag is of no known scheme, or no word has the tag O.

    >>> in_iob2([["O", "I-PER", "I-PER"], None])
    ([('O', 'B-PER', 'I-PER'), None], ['tags I- that continue no entity begin one: 1'])
    >>> in_iob2([["S-PER", "O"], ["PER", "PER"]])
    Traceback (most recent call last):
    ValueError: holds the tag 'PER' (sentence 1), but others begin with B- or I-; write IOB2, such as B-PER
    """
    every = {tag for tags in sentences if tags is not None for tag in tags}
    bare = sorted(tag for tag in every if tag != OUTSIDE and (tag[:2] not in PREFIXES or len(tag) == len(BEGIN)))
    prefixes = {tag[:2] for tag in every if tag[:2] in PREFIXES}
    if bare and (prefixes or OUTSIDE not in every):
        reason = "others begin with B- or I-" if prefixes else f"no word has the tag {OUTSIDE}"
        row = next(row for row, tags in enumerate(sentences) if tags is not None and bare[0] in tags)
        raise ValueError(f"holds the tag {bare[0]!r} ({where(row)}), but {reason}; write IOB2, such as B-PER")
    told = ["tags without B- and I-: words in a row with the same one are one entity"] if bare else []
    if prefixes - {BEGIN, INSIDE}:
        told.append(f"tags in another scheme were converted to IOB2: {', '.join(sorted(prefixes))}")
    mended = [None if tags is None else [_iob2(tag) for tag in tags] for tags in sentences]
    read = [None if tags is None else tuple(tags_of(spans_of(tags), len(tags))) for tags in mended]
    changed = sum(map(_differences, mended, read)) if not bare else 0
    return read, told + ([f"tags I- that continue no entity begin one: {changed}"] if changed else [])


def _iob2(tag: str) -> str:
    if tag == OUTSIDE:
        return tag
    return PREFIXES[tag[:2]] + tag[2:] if tag[:2] in PREFIXES else INSIDE + tag


def _differences(before: Sequence[str] | None, after: Sequence[str] | None) -> int:
    return 0 if before is None or after is None else sum(map(str.__ne__, before, after))
