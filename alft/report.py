"""What do finished runs say together? Tables of runs and epochs, for notebooks; ``summary.json`` is all that is read.

It stands alone: nothing of a run's code is needed to read what the run left behind.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd


def load_runs(*roots: str | Path) -> pd.DataFrame:
    """One line per finished run below the roots: name, seed, arm, scores, labels bought, both savings, seconds.

    The ``arm`` names the settings in which the runs found differ, so it means the same only within one table.

    Raises:
        ValueError: No root holds a finished run.
    """
    found = list(_summaries(roots))
    lines = [
        {
            "run": str(folder),
            "name": summary["name"],
            "fingerprint": summary["fingerprint"],
            "arm": arm,
            "seed": summary["seed"],
            "test_f1_macro": summary["test"]["f1_macro"],
            "val_f1_macro": summary["validation"]["f1_macro"],
            "bought": summary["labels"]["bought"],
            "unique_saving": summary["labels"]["unique_saving"],
            "exposure_saving": summary["labels"]["exposure_saving"],
            "seconds": summary["seconds"]["total"],
        }
        for (folder, summary), arm in zip(found, _arms([s["settings"] for _, s in found]), strict=True)
    ]
    if not lines:
        raise ValueError(f"no finished run (a folder with summary.json) below {', '.join(map(str, roots))}")
    return pd.DataFrame(lines)


def load_epochs(*roots: str | Path) -> pd.DataFrame:
    """One line per epoch of every finished run: run, name, arm, seed, epoch, val_f1_macro, selected, bought."""
    runs = load_runs(*roots).set_index("run")
    lines = [
        {
            **runs.loc[str(folder), ["name", "arm", "seed"]],
            "run": str(folder),
            **{key: record[key] for key in ("epoch", "val_f1_macro", "selected", "bought")},
        }
        for folder, summary in _summaries(roots)
        for record in summary["epochs"]
    ]
    return pd.DataFrame(lines)


def compare_arms(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over seeds of test macro-F1, and mean savings, for each pool and arm."""
    grouped = runs.groupby(["name", "fingerprint", "arm"])
    table = grouped["test_f1_macro"].agg(["count", "mean", "std"])
    return table.join(grouped[["unique_saving", "exposure_saving", "seconds"]].mean())


def _summaries(roots: tuple[str | Path, ...]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for root in roots:
        for path in sorted(Path(root).rglob("summary.json")):
            yield path.parent, json.loads(path.read_text(encoding="utf-8"))


def _arms(settings: list[dict[str, Any]]) -> list[str]:
    """Each run's settings, without those that all runs share."""
    varied = [key for key in settings[0] if len({json.dumps(s[key]) for s in settings}) > 1] if settings else []
    return [", ".join(f"{key} {s[key]}" for key in varied) or "all" for s in settings]
