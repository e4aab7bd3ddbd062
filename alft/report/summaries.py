"""Finds finished runs below folders, and reads and validates their ``summary.json``. Nothing else of a run is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, NoReturn

from alft.system.earlier import grouped_settings
from alft.system.run_files import SUMMARY

Kinds = tuple[type, ...]

NUMBER: Kinds = (int, float)
MAYBE: Kinds = (int, float, NoneType)
STAGES = ("train", "score", "cluster", "select", "validate")

RUN: dict[str, Kinds] = {
    "name": (str,),
    "fingerprint": (str,),
    "seed": (int,),
    "settings": (dict,),
    "test.f1_macro": MAYBE,
    "test.predicted": (dict, NoneType),
    "validation.f1_macro": MAYBE,
    "labels.pool": (int,),
    "labels.bought": (int,),
    "labels.unique_saving": NUMBER,
    "labels.exposure_saving": NUMBER,
    "seconds.total": NUMBER,
    "memory_mib": MAYBE,
    "break_even": MAYBE,
    "controls.majority_f1": MAYBE,
    "controls.tfidf_f1": MAYBE,
    "epochs": (list,),
}
"""Entries of a summary that a report requires; all others are optional."""

EPOCH: dict[str, Kinds] = {
    "epoch": (int,),
    "share": NUMBER,
    "selected": (int,),
    "bought": (int,),
    "val_f1_macro": MAYBE,
    **{f"seconds.{stage}": NUMBER for stage in STAGES},
}
"""Entries of each epoch that a report requires."""


@dataclass(frozen=True)
class Run:
    """One finished run.

    Attributes:
        folder: Folder of its summary.
        summary: The summary, as read.
    """

    folder: str
    summary: Mapping[str, Any]

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.summary["seed"])

    @property
    def diverged(self) -> bool:
        """Whether its model diverged, so that it has no score; not one that tested the best weights from before."""
        return self.summary.get("diverged") is not None and self.summary["validation"]["f1_macro"] is None

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Its settings in groups; if a summary does not contain the number of epochs, it is counted."""
        groups = grouped_settings(self.summary["settings"])
        return {**groups, "training": {"max_epochs": len(self.epochs), **groups["training"]}}

    @property
    def settings(self) -> dict[str, Any]:
        """Its settings as one flat mapping: no name occurs in two groups."""
        return {name: value for group in self.groups.values() for name, value in group.items()}

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """Its epochs, in order."""
        return sorted(self.summary["epochs"], key=lambda record: int(record["epoch"]))


def find_runs(*roots: str | Path) -> list[Run]:
    """All finished runs below the roots, in the order of their folders; a run below two of the roots is listed once.

    Raises:
        ValueError: A root is not a folder, no root contains a finished run, or a summary is broken or not written by alft.
    """
    found: dict[Path, Run] = {}
    for root in sorted(map(Path, roots)):
        if not root.is_dir():
            raise ValueError(f"runs: there is no folder {root}")
        for path in sorted(root.rglob(SUMMARY)):
            if (place := path.resolve()) not in found:
                found[place] = Run(str(path.parent), read_summary(path))
    if not found:
        raise ValueError(f"no finished run (a folder with summary.json) below {', '.join(map(str, roots))}")
    return sorted(found.values(), key=lambda run: run.folder)


def read_summary(path: Path) -> dict[str, Any]:
    """Read one summary.

    Raises:
        ValueError: It is not JSON, or lacks an entry that a report requires; the message names the file and the entry.
    """
    try:
        summary = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except ValueError as error:  # UnicodeDecodeError included
        raise ValueError(f"{path} is not JSON: {error}") from error
    faults = _faults(summary, RUN)
    if not faults:
        faults = [f"epochs.{i}.{fault}" for i, record in enumerate(summary["epochs"]) for fault in _faults(record, EPOCH)]
    faults = faults or _contradictions(summary)
    if faults:
        raise ValueError(f"{path} is not the summary of a run: {faults[0]}")
    return dict(summary)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _faults(record: Any, required: dict[str, Kinds]) -> list[str]:
    """Entries that are missing in a record or have the wrong type."""
    faults = []
    for key, kinds in required.items():
        value = record
        for part in key.split("."):
            value = value.get(part, ...) if isinstance(value, dict) else ...
        if value is ...:
            faults.append(f"{key} is missing")
        elif not isinstance(value, kinds) or isinstance(value, bool):
            names = " or ".join("null" if kind is NoneType else kind.__name__ for kind in kinds)
            faults.append(f"{key} must be {names}, got {json.dumps(value)[:40]}")
    return faults


def _contradictions(summary: dict[str, Any]) -> list[str]:
    """Entries with impossible values: shares of an empty pool and scores of no epoch would be undefined."""
    labels, epochs = summary["labels"], summary["epochs"]
    faults = []
    if not 0 < labels["bought"] <= labels["pool"]:
        faults.append(f"labels.bought must be in [1, labels.pool={labels['pool']}], got {labels['bought']}")
    if summary.get("diverged") is None and all(record["val_f1_macro"] is None for record in epochs):
        faults.append("epochs hold no val_f1_macro")
    return faults
