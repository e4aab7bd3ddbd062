"""Prints the tables of docs/recipes.md.

Macro-F1 of each candidate on each set, over the folds that the candidates of the set have in common; and, fold by fold, that of
the candidates with n-grams, which were tried later.

python results/recipes/table.py
"""

import json
import re
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

RUNS = Path(__file__).parent / "runs"
CANDIDATE = re.compile(r"candidates/(\w+)\.yaml")

LATER = ("ngrams", "ngrams_slow", "ngrams_frozen")
BEFORE = "probe_slow"

Summaries = dict[str, dict[str, dict[int, Any]]]


def read(runs: Path) -> Summaries:
    """Summaries by set, candidate and fold."""
    found: Summaries = defaultdict(lambda: defaultdict(dict))
    for path in sorted(runs.glob("*/*/*/version_*/summary.json")):
        summary = json.loads(path.read_text(encoding="utf-8"))
        command = (path.parents[2] / "command.txt").read_text(encoding="utf-8")
        name = CANDIDATE.search(command)
        assert name is not None, command
        found[path.parents[3].name][name[1]][summary["fold"]["fold"]] = summary
    return found


def in_common(found: Summaries) -> Summaries:
    """Only the folds that all candidates of a set have run, but for those that have run less than half as many as others."""
    kept: Summaries = {}
    for of, every in found.items():
        most = max(map(len, every.values()))
        candidates = {name: runs for name, runs in every.items() if 2 * len(runs) >= most}
        folds = set.intersection(*(set(runs) for runs in candidates.values()))
        kept[of] = {name: {fold: runs[fold] for fold in folds} for name, runs in candidates.items()}
    return {of: candidates for of, candidates in kept.items() if all(candidates.values())}


def collapsed(summary: Any) -> bool:
    """Whether one class is predicted for every row of the fold."""
    return sum(count > 0 for count in summary["test"]["predicted"].values()) == 1


def cell(runs: dict[int, Any]) -> str:
    """Mean macro-F1 over folds, and how many runs predict one class."""
    fell = sum(map(collapsed, runs.values()))
    return f"{score(runs):.3f}{f' ({fell} of one class)' if fell else ''}" if runs else "-"


def score(runs: dict[int, Any]) -> float:
    """Mean macro-F1 over folds."""
    return mean(summary["test"]["f1_macro"] for summary in runs.values())


def took_off(runs: list[Any]) -> str:
    """In how many runs the first epoch is above the majority class on validation, by two points or more."""
    above = [run["epochs"][0]["val_f1_macro"] >= run["controls"]["majority_f1"] + 0.02 for run in runs]
    return f"{sum(above)} of {len(above)}"


def control(runs: dict[str, dict[int, Any]]) -> str:
    """Mean macro-F1 of logistic regression on frozen vectors and TF-IDF over the folds, if it was measured in each."""
    figures: dict[int, float] = {}
    for name in runs:
        for fold, summary in runs[name].items():
            figure = summary["controls"]["frozen_tfidf_f1"]
            figures |= {} if figure is None else {fold: figure}
    return f"{mean(figures.values()):.3f}" if len(figures) == len(next(iter(runs.values()))) else "-"


def table(found: Summaries) -> str:
    """Markdown: a line for each candidate, a column for each set with the number of its folds; best mean first."""
    sets = sorted(found)
    folds = {of: len(next(iter(found[of].values()))) for of in sets}
    names = {name for candidates in found.values() for name in candidates}
    runs = {name: [found[of].get(name, {}) for of in sets] for name in names}
    order = sorted(names, key=lambda name: (-sum(map(bool, runs[name])), -mean(score(r) for r in runs[name] if r), name))
    head = [f"{of}, {folds[of]} fold{'s' if folds[of] > 1 else ''}" for of in sets]
    lines = [f"| candidate | {' | '.join(head)} | first epoch above the majority |", f"|---{'|---' * len(sets)}|---|"]
    for name in order:
        every = [run for of in runs[name] for run in of.values()]
        lines.append(f"| {name} | {' | '.join(map(cell, runs[name]))} | {took_off(every)} |")
    return "\n".join([*lines, f"| control: frozen vectors and TF-IDF | {' | '.join(control(found[of]) for of in sets)} | |"])


def later_table(found: Summaries) -> str:
    """Markdown: a line for each fold that a candidate with n-grams has run, beside the best without them and the control."""
    lines = [f"| fold | {' | '.join((*LATER, BEFORE))} | control |", f"|---{'|---' * (len(LATER) + 1)}|---|"]
    for of, candidates in sorted(found.items()):
        for fold in sorted({fold for name in LATER for fold in candidates.get(name, {})}):
            cells = [cell({fold: runs[fold]} if fold in runs else {}) for runs in (candidates[n] for n in (*LATER, BEFORE))]
            runs = {name: {fold: every[fold]} for name, every in candidates.items() if fold in every}
            lines.append(f"| {of} {fold} | {' | '.join(cells)} | {control(runs)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(in_common(read(RUNS))))
    print(f"\n{later_table(read(RUNS))}")
