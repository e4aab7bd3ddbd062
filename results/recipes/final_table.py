"""The final table of docs/recipes.md: runs on the test sets, five seeds, beside the controls on the same rows.

python results/recipes/final_table.py ENCODER FOLDER    # measures the controls of FOLDER/SET by seed: final/controls.csv
python results/recipes/final_table.py    # the table: mean test macro-F1 with its 95 % interval (t over the seeds)

A seed draws the pool, for a run and for its controls. A run has a tenth of its training time for its controls; here they take
as long as they need.
"""

import csv
import json
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from scipy import stats
from table import collapsed, took_off

from alft.controls.frozen import Table, frozen_vectors
from alft.controls.scores import control_scores
from alft.controls.time_limit import TimeLimit
from alft.data.corpus import load_corpus
from alft.data.tokens import load_tokenizer, tokenize

HERE = Path(__file__).parent / "final"
RUNS, CONTROLS = HERE / "runs", HERE / "controls.csv"
SETS = ("maltese", "slovak", "turkish", "icelandic")
SEEDS = range(5)
LIMITS = {"limit": 600, "limit_validation": 160}
"""As in final/data.yaml."""

NAMES = {"default": "the default", "before": "before heads"}
CONTROL = "frozen_tfidf_f1"
WORDS = {"frozen_f1": "frozen vectors", "tfidf_f1": "TF-IDF", "frozen_tfidf_f1": "frozen vectors and TF-IDF"}

Scores = dict[str, dict[int, float]]
"""Test macro-F1 by set and seed."""


def measure(encoder: str, source: Path) -> Iterator[list[object]]:
    """Lines of one set: name, seed, control, test macro-F1."""
    for seed in SEEDS:
        corpus = load_corpus(str(source), seed=seed, **LIMITS)
        assert corpus.test is not None
        parts = [(corpus.pool.texts, corpus.pool.labelled), (corpus.test.texts, range(len(corpus.test)))]
        tokenizer, unlimited = load_tokenizer(encoder, 128), TimeLimit(math.inf)

        def vectors(parts: Any = parts, tokenizer: Any = tokenizer, unlimited: TimeLimit = unlimited) -> Sequence[Table]:
            tokens = [(tokenize(texts, tokenizer, 128), rows) for texts, rows in parts]
            return frozen_vectors(encoder, tokens, torch.device("cpu"), unlimited, bar=False)

        figures = control_scores(corpus, set(corpus.pool.labelled), unlimited, vectors)
        for key in WORDS:
            yield [source.name, seed, key, f"{figures[key]:.5f}"]


def read_controls(path: Path) -> dict[str, Scores]:
    """Scores of each control."""
    found: dict[str, Scores] = defaultdict(lambda: defaultdict(dict))
    for line in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        found[line["control"]][line["set"]][int(line["seed"])] = float(line["f1_macro"])
    return found


def read_runs(folder: Path) -> dict[str, dict[int, Any]]:
    """Summaries of a recipe by set and seed."""
    found: dict[str, dict[int, Any]] = defaultdict(dict)
    for path in sorted(folder.glob("*/*/version_*/summary.json")):
        summary = json.loads(path.read_text(encoding="utf-8"))
        command = (path.parents[2] / "command.txt").read_text(encoding="utf-8")
        (of,) = re.findall(r"data\.source=\S+/(\w+)", command)
        found[of][summary["seed"]] = summary
    return found


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half the width of its 95 % interval, of two values or more."""
    return mean(values), stats.t.ppf(0.975, len(values) - 1) * stdev(values) / math.sqrt(len(values))


def cell(scores: dict[int, float]) -> str:
    """Mean and half the width of its interval."""
    values = list(scores.values())
    if len(values) < 2:
        return f"{values[0]:.3f}" if values else "-"
    seeds = f" ({len(values)} seeds)" if len(values) < len(SEEDS) else ""
    return "{:.3f} ± {:.3f}".format(*interval(values)) + seeds


def gain(ours: dict[int, float], theirs: dict[int, float]) -> str:
    """The difference in points, paired by seed."""
    values = [100 * (ours[seed] - theirs[seed]) for seed in sorted(set(ours) & set(theirs))]
    return "{:+.1f} ± {:.1f}".format(*interval(values)) if len(values) > 1 else "-"


def row(name: str, scores: Scores, *more: str) -> str:
    """A line of the table."""
    return f"| {' | '.join([name, *(cell(scores.get(of, {})) for of in SETS), *more])} |"


def remarks(runs: list[Any]) -> list[str]:
    """How many runs predict one class, and in how many the first epoch is above the majority class."""
    return [f"{sum(map(collapsed, runs))} of {len(runs)}", took_off(runs)]


def table() -> str:
    """Markdown: recipes and controls by set."""
    lines = [
        f"| | {' | '.join(SETS)} | one class predicted | first epoch above the majority |",
        f"|---|{'---|' * (len(SETS) + 2)}",
    ]
    runs = {recipe: read_runs(RUNS / recipe) for recipe in NAMES}
    scores = {
        recipe: {of: {seed: run["test"]["f1_macro"] for seed, run in found.items()} for of, found in by_set.items()}
        for recipe, by_set in runs.items()
    }
    controls = read_controls(CONTROLS)
    for recipe, by_set in runs.items():
        lines.append(row(NAMES[recipe], scores[recipe], *remarks([run for found in by_set.values() for run in found.values()])))
    lines.extend(row(WORDS[control], found, "", "") for control, found in controls.items())
    for recipe in NAMES:
        gains = [gain(scores[recipe].get(of, {}), controls[CONTROL][of]) for of in SETS]
        lines.append(f"| {NAMES[recipe]}, points above {WORDS[CONTROL]} | {' | '.join(gains)} | | |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        encoder, folder = sys.argv[1:]
        with CONTROLS.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["set", "seed", "control", "f1_macro"])
            for of in SETS:
                writer.writerows(measure(encoder, Path(folder) / of))
                file.flush()
    else:
        print(table())
