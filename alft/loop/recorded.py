"""Reads the selections of a finished run from its folder, to be repeated by ``active.replay``."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import torch
from torch import Tensor

from alft.system.earlier import grouped_settings
from alft.system.excerpt import listed
from alft.system.json_file import read_json
from alft.system.parquet_file import read_table
from alft.system.run_files import SELECTION, SUMMARY


@dataclass(frozen=True)
class Recorded:
    """The sets of a run and their origin.

    Attributes:
        run: Folder of the run, as typed.
        name: Identifier that does not depend on folders: the run's name and seed, and a digest of its sets.
        sets: Ascending row numbers of each epoch's set.
        dropped: Rows of each set that were left out of training.
        fingerprint: Fingerprint of the run's data.
        settings: Selection settings of the run, by their names in ``summary.json``.
    """

    run: str
    name: str
    sets: tuple[Tensor, ...]
    dropped: tuple[Tensor, ...]
    fingerprint: str
    settings: dict[str, Any]

    def refuse_other_data(self, fingerprint: str, selectable_N: Tensor) -> None:
        """Refuse data in which the recorded row numbers refer to other texts, or to texts without a label.

        Raises:
            ValueError: The fingerprints differ, or a recorded row has no label.
        """
        if fingerprint != self.fingerprint:
            raise ValueError(
                f"active.replay: {self.run} selected from other data (fingerprint {self.fingerprint}, here {fingerprint}), "
                "so that its row numbers mean other texts"
            )
        rows = torch.cat(self.sets)
        if int(rows.min()) < 0 or int(rows.max()) >= len(selectable_N):
            raise ValueError(f"active.replay: {self.run} selected rows that the data do not have; its selection was changed")
        if not bool(selectable_N[rows].all()):
            raise ValueError(f"active.replay: {self.run} selected rows that have no label any more")


def read_recorded(run: str, setting: str = "active.replay") -> Recorded:
    """Read a finished run's folder.

    Args:
        run: The folder.
        setting: Setting that named the folder, for error messages.

    Raises:
        ValueError: It is not the folder of a finished run.
    """
    folder = Path(run).expanduser()
    try:
        summary = read_json(folder / SUMMARY)
        table = read_table(folder / SELECTION)
        settings = grouped_settings(summary["settings"])["selection"]
        fingerprint, name = str(summary["fingerprint"]), f"{summary['name']} seed {summary['seed']}"
        count = len(summary["epochs"])
        epochs, rows = _numbers(table, "epoch"), _numbers(table, "row")
    except FileNotFoundError as error:
        raise ValueError(f"{setting} must be the folder of a finished run, but {error.filename} is not there") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError, OSError, pa.ArrowException) as error:
        raise ValueError(f"{setting}: the files of the run in {run} cannot be read ({listed([error])})") from error
    sets = tuple(rows[epochs == epoch] for epoch in range(count))
    if not sets or not all(map(len, sets)):
        raise ValueError(f"{setting}: the run in {run} recorded no set for an epoch")
    if sum(map(len, sets)) != len(rows) or not all(map(_is_set, sets)):
        raise ValueError(f"{setting}: {folder / SELECTION} holds other rows or epochs than a run writes; was it changed?")
    out = _left_out(table, rows) if settings.get("drop_unlearned") is not None else torch.zeros_like(rows, dtype=torch.bool)
    dropped = tuple(rows[(epochs == epoch) & out] for epoch in range(count))
    parts = [epochs, rows, *([out.long()] if bool(out.any()) else [])]
    digest = sha256(torch.stack(parts).numpy().tobytes()).hexdigest()[:8]
    return Recorded(run, f"{name} ({digest})", sets, dropped, fingerprint, settings)


def _numbers(table: pa.Table, column: str) -> Tensor:
    """A column of whole numbers (R,)."""
    found = table[column].cast(pa.int64())
    if found.null_count:
        raise ValueError(f"{SELECTION} has empty cells in its column {column}")
    return torch.from_numpy(found.to_numpy().copy())


def _left_out(table: pa.Table, rows: Tensor) -> Tensor:
    """Rows of sets that training left out, bool (R,): it has seen them in an earlier epoch, unlike those without an answer."""
    unseen = torch.from_numpy(table["learned"].is_null().to_numpy().copy())
    return unseen & torch.isin(rows, rows[~unseen])


def _is_set(rows: Tensor) -> bool:
    """Whether rows are ascending, each once, and none is negative, which would count from the end of the pool."""
    return int(rows[0]) >= 0 and bool((rows.diff() > 0).all())
