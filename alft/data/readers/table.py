"""Rows as columns: what all readers return."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import datasets


@dataclass(frozen=True)
class Form:
    """How a CSV or TSV file is written, so that another one can be written in the same way.

    Attributes:
        separator: Between two cells.
        encoding: Name of the codec, including the byte order mark.
        header: Names of the columns as written, which may be empty or occur twice.
        declares: Whether the first line declares the separator (``sep=;``), as Excel writes it.
        quotes: Whether double quotes delimit cells.
        line_end: End of the first line.
    """

    separator: str = ","
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()
    declares: bool = False
    quotes: bool = True
    line_end: str = "\n"


@dataclass(frozen=True)
class Table:
    """Columns by name, all of equal length.

    Attributes:
        columns: Cells of each column.
        dataset: Source of the columns, if it provides types.
        place: File or split, as named in messages.
        lines: Line of the file on which each row ends, if the format has lines.
        form: Form of a CSV or TSV file.
        ambiguous: Names that several columns have: none of these columns can be chosen.
    """

    columns: Mapping[str, Sequence[Any]]
    dataset: datasets.Dataset | None = None
    place: str = ""
    lines: Sequence[int] = ()
    form: Form | None = None
    ambiguous: frozenset[str] = field(default_factory=frozenset)

    @property
    def features(self) -> Mapping[str, Any]:
        """Types of the columns, including class names, as far as the source provides them."""
        return {} if self.dataset is None else self.dataset.features

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.dataset) if self.dataset is not None else len(next(iter(self.columns.values()), ()))

    def where(self, row: int) -> str:
        """Location of a row for messages: its line if the format has lines, else its number, from 1."""
        return f"line {self.lines[row]}" if self.lines else f"row {row + 1}"


class LazyColumns(Mapping[str, Sequence[Any]]):
    """Columns of a data set, each converted to Python values when it is first read."""

    def __init__(self, dataset: datasets.Dataset) -> None:
        self._dataset = dataset
        self._read: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> Sequence[Any]:
        """Cells of one column."""
        if name not in self._dataset.column_names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = list(self._dataset.select_columns([name])[:][name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Names of the columns."""
        return iter(self._dataset.column_names)

    def __len__(self) -> int:
        """Number of columns."""
        return len(self._dataset.column_names)


def from_dataset(dataset: datasets.Dataset, place: str) -> Table:
    """A data set as a table, with its types."""
    return Table(LazyColumns(dataset), dataset, place)
