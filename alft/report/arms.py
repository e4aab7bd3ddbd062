"""Groups runs by pool and test set and, within each group, into arms: runs that differ only in their seed.

A group is defined by a fingerprint of the pool texts, the evaluation texts and labels, and the label names, so it covers the
test set: two groups have different data, and their figures are never compared. Runs whose pool labels differ, because labels
were corrected between them, are in different groups, too. The name of a group is that of its runs; if one data set was run
under several names, all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Literal

from alft.report.intervals import Repetition
from alft.report.names import name_arms
from alft.report.predictions import Pooled, Predictions, read_predictions
from alft.report.settings import Settings, written
from alft.report.summaries import Run, find_runs

Kind = Literal["baseline", "random", "selection"]

KINDS: tuple[Kind, ...] = ("baseline", "random", "selection")
"""Kinds of arms, in the order in which they are listed."""


@dataclass(frozen=True)
class Arm:
    """Runs that differ only in their seed, or in their fold and seed where folds are taken together.

    Attributes:
        name: Name of the group's runs.
        fingerprint: Fingerprint of their data, and of the pool labels if there are runs with others.
        label: Its name among the arms of its group: what tells it apart.
        settings: Settings shared by its runs.
        runs: The runs in the order of their folds and seeds, each pair of which occurs once.
    """

    name: str
    fingerprint: str
    label: str
    settings: Settings
    runs: tuple[Run, ...]

    def names_in(self, *groups: str) -> set[str]:
        """Names of the settings in these groups."""
        return {name for group in groups for name in self.runs[0].groups[group]}

    @property
    def kind(self) -> Kind:
        """How its runs select rows: "baseline" is the whole pool without a selection, "random" the class Random."""
        acquire = self.settings.get("acquire")
        return "baseline" if acquire is None else "random" if acquire == "Random" else "selection"

    @property
    def folds(self) -> int | None:
        """Number of folds that the rows were cut into; None without folds."""
        fold = self.runs[0].fold
        return None if fold is None else fold[1]

    @property
    def scores_on_test(self) -> dict[Repetition, float | None]:
        """Test macro-F1 by fold and seed, in [0, 1]; None for a run without a test set."""
        return {run.repetition: run.summary["test"]["f1_macro"] for run in self.runs}

    @property
    def predictions(self) -> dict[int, Pooled]:
        """Predictions for the test set by seed, those of all folds that have them together."""
        return self._read[0]

    @property
    def broken_predictions(self) -> list[str]:
        """Sentences about files of predictions that cannot be read and are left out."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[dict[int, Pooled], list[str]]:
        found: dict[int, dict[int, Predictions]] = {}
        broken = []
        for run in self.runs:
            try:
                names = list(run.summary["test"]["predicted"] or ())
                held = read_predictions(run.folder, names, entities=run.summary["labels"].get("words") is not None)
            except ValueError as error:
                held = None
                broken.append(str(error))
            if held is not None:
                fold, seed = run.repetition
                found.setdefault(seed, {})[fold] = held
        return {seed: Pooled(of_fold) for seed, of_fold in found.items()}, broken


def gather(*roots: str | Path) -> list[Arm]:
    """The arms of all finished runs below the roots.

    Returns:
        Arms sorted by the group's name and fingerprint and, within a group: baselines, random selection, the others by label.
        The order does not depend on the order or the names of the run folders.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same seed.
    """
    by_fingerprint = _with_folds_together(_groups(find_runs(*roots)))
    groups = [_arms(members, fingerprint) for fingerprint, members in by_fingerprint.items()]
    return [arm for arms in sorted(groups, key=lambda arms: (arms[0].name, arms[0].fingerprint)) for arm in arms]


def groups_of(arms: Sequence[Arm]) -> list[list[Arm]]:
    """The arms as returned by :func:`gather`, one list per group."""
    return [list(members) for _, members in groupby(arms, key=lambda arm: arm.fingerprint)]


def bought_share(runs: Sequence[Run]) -> float | None:
    """Mean share of the pool whose labels runs bought; None if they differ by more than two percent."""
    shares = [run.summary["labels"]["bought"] / run.summary["labels"]["pool"] for run in runs]
    return sum(shares) / len(shares) if max(shares) - min(shares) <= 0.02 else None


def given_name(runs: Sequence[Run]) -> str | None:
    """The name that all runs were given; None if they were given none, or several."""
    given = {run.summary["arm"] for run in runs}
    return given.pop() if len(given) == 1 else None


def _groups(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs by the fingerprint of their data; runs of earlier versions, without a digest of pool labels, fit any one digest."""
    groups: dict[str, list[Run]] = {}
    for fingerprint in sorted({run.summary["fingerprint"] for run in runs}):
        members = [run for run in runs if run.summary["fingerprint"] == fingerprint]
        digests = {run.folder: str(run.summary.get("pool_labels", "")) for run in members}
        several = len(set(digests.values()) - {""}) > 1
        for run in members:
            both = sha256(f"{fingerprint} {digests[run.folder]}".encode()).hexdigest()[:16]
            groups.setdefault(both if several else fingerprint, []).append(run)
    return groups


def _with_folds_together(groups: dict[str, list[Run]]) -> dict[str, list[Run]]:
    """The groups, with those that are folds of one cut as one.

    Runs of earlier versions do not tell their cut: equal names and numbers of folds have to do, unless one of the folds has
    several fingerprints then, so that they are cut from several data sets.
    """
    of_cut: dict[tuple[frozenset[str], int], list[str]] = {}
    found = dict(groups)
    for fingerprint, members in groups.items():
        if members[0].fold is not None:
            of_cut.setdefault((_cut(members), members[0].fold[1]), []).append(fingerprint)
    for fingerprints in of_cut.values():
        folds = [groups[fingerprint][0].fold for fingerprint in fingerprints]
        if len(set(folds)) == len(folds) > 1:
            joint = sha256(" ".join(fingerprints).encode()).hexdigest()[:16]
            found[joint] = [run for fingerprint in fingerprints for run in found.pop(fingerprint)]
    return found


def _cut(runs: Sequence[Run]) -> frozenset[str]:
    """What the runs of one fold share with those of other folds."""
    return frozenset(run.summary["fold"].get("cut", run.summary["name"]) for run in runs)


def _arms(runs: list[Run], fingerprint: str) -> list[Arm]:
    """The arms of one group."""
    keys = sorted({key for run in runs for key in run.settings})
    by_settings: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        settings = run.settings
        by_settings.setdefault(tuple(written(settings.get(key)) for key in keys), []).append(run)
    members = list(by_settings.values())
    given = [given_name(runs) for runs in members]
    labels = name_arms([runs[0].settings for runs in members], [bought_share(runs) for runs in members], given)
    name = ", ".join(sorted({run.summary["name"] for run in runs}))
    arms = [Arm(name, fingerprint, label, m[0].settings, _in_order(m)) for label, m in zip(labels, members, strict=True)]
    return sorted(arms, key=lambda arm: (KINDS.index(arm.kind), arm.label))


def _in_order(runs: list[Run]) -> tuple[Run, ...]:
    """Runs in the order of their folds and seeds; refuses duplicates, which would make every interval too narrow."""
    first: dict[tuple[int, int], Run] = {}
    for run in sorted(runs, key=lambda run: (run.repetition, run.folder)):
        if (other := first.setdefault(run.repetition, run)) is not run:
            raise ValueError(
                f"runs: {other.folder} and {run.folder} have the same settings and seed {run.seed}, as far as their summaries "
                "tell, and a run counted twice would make the intervals too narrow; leave one of them out"
            )
    return tuple(first.values())
