"""Finds finished runs below folders, and reads and validates their ``summary.json``. Nothing else of a run is read."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

from alft.system.control_names import CONTROL_KEYS
from alft.system.earlier import GROUPS, grouped_settings
from alft.system.excerpt import WIDTH
from alft.system.json_file import read_json
from alft.system.run_files import SUMMARY
from alft.system.visible import visible_values


class Rule(NamedTuple):
    """Values that an entry may have: types and, for numbers, both limits."""

    kinds: tuple[type, ...]
    least: float = -math.inf
    most: float = math.inf


TEXT = Rule((str,))
COUNT = Rule((int,), least=0)
SECONDS = Rule((int, float), least=0)
SHARE = Rule((int, float), least=0, most=1)
SCORE = Rule((int, float, NoneType), least=0, most=1)
STAGES = ("train", "score", "cluster", "select", "validate")

RUN: dict[str, Rule] = {
    "name": TEXT,
    "fingerprint": TEXT,
    "seed": Rule((int,)),
    "settings": Rule((dict,)),
    "test.f1_macro": SCORE,
    "test.predicted": Rule((dict, NoneType)),
    "validation.f1_macro": SCORE,
    "labels.pool": COUNT,
    "labels.bought": COUNT,
    "labels.unique_saving": SHARE,
    "labels.exposure_saving": SHARE,
    "seconds.total": SECONDS,
    "memory_mib": Rule((int, float, NoneType), least=0),
    "break_even": Rule((int, float, NoneType)),
    "controls.majority_f1": SCORE,
    "controls.tfidf_f1": SCORE,
    "epochs": Rule((list,)),
}
"""Entries of a summary that a report requires; all others are optional."""

MORE: dict[str, Rule] = {"arm": Rule((str, NoneType)), **{f"controls.{key}": SCORE for key in CONTROL_KEYS}}
"""Entries that a report shows where a summary has them."""

FOLD: dict[str, Rule] = {"fold": COUNT, "folds": Rule((int,), least=2)}
"""Entries of the fold of a run that has one."""

FOLD_MORE: dict[str, Rule] = {"cut": TEXT}
"""Entries of a fold that runs of earlier versions lack."""

EPOCH: dict[str, Rule] = {
    "epoch": COUNT,
    "share": SHARE,
    "selected": COUNT,
    "bought": COUNT,
    "val_f1_macro": SCORE,
    **{f"seconds.{stage}": SECONDS for stage in STAGES},
}
"""Entries of each epoch that a report requires."""

EPOCH_MORE: dict[str, Rule] = {"test_f1_macro": SCORE}
"""Entries of an epoch that a report shows where it has them."""


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
    def fold(self) -> tuple[int, int] | None:
        """Number of the fold that was its test set, from 0, and of how many; None for a run without folds."""
        fold = self.summary.get("fold")
        return None if fold is None else (int(fold["fold"]), int(fold["folds"]))

    @property
    def repetition(self) -> tuple[int, int]:
        """Its fold, or -1, and its seed: what repeated runs of one setting differ in."""
        return (-1 if self.fold is None else self.fold[0]), self.seed

    @property
    def diverged(self) -> bool:
        """Whether its model diverged, so that it has no score; not one that tested the best weights from before."""
        return self.summary.get("diverged") is not None and self.summary["validation"]["f1_macro"] is None

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Its settings in groups; if a summary does not contain the number of epochs, it is counted."""
        groups = grouped_settings(self.summary["settings"])
        return {**groups, "training": {"max_epochs": len(self.epochs), **groups["training"]}}

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Its settings as one flat mapping: no name occurs in two groups."""
        return {name: value for group in self.groups.values() for name, value in group.items()}

    @cached_property
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
            if not path.is_dir() and (place := path.resolve()) not in found:
                found[place] = Run(str(path.parent), read_summary(path))
    if not found:
        raise ValueError(f"no finished run (a folder with summary.json) below {', '.join(map(str, roots))}")
    return sorted(found.values(), key=lambda run: run.folder)


def read_summary(path: Path) -> dict[str, Any]:
    """Read one summary, with control characters in its texts made visible.

    Raises:
        ValueError: It is not JSON, or lacks an entry that a report requires; the message names the file and the entry.
    """
    summary = read_json(path)
    faults = _faults(summary, RUN) or _faults(_with_more(summary), MORE) or _faults_inside(summary) or _contradictions(summary)
    if faults:
        raise ValueError(f"{path} is not the summary of a run: {faults[0]}")
    return dict(visible_values(_with_more(summary)))


def _faults(record: Any, required: Mapping[str, Rule], place: str = "") -> list[str]:
    """Entries that are missing in a record, or have another type or size."""
    faults = []
    for key, rule in required.items():
        value = record
        for part in key.split("."):
            value = value.get(part, ...) if isinstance(value, dict) else ...
        if value is ...:
            faults.append(f"{place}{key} is missing")
        elif not isinstance(value, rule.kinds) or isinstance(value, bool):
            names = " or ".join("null" if kind is NoneType else kind.__name__ for kind in rule.kinds)
            faults.append(f"{place}{key} must be {names}, got {_shown(value)}")
        elif isinstance(value, int | float) and not rule.least <= value <= rule.most:
            most = "" if rule.most == math.inf else f" and at most {rule.most}"
            faults.append(f"{place}{key} must be at least {rule.least}{most}, got {_shown(value)}")
    return faults


def _with_more(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary with entries that earlier versions lack as null."""
    return {"arm": None, **summary, "controls": {**dict.fromkeys(CONTROL_KEYS), **summary["controls"]}}


