"""The tables of docs/results.md: selections by language, LoRA beside whole fine-tuning, and how many runs there are.

python results/overview.py    # test macro-F1 with points to random selection; LoRA by folds; runs, collapsed runs, hours
"""

import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from alft.report import budgets, load_runs
from alft.report.intervals import paired_difference

RESULTS = Path(__file__).parent
STUDIES = {
    "selections, Maltese and Turkish": "selections/runs",
    "rehearsal, Slovak": "rehearse/runs",
    "training settings, folds": "recipes/runs",
    "single settings, folds": "recipes/levers/runs",
    "default and earlier settings, test": "recipes/final/runs",
    "further pretraining, folds": "adapt/runs",
    "tags": "tags/runs",
}
SETS = ("selections/runs", "rehearse/runs")
ORDER = ["maltese", "turkish", "slovak"]


def main() -> None:
    """Print them."""
    print(table(), lora(), counts(), sep="\n\n")


def table() -> str:
    """A row for each arm, a column for each data set, at the largest number of labels that all arms of the set bought."""
    lines = pd.concat([_last(budgets(RESULTS / runs)) for runs in SETS])
    wide = lines.set_index(["arm", "name"])
    heads = [f"{name}, {_of(lines, name, 'bought')} of {_of(lines, name, 'pool')} labels" for name in ORDER]
    arms = ["Random", *sorted(set(lines["arm"]) - {"Random"})]
    rows = ["| arm | " + " | ".join(heads) + " |", "|---" * (len(ORDER) + 1) + "|"]
    rows += [
        f"| {arm} | " + " | ".join(_cell(wide.loc[(arm, name)]) if (arm, name) in wide.index else "-" for name in ORDER) + " |"
        for arm in arms
    ]
    return "\n".join(rows)


def lora() -> str:
    """The best candidate with LoRA on the folds of a language, and the difference to whole fine-tuning with the same head."""
    sys.path.insert(0, str(RESULTS / "recipes"))
    found = __import__("table").read(RESULTS / "recipes" / "runs")
    rows = ["| folds of | whole | LoRA | points |", "|---|---|---|---|"]
    for name in ("maltese", "slovak"):
        candidates = found[name]
        whole = {(fold, 0): run["test"]["f1_macro"] for fold, run in candidates["probe_slow"].items()}
        ours = {(fold, 0): run["test"]["f1_macro"] for fold, run in candidates["lora_all"].items()}
        means = [fmean(scores[pair] for pair in ours) for scores in (whole, ours)]
        line = paired_difference(ours, whole, len(whole))
        rows.append(
            f"| {name}, {len(ours)} | {means[0]:.3f} | {means[1]:.3f} | {100 * line.difference:+.1f} "
            f"[{100 * line.low:+.1f}, {100 * line.high:+.1f}] |"
        )
    return "\n".join(rows)


def counts() -> str:
    """A row for each study: runs, those that predict one class, and hours of processes."""
    rows = ["| study | runs | predict one class | hours |", "|---|---|---|---|"]
    for name, runs in STUDIES.items():
        found = load_runs(RESULTS / runs)
        rows.append(f"| {name} | {len(found)} | {int(found['collapsed'].sum())} | {found['seconds'].sum() / 3600:.1f} |")
    return "\n".join(rows)


def _last(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[lines["bought"] == lines.groupby("name")["bought"].transform("max")]


def _of(lines: pd.DataFrame, name: str, column: str) -> int:
    return int(lines[lines["name"] == name][column].iloc[0])


def _cell(line: Any) -> str:
    if not line["random_pairs"]:
        return f"{line['test_f1']:.3f}"
    points = [100 * line[f"random_{figure}"] for figure in ("difference", "low", "high", "visible")]
    return f"{line['test_f1']:.3f}; {points[0]:+.1f} [{points[1]:+.1f}, {points[2]:+.1f}], visible {points[3]:.1f}"


if __name__ == "__main__":
    main()
