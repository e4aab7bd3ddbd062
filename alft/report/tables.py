"""The two tables for plots and notebooks: one line per run, and one line per epoch."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from alft.report.arms import Arm, gather
from alft.report.stability import collapsed
from alft.report.summaries import STAGES, Run
from alft.system.control_names import CONTROL_KEYS

GROUP = ["name", "fingerprint"]
"""Columns that identify a group; figures of different groups are never compared."""

EXACT = ("run", "name", "fingerprint", "arm", "kind", "fold", "seed", "epoch", "selected", "bought", "pool", "collapsed")
"""Columns that keep their type; all others are floats, NaN where a summary has null."""


WORDS = {f"words_{key}": key for key in ("bought", "pool", "unique_saving", "exposure_saving")}
"""Columns of what was bought in words, by their names in a summary."""


def load_runs(*roots: str | Path) -> pd.DataFrame:
    """One line per finished run below the roots, which are searched to any depth.

    Returns:
        run (folder), name, fingerprint, arm, kind (baseline, random or selection), fold (-1 without), seed, test_f1_macro,
        val_f1_macro (of the weights tested), bought and pool (labels), unique_saving, exposure_saving, the same of words as
        words_bought, words_pool, words_unique_saving, words_exposure_saving (NaN where texts have labels), test_f1_micro (NaN
        where there is none), collapsed (one class predicted on test; None without a test set), seconds (total), memory_mib,
        break_even, and the controls: majority_f1, majority_bought_f1, tfidf_f1, tfidf_bought_f1, frozen_f1,
        frozen_bought_f1, frozen_tfidf_f1, frozen_tfidf_bought_f1, crf_f1, crf_bought_f1.
        Scores and savings are in [0, 1]. The ``arm`` states how a run differs from others of the same name and fingerprint; it
        is not comparable across those.

    Raises:
        ValueError: There is no run, a summary is broken, or two runs of one arm have the same seed.
    """
    return runs_table(gather(*roots))


def load_epochs(*roots: str | Path) -> pd.DataFrame:
    """One line per epoch of every finished run below the roots.

    Returns:
        run, name, fingerprint, arm, kind, fold, seed, epoch (from 0), share (planned), selected (rows trained on), bought
        (labels so far), pool, val_f1_macro (in [0, 1]), seconds_train, seconds_score, seconds_cluster, seconds_select,
        seconds_validate.

    Raises:
        ValueError: As for :func:`load_runs`.
    """
    lines = [
        {
            **_heading(arm, run),
            **{key: record[key] for key in ("epoch", "share", "selected", "bought")},
            "pool": run.summary["labels"]["pool"],
            "val_f1_macro": record["val_f1_macro"],
            **{f"seconds_{stage}": record["seconds"][stage] for stage in STAGES},
        }
        for arm in gather(*roots)
        for run in arm.runs
        for record in run.epochs
    ]
    return _table(lines)


def runs_table(arms: list[Arm]) -> pd.DataFrame:
    """The table of :func:`load_runs` for arms that have already been read."""
    return _table([{**_heading(arm, run), **_figures(run)} for arm in arms for run in arm.runs])


def _heading(arm: Arm, run: Run) -> dict[str, Any]:
    return {
        "run": run.folder,
        "name": arm.name,
        "fingerprint": arm.fingerprint,
        "arm": arm.label,
        "kind": arm.kind,
        "fold": run.repetition[0],
        "seed": run.seed,
    }


def _figures(run: Run) -> dict[str, Any]:
    summary = run.summary
    words = summary["labels"].get("words", {})
    return {
        "test_f1_macro": summary["test"]["f1_macro"],
        "val_f1_macro": summary["validation"]["f1_macro"],
        **{key: summary["labels"][key] for key in ("bought", "pool", "unique_saving", "exposure_saving")},
        **{name: words.get(key, math.nan) for name, key in WORDS.items()},
        "test_f1_micro": summary["test"].get("f1_micro", math.nan),
        "collapsed": collapsed(summary["test"]["predicted"]),
        "seconds": summary["seconds"]["total"],
        **{key: summary[key] for key in ("memory_mib", "break_even")},
        **{key: summary["controls"][key] for key in CONTROL_KEYS},
    }


def _table(lines: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame({key: pd.Series([line[key] for line in lines], dtype=_kind(key)) for key in lines[0]})
    return table.astype({key: float for key in table.columns if key not in EXACT})


def _kind(key: str) -> Any:
    return object if key == "collapsed" else None  # otherwise a None among booleans would become a float
