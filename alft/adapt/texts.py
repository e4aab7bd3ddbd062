"""Gathers the texts to adapt to: from files and data sets, without the texts that a classifier will be measured on."""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from alft.data.columns import has_label_column, text_column_of
from alft.data.corpus import load_corpus
from alft.data.readers.encoding import decode
from alft.data.readers.table import Table
from alft.data.sources import read_source
from alft.data.texts import read_texts

PLAIN = ".txt"
"""Ending of a file with one text per line."""


@dataclass(frozen=True)
class Reading:
    """How files are read: the settings ``data.text_column`` and ``data.quotes``."""

    text_column: str | None = None
    quotes: bool = True


@dataclass(frozen=True)
class Part:
    """Texts of one source: those that may go in, those of its validation and test sets, and what the former are."""

    name: str
    texts: list[str]
    evaluation: list[str] = field(default_factory=list)
    what: str = "all texts"


@dataclass(frozen=True)
class Gathered:
    """Texts to adapt to, each once, and what was left out.

    Attributes:
        texts: The texts, in the order of their sources.
        parts: A line on each source.
        blank: Texts left out because they were blank.
        repeated: Texts left out because they equal an earlier one.
        excluded: Texts left out because they equal a validation or test text.
    """

    texts: list[str]
    parts: list[str]
    blank: int
    repeated: int
    excluded: int

    @property
    def fingerprint(self) -> str:
        """Hash of the texts in order."""
        return sha256(repr(self.texts).encode(errors="surrogatepass")).hexdigest()[:16]

    @property
    def left_out(self) -> list[str]:
        """A line on each kind of text that was left out."""
        kinds = {
            "blank": self.blank,
            "equal to an earlier text": self.repeated,
            "equal to a validation or test text": self.excluded,
        }
        return [f"left out, since {kind}: {count}" for kind, count in kinds.items() if count]


def gather(sources: Sequence[str], exclude: Sequence[str], include_evaluation: bool, reading: Reading) -> Gathered:
    """Read all sources.

    Args:
        sources: Files (one text per line in ``.txt``, else a column of texts), folders or hub ids.
        exclude: Data sets whose validation and test texts are left out, or files all texts of which are.
        include_evaluation: Whether validation and test texts of the sources themselves go in.
        reading: How they are read.

    Raises:
        ValueError: A source cannot be read, or no text is left.
    """
    parts = [read_part(source, include_evaluation, reading) for source in sources]
    measured = [text for source in exclude for text in _measured(source, reading)]
    barred = {essence(text) for text in [*measured, *(text for part in parts for text in part.evaluation)]}
    seen: set[str] = set()
    texts, blank, repeated, excluded, lines = [], 0, 0, 0, []
    for part in parts:
        for text in part.texts:
            key = essence(text)
            if not key:
                blank += 1
            elif key in barred:
                excluded += 1
            elif key in seen:
                repeated += 1
            else:
                seen.add(key)
                texts.append(text)
        lines.append(f"{part.name} ({part.what}: {len(part.texts)})")
    gathered = Gathered(texts, lines, blank, repeated, excluded)
    if not texts:
        raise ValueError(f"texts: no text is left of {', '.join(lines)}; {'; '.join(gathered.left_out)}")
    return gathered


def essence(text: str) -> str:
    """The letters and digits of a text without case; for a text without any, all that is not blank.

    >>> essence("Il-ktieb, għoġobni!"), essence(" :-) ")
    ('ilktiebgħoġobni', ':-)')
    """
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, normal)) or "".join(normal.split())


def read_part(source: str, include_evaluation: bool, reading: Reading) -> Part:
    """The texts of one source.

    A folder gives its train texts. One labelled file gives the pool that ``fit`` would make of it, so that what ``fit`` would
    measure on stays unread here as well.
    """
    path = Path(source).expanduser()
    if path.suffix.lower() == PLAIN and path.is_file():
        return Part(source, _lines(path))
    with _named("texts"):
        found = read_source(source, quotes=reading.quotes)
        if found.whole and not include_evaluation and has_label_column(found.splits["train"], None):
            return _of_corpus(source, reading)
        texts = {split: _column(table, reading) for split, table in found.splits.items()}
    evaluation = [text for split, held in texts.items() if split != "train" for text in held]
    if include_evaluation:
        what = "all texts, validation and test included" if evaluation else "all texts"
        return Part(source, [*texts["train"], *evaluation], what=what)
    return Part(source, texts["train"], evaluation, "all texts" if found.whole else "train texts")


def _of_corpus(source: str, reading: Reading) -> Part:
    try:
        corpus = load_corpus(source, reading.text_column, quotes=reading.quotes)
    except ValueError as error:
        raise ValueError(f"{error}; --include_evaluation takes all texts of the file and reads no labels") from error
    test = corpus.test.texts if corpus.test is not None else []
    return Part(source, corpus.pool.texts, [*corpus.validation.texts, *test], "the pool that fit makes with data.seed 0")


def _measured(source: str, reading: Reading) -> list[str]:
    """The texts that a source bars: its validation and test texts; those of one file all."""
    path = Path(source).expanduser()
    if path.suffix.lower() == PLAIN and path.is_file():
        return _lines(path)
    with _named("exclude"):
        splits = read_source(source, quotes=reading.quotes).splits
        held = {split: table for split, table in splits.items() if split != "train"} or splits
        return [text for table in held.values() for text in _column(table, reading)]


def _column(table: Table, reading: Reading) -> list[str]:
    name = text_column_of(table, reading.text_column)
    try:
        return read_texts(table.columns[name], table.where)
    except ValueError as error:
        raise ValueError(f"data.source: the column {name!r} of {table.place} {error}") from error


def _lines(path: Path) -> list[str]:
    try:
        text, _ = decode(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"texts: {path} {error}") from error
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]


@contextmanager
def _named(setting: str) -> Iterator[None]:
    """Name the setting that gave the source, in sentences written for ``data.source``."""
    try:
        yield
    except ValueError as error:
        sentence = str(error).replace("--data.source PATH", f"{setting}").replace("data.source:", f"{setting}:")
        raise ValueError(sentence) from error
