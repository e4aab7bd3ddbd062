"""Writes ``predictions.parquet``: what the tested model predicts for each row of the validation and the test set.

Rows are numbers, never texts: row i is the i-th labelled row of its set, blank texts left out. The scores of the summary follow
from the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from torch import Tensor

from alft.system.output import write_atomically
from alft.system.run_files import PREDICTIONS
from alft.task.base import Task


@dataclass(frozen=True)
class PredictedSet:
    """True labels of a set and the outputs for it, float32 (N, C)."""

    labels: Sequence[Any]
    logits_NC: Tensor


def write_predictions(folder: Path, task: Task, sets: Mapping[str, PredictedSet]) -> None:
    """Write one line for each row of each set, in order.

    The columns are ``split``, ``row``, ``label``, ``predicted`` (lists where a text may have several classes), and
    ``probability_NAME`` for each class, float32; what a model that has diverged gives is null.

    Args:
        folder: The run's folder.
        task: Turns outputs into labels and probabilities.
        sets: Sets by name.
    """
    tables = [_table(task, split, held) for split, held in sets.items()]
    write_atomically(folder / PREDICTIONS, lambda path: pyarrow.parquet.write_table(pa.concat_tables(tables), path))


def _table(task: Task, split: str, held: PredictedSet) -> pa.Table:
    names = task.label_names
    broken = (~held.logits_NC.isfinite().all(-1)).numpy()
    labels = [task.written(label) for label in held.labels]
    found = [task.written(label) for label in task.choose(held.logits_NC)]
    kind = pa.list_(pa.string()) if any(isinstance(label, tuple) for label in labels) else pa.string()
    probs_NC = task.probabilities(held.logits_NC).numpy()
    columns = {
        "split": pa.array([split] * len(found), pa.string()),
        "row": pa.array(range(len(found)), pa.int64()),
        "label": pa.array(labels, kind),
        "predicted": pa.array([None if lost else cell for cell, lost in zip(found, broken, strict=True)], kind),
    }
    for number, name in enumerate(names):
        columns[f"probability_{name}"] = pa.array(probs_NC[:, number], pa.float32(), mask=broken)
    return pa.table(columns)
