"""Reads files with a word a line and blank lines between sentences: CoNLL-2003, IOB2, the CoNLL-U-like files of Universal NER.

Which columns hold words and tags is found from what they hold: words are in the first column, or in the second behind running
numbers; tags are in the last column that holds nothing else.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from alft.data.readers.encoding import decode
from alft.data.readers.table import Table
from alft.system.excerpt import excerpt

TAG = re.compile(r"O|[BIESLU]-\S+")
NUMBER = re.compile(r"\d+([-.]\d+)?")
SPACES = re.compile(r"[ \t]+")

DOCUMENT = "-DOCSTART-"
"""Word of a line that begins a document; it is no sentence."""

TOKENS, TAGS = "tokens", "tags"


@dataclass
class _Sentence:
    """Cells of each word, and the lines that they are on."""

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def read_conll(content: bytes) -> Table:
    r"""Read a file as a table with the columns ``tokens`` and ``tags``, lists; without a column of tags, ``tokens`` alone.

    Args:
        content: Content of the file.

    Raises:
        ValueError: A line has another number of columns.

    >>> table = read_conll(b"# id = 1\n1\tv\tO\t-\n2\tPrahe\tB-LOC\t-\n\n1\tDoma\tO\t-\n")
    >>> dict(table.columns), table.lines
    ({'tokens': [['v', 'Prahe'], ['Doma']], 'tags': [['O', 'B-LOC'], ['O']]}, [3, 5])
    """
    text, _ = decode(content)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    sentences = list(_sentences(lines))
    if not sentences:
        return Table({TOKENS: []})
    _refuse_other_widths(sentences)
    numbered = _is_numbered(sentences)
    if numbered:
        sentences = [kept for sentence in sentences if (kept := _without_ranges(sentence)).rows]
    word = int(numbered)
    columns: dict[str, list[list[str]]] = {TOKENS: [[row[word] for row in sentence.rows] for sentence in sentences]}
    if (tag := _tag_column(sentences, word)) is not None:
        columns[TAGS] = [[row[tag] for row in sentence.rows] for sentence in sentences]
    return Table(columns, lines=[sentence.lines[-1] for sentence in sentences])


def _sentences(lines: Sequence[str]) -> Iterator[_Sentence]:
    tabs = any("\t" in line for line in lines if not line.startswith("#"))
    split = [[cell.strip() for cell in (line.split("\t") if tabs else SPACES.split(line.strip(" \t")))] for line in lines]
    widths = Counter(len(cells) for line, cells in zip(lines, split, strict=True) if line.strip() and not line.startswith("#"))
    width = widths.most_common(1)[0][0] if widths else 1
    sentence = _Sentence()
    for number, (line, cells) in enumerate(zip(lines, split, strict=True), start=1):
        if not line.strip():
            if sentence.rows:
                yield sentence
            sentence = _Sentence()
        elif cells[0] != DOCUMENT and not _is_comment(cells, width, tabs):
            sentence.rows.append(cells)
            sentence.lines.append(number)
    if sentence.rows:
        yield sentence


def _is_comment(cells: Sequence[str], width: int, tabs: bool) -> bool:
    """Whether a line that begins with a hash is none of a word, such as ``#`` or ``#Praha``.

    A word has as many columns as other lines; between spaces, where a comment may have as many words, a hash alone needs a tag.
    """
    if not cells[0].startswith("#"):
        return False
    word = tabs or width == 1 or cells[0] != "#" or any(map(TAG.fullmatch, cells[1:]))
    return len(cells) != width or not word


def _refuse_other_widths(sentences: Sequence[_Sentence]) -> None:
    width = len(sentences[0].rows[0])
    for sentence in sentences:
        for row, line in zip(sentence.rows, sentence.lines, strict=True):
            if len(row) != width:
                raise ValueError(
                    f"cannot be read: line {line} has {len(row)} columns, {excerpt(' '.join(row))}, but line "
                    f"{sentences[0].lines[0]} has {width}; each line is a word with its columns, or blank between sentences"
                )


def _is_numbered(sentences: Sequence[_Sentence]) -> bool:
    """Whether the first column counts words, of a sentence or of the file, and a column of words is behind it."""
    rows = [row for sentence in sentences for row in sentence.rows]
    numbers = all(NUMBER.fullmatch(row[0]) for row in rows)
    return numbers and len(rows[0]) > 1 and not all(TAG.fullmatch(row[1]) for row in rows)


def _without_ranges(sentence: _Sentence) -> _Sentence:
    """A sentence without the lines of several words at once, such as 1-2, which come beside those of each word."""
    kept = [place for place, row in enumerate(sentence.rows) if row[0].isdecimal()]
    return _Sentence([sentence.rows[place] for place in kept], [sentence.lines[place] for place in kept])


def _tag_column(sentences: Sequence[_Sentence], word: int) -> int | None:
    """The last column that holds tags alone, or else a last one that holds ``O``; None without one."""
    width = len(sentences[0].rows[0])
    for column in reversed(range(word + 1, width)):
        if all(TAG.fullmatch(row[column]) for sentence in sentences for row in sentence.rows):
            return column
    last = any(row[width - 1] == "O" for sentence in sentences for row in sentence.rows)
    return width - 1 if last and width - 1 > word else None
