"""Reads ``predictions.parquet`` of runs, and computes macro-F1 of a test set and of draws of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pyarrow.parquet
from numpy.typing import NDArray

from alft.system.run_files import PREDICTIONS

DRAWS = 4_000
"""Number of draws of rows."""

SEED = 0
"""Seed of the draws: the same number of rows has the same draws, so that arms are compared on equal ones."""

NAME = "probability_"
"""What the columns of probabilities begin with; the name of a class follows."""

COUNTS_AT_ONCE = 4_000_000
"""Maximum number of counts that are multiplied at once."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Labels and predictions of one model for one test set, as numbers of classes.

    Attributes:
        place: Where they come from, for messages.
        names: Names of the classes.
        labels_N: Number of each row's class, in [0, C).
        predicted_N: Number of the class predicted for it.
    """

    place: str
    names: tuple[str, ...]
    labels_N: NDArray[np.int64]
    predicted_N: NDArray[np.int64]

    @staticmethod
    def joined(parts: Sequence["Predictions"]) -> "Predictions":
        """The rows of several test sets of the same classes as those of one."""
        labels, predicted = ([getattr(part, name) for part in parts] for name in ("labels_N", "predicted_N"))
        return Predictions(parts[0].place, parts[0].names, np.concatenate(labels), np.concatenate(predicted))

    @cached_property
    def f1(self) -> float:
        """Macro-F1, in [0, 1]: a class that is neither a label nor predicted counts as 0."""
        return float(_macro_f1(*(np.ones((1, len(self.labels_N))) @ part_NC for part_NC in self._parts))[0])

    @cached_property
    def drawn_f1(self) -> NDArray[np.float64]:
        """Macro-F1 of each of the draws, in which a row counts as often as it was drawn."""
        counts_BN = drawn_counts(len(self.labels_N))
        step = max(1, COUNTS_AT_ONCE // len(self.labels_N))
        found = []
        for start in range(0, len(counts_BN), step):
            weights_BN = counts_BN[start : start + step].astype(np.float32)  # sums of counts below 2^24 are exact
            found.append(_macro_f1(*(weights_BN @ part_NC for part_NC in self._parts)))
        return np.concatenate(found)

    @property
    def _parts(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """For each row the class that is hit, if one is; and its label plus its prediction."""
        one_CC = np.eye(len(self.names), dtype=np.float32)
        label_NC, predicted_NC = one_CC[self.labels_N], one_CC[self.predicted_N]
        return label_NC * predicted_NC, label_NC + predicted_NC


def read_predictions(folder: str) -> Predictions | None:
    """Predictions of a run for its test set; None without the file, without test rows, or if the model diverged.

    Args:
        folder: Folder of the run.

    Raises:
        ValueError: The file is broken.
    """
    path = Path(folder) / PREDICTIONS
    if not path.is_file():
        return None
    try:
        table = pyarrow.parquet.read_table(path, filters=[("split", "=", "test")])
        names = tuple(name.removeprefix(NAME) for name in table.column_names if name.startswith(NAME))
        numbers = {name: number for number, name in enumerate(names)}
        labels, predicted = table.column("label").to_pylist(), table.column("predicted").to_pylist()
        if not labels or None in predicted:
            return None
        coded = [np.array([numbers[name] for name in column], dtype=np.int64) for column in (labels, predicted)]
    except (pyarrow.ArrowException, OSError, KeyError) as error:
        raise ValueError(f"{path} is not a file of predictions: {error}") from error
    return Predictions(str(path), names, *coded)


@lru_cache(maxsize=4)
def drawn_counts(rows: int) -> NDArray[np.uint8]:
    """How often each row was drawn, by draw: (DRAWS, N), each line of which has the sum N."""
    random = np.random.default_rng(SEED)
    chosen = (random.integers(0, rows, size=rows) for _ in range(DRAWS))
    return np.stack([np.bincount(row, minlength=rows).astype(np.uint8) for row in chosen])


def _macro_f1(hits_BC: NDArray[np.floating], total_BC: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean over classes of 2 TP / (2 TP + FP + FN)."""
    return np.asarray((2 * hits_BC / np.maximum(total_BC, 1)).mean(axis=1), dtype=np.float64)
