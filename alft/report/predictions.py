"""Reads ``predictions.parquet`` of runs, and computes macro-F1 of a test set and of draws of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow.parquet
from numpy.typing import NDArray

from alft.system.excerpt import first_line
from alft.system.run_files import PREDICTIONS
from alft.system.spans import spans_of
from alft.system.visible import visible

Classes: TypeAlias = NDArray[np.float32]

MOST_DRAWS, FEWEST_DRAWS = 4_000, 200
MOST_COUNTS = 50_000_000
"""Maximum number of counts, draws times rows, that are held: of more rows there are fewer draws, and they need fewer."""

SEED = 0
"""Seed of the draws: the same rows have the same draws, so that arms are compared on equal ones."""

COUNTS_AT_ONCE = 4_000_000
"""Maximum number of counts that are multiplied at once."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels and predictions of one model for one test set: how often each text has each class, and in how many it is right.

    Attributes:
        place: Where they come from, for messages.
        names: Names of the classes.
        labels_NC: Classes of each row: 1 for each that it has, or the number of its entities of each type.
        predicted_NC: Classes predicted for it.
        hits_NC: Those that are right.
    """

    place: str
    names: tuple[str, ...]
    labels_NC: Classes
    predicted_NC: Classes
    hits_NC: Classes

    @property
    def parts(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For each row the classes that are hit; and its classes plus those predicted: (N, C) each."""
        return self.hits_NC, self.labels_NC + self.predicted_NC


@dataclass(frozen=True, eq=False)
class Pooled:
    """Predictions of one seed for the test sets of several folds, whose macro-F1 is that of all rows together.

    Attributes:
        of_fold: Predictions by fold, -1 without folds; one or more.
    """

    of_fold: dict[int, Predictions]

    @cached_property
    def f1(self) -> float:
        """Macro-F1, in [0, 1]: a class that is neither a label nor predicted counts as 0."""
        sums = [
            [part_NC.sum(axis=0, keepdims=True, dtype=np.float64) for part_NC in held.parts] for held in self.of_fold.values()
        ]
        return float(_macro_f1(*(np.sum(part, axis=0) for part in zip(*sums, strict=True)))[0])

    @cached_property
    def drawn_f1(self) -> NDArray[np.float64]:
        """Macro-F1 of each draw, in which a row counts as often as it was drawn; rows are drawn within their folds."""
        draws = draws_for(sum(len(held.labels_NC) for held in self.of_fold.values()))
        drawn = [_drawn_sums(held, fold, draws) for fold, held in self.of_fold.items()]
        return _macro_f1(*(np.sum(part, axis=0) for part in zip(*drawn, strict=True)))

    def only(self, folds: Sequence[int]) -> "Pooled":
        """The predictions of these folds."""
        return self if list(folds) == list(self.of_fold) else Pooled({fold: self.of_fold[fold] for fold in folds})


def read_predictions(folder: str, names: Sequence[str], entities: bool = False) -> Predictions | None:
    """Predictions of a run for its test set; None without the file, without test rows, or if the model diverged.

    Args:
        folder: Folder of the run.
        names: Names of all classes, or types of entities, with control characters made visible.
        entities: Whether the cells are tags of words.

    Raises:
        ValueError: The file is broken, or has other classes.
    """
    path = Path(folder) / PREDICTIONS
    if not path.is_file():
        return None
    try:
        columns = ["row", "label", "predicted"]
        table = pyarrow.parquet.read_table(path, filters=[("split", "=", "test")], columns=columns).sort_by("row")
        rows, labels, predicted = (table.column(name).to_pylist() for name in columns)
        if rows != list(range(len(rows))):
            raise ValueError("its test rows are not all rows from 0 on")
        if not rows or None in predicted:
            return None
        numbers = {name: number for number, name in enumerate(names)}
        coded = (_entities if entities else _labels)(labels, predicted, numbers)
    except KeyError as error:
        raise ValueError(f"{path} is left out, since its label {error} is no class of the run") from error
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ValueError(f"{path} is left out, since it is not a file of predictions ({first_line(error)})") from error
    return Predictions(str(path), tuple(names), *coded)


def _classes(cells: Sequence[Any], numbers: Mapping[str, int]) -> Classes:
    """A line for each cell, of a class or a list of them."""
    table_NC = np.zeros((len(cells), len(numbers)), dtype=np.float32)
    for row, cell in enumerate(cells):
        for name in cell if isinstance(cell, list) else [cell]:
            table_NC[row, numbers[visible(str(name))]] = 1
    return table_NC


def _labels(labels: Sequence[Any], predicted: Sequence[Any], numbers: Mapping[str, int]) -> tuple[Classes, Classes, Classes]:
    """1 for each class that a text has, that is predicted, and both."""
    labels_NC, predicted_NC = _classes(labels, numbers), _classes(predicted, numbers)
    return labels_NC, predicted_NC, labels_NC * predicted_NC


def _entities(labels: Sequence[Any], predicted: Sequence[Any], numbers: Mapping[str, int]) -> tuple[Classes, Classes, Classes]:
    """Entities by type: those of the labels, those predicted, and those in both."""
    true_NC, found_NC, both_NC = np.zeros((3, len(labels), len(numbers)), dtype=np.float32)
    for row, cells in enumerate(zip(labels, predicted, strict=True)):
        true, found = (set(spans_of(tags)) for tags in cells)
        for table_NC, spans in zip((true_NC, found_NC, both_NC), (true, found, true & found), strict=True):
            for span in spans:
                table_NC[row, numbers[visible(span.kind)]] += 1
    return true_NC, found_NC, both_NC


def draws_for(rows: int) -> int:
    """Number of draws of so many rows.

    >>> draws_for(171), draws_for(100_000), draws_for(10**7)
    (4000, 500, 200)
    """
    return max(FEWEST_DRAWS, min(MOST_DRAWS, MOST_COUNTS // rows))


@lru_cache(maxsize=16)  # of one group: its folds, one after the other for each arm and seed
def drawn_counts(rows: int, fold: int, draws: int) -> NDArray[np.uint8]:
    """How often each row was drawn, by draw: (draws, N), each line of which has the sum N."""
    random = np.random.default_rng([SEED, fold + 1])
    counts_BN = np.empty((draws, rows), dtype=np.uint8)
    for counts_N in counts_BN:
        counts_N[:] = np.bincount(random.integers(0, rows, size=rows), minlength=rows)
    return counts_BN


def _drawn_sums(held: Predictions, fold: int, draws: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sums of the parts of the rows in each draw: (draws, C) each."""
    counts_BN = drawn_counts(len(held.labels_NC), fold, draws)
    parts, step = held.parts, max(1, COUNTS_AT_ONCE // len(held.labels_NC))
    chunks = [counts_BN[start : start + step].astype(np.float32) for start in range(0, draws, step)]
    hits, total = (np.concatenate([chunk_BN @ part_NC for chunk_BN in chunks]) for part_NC in parts)
    return hits, total


def _macro_f1(hits_BC: NDArray[np.floating], total_BC: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean over classes of 2 TP / (2 TP + FP + FN)."""
    return np.asarray((2 * hits_BC / np.maximum(total_BC, 1)).mean(axis=1), dtype=np.float64)