def _faults_inside(summary: Mapping[str, Any]) -> list[str]:
    """Faults of the entries that are records themselves: fold, epochs, settings in groups, and predictions by label."""
    settings, predicted = summary["settings"], summary["test"]["predicted"] or {}
    faults = _faults({"fold": None, **summary}, {"fold": Rule((dict, NoneType))})
    faults += (
        []
        if faults or not summary.get("fold")
        else _faults({**dict.fromkeys(FOLD_MORE, ""), **summary["fold"]}, FOLD | FOLD_MORE, "fold.")
    )
    faults += [fault for i, record in enumerate(summary["epochs"]) for fault in _faults(record, EPOCH, f"epochs.{i}.")]
    faults += [
        fault
        for i, record in enumerate(summary["epochs"])
        if isinstance(record, dict)
        for fault in _faults({**dict.fromkeys(EPOCH_MORE), **record}, EPOCH_MORE, f"epochs.{i}.")
    ]
    if any(group in settings for group in GROUPS):  # otherwise they are a flat list, as in earlier versions
        faults += _faults(settings, {group: Rule((dict,)) for group in GROUPS}, "settings.")
    for label, count in predicted.items():  # not by _faults: a label may contain a full stop
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            faults.append(f"test.predicted must hold numbers of texts, got {_shown(count)} for the label {_shown(label)}")
    return faults


def _contradictions(summary: Mapping[str, Any]) -> list[str]:
    """Entries with impossible values: shares of an empty pool and scores of no epoch would be undefined."""
    labels, epochs = summary["labels"], summary["epochs"]
    faults = []
    if not 0 < labels["bought"] <= labels["pool"]:
        faults.append(f"labels.bought must be in [1, labels.pool={labels['pool']}], got {labels['bought']}")
    if summary.get("diverged") is None and all(record["val_f1_macro"] is None for record in epochs):
        faults.append("epochs hold no val_f1_macro")
    return faults + _contradicting_epochs(epochs, labels["pool"])


def _contradicting_epochs(epochs: Sequence[Mapping[str, Any]], pool: int) -> list[str]:
    """Epochs that occur twice, or have bought more labels than there are."""
    times = Counter(record["epoch"] for record in epochs)
    faults = [
        f"epochs.{i}.bought must be at most labels.pool={pool}, got {record['bought']}"
        for i, record in enumerate(epochs)
        if record["bought"] > pool
    ]
    return faults + [f"epochs hold epoch {number} {count} times" for number, count in times.items() if count > 1]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
