"""Writes ``predictions.parquet``: what the tested model predicts for each row of the validation and the test set.

Rows are numbers, never texts: row i is the i-th labelled row of its set, blank texts left out. The scores of the summary follow
from the file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from torch import Tensor

from alft.system.output import write_atomically
from alft.system.run_files import PREDICTIONS
from alft.task.base import Task


def as_they_are(values: Sequence[Any], fill: Any) -> list[Any]:
    """Values of outputs that are one for each text."""
    return list(values)


@dataclass(frozen=True)
class PredictedSet:
    """True labels of a set and the outputs for it.

    Attributes:
        labels: One for each text.
        logits_NC: Outputs, float32, for each text or each word with an output.
        by_text: Makes values of outputs those of texts, with a value to fill in for words without an output.
    """

    labels: Sequence[Any]
    logits_NC: Tensor
    by_text: Callable[[Sequence[Any], Any], list[Any]] = as_they_are


def write_predictions(folder: Path, task: Task, sets: Mapping[str, PredictedSet]) -> None:
    """Write one line for each row of each set, in order.

    The columns are ``split``, ``row``, ``label``, ``predicted`` (lists where a text may have several classes or each word has
    one), and ``probability_NAME`` for each class, float32 (lists for words, null for one without a token); what a model that
    has diverged gives is null.

    Args:
        folder: The run's folder.
        task: Turns outputs into labels and probabilities.
        sets: Sets by name.
    """
    tables = [_table(task, split, held) for split, held in sets.items()]
    write_atomically(folder / PREDICTIONS, lambda path: pyarrow.parquet.write_table(pa.concat_tables(tables), path))


def _table(task: Task, split: str, held: PredictedSet) -> pa.Table:
    held_by_text = held.by_text
    broken_N = ~held.logits_NC.isfinite().all(-1)
    broken = [bool(np.any(lines)) for lines in held_by_text(broken_N.tolist(), False)]
    labels = [task.written(label) for label in held.labels]
    found = [task.written(label) for label in held_by_text(task.choose(held.logits_NC), task.fill)]
    kind = pa.list_(pa.string()) if any(isinstance(label, tuple) for label in labels) else pa.string()
    columns = {
        "split": pa.array([split] * len(found), pa.string()),
        "row": pa.array(range(len(found)), pa.int64()),
        "label": pa.array(labels, kind),
        "predicted": pa.array(_without(found, broken), kind),
    }
    probs_NC = task.probabilities(held.logits_NC)
    number = pa.float32() if task.unit == "text" else pa.list_(pa.float32())
    for place, name in enumerate(task.label_names):
        cells = held_by_text(probs_NC[:, place].tolist(), None)
        columns[f"probability_{name}"] = pa.array(_without(cells, broken), number)
    return pa.table(columns)


def _without(cells: Sequence[Any], broken: Sequence[bool]) -> list[Any]:
    """Cells, null where the outputs of the text are not finite."""
    return [None if lost else cell for cell, lost in zip(cells, broken, strict=True)]
