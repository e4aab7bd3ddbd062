"""The ablation of docs/recipes.md: what each lever alone adds to the settings before heads, on folds of Slovak.

python results/recipes/levers_table.py
"""

from pathlib import Path
from statistics import mean
from typing import Any

from table import RUNS, collapsed, read, score, took_off

HERE = Path(__file__).parent
BEFORE = "today"

LEVERS = {
    "mean": "head `Mean`",
    "probe": "head from a probe",
    "lora_all": "LoRA on all linear layers, lr 1e-3",
    "average": "moving average of the weights, 0.98",
    "stop_early": "early stopping, at most 16 epochs, best epoch tested",
    "frozen_embeddings": "embeddings frozen",
    "balanced": "classes of equal weight",
}
"""Candidates that change one thing, in the order of the table."""


def found() -> dict[str, dict[int, Any]]:
    """Summaries by candidate and fold; the head alone and what all are compared with are among the candidates on Slovak."""
    before, levers = read(RUNS)["slovak"], read(HERE / "levers")["runs"]
    return {BEFORE: before[BEFORE], "mean": before["mean"], **levers}


def line(words: str, runs: dict[int, Any], before: dict[int, Any]) -> str:
    """A line of the table, over the folds that both have run."""
    every = [runs[fold] for fold in sorted(runs)]
    gains = [100 * (runs[fold]["test"]["f1_macro"] - before[fold]["test"]["f1_macro"]) for fold in sorted(runs)]
    by_fold = "" if runs is before else f"{mean(gains):+.1f} ({', '.join(f'{gain:+.1f}' for gain in gains)})"
    seconds = mean(run["seconds"]["total"] for run in every)
    fell = f"{sum(map(collapsed, every))} of {len(every)}"
    return f"| {words} | {score(runs):.3f} | {by_fold} | {seconds:.0f} | {fell} | {took_off(every)} |"


def table() -> str:
    """Markdown: a line for each lever."""
    runs = found()
    titles = (
        "what is added",
        "macro-F1",
        "gain in points (by fold)",
        "seconds",
        "one class predicted",
        "first epoch above the majority",
    )
    lines = [line("nothing", runs[BEFORE], runs[BEFORE])]
    lines.extend(line(words, runs[name], runs[BEFORE]) for name, words in LEVERS.items())
    return "\n".join([f"| {' | '.join(titles)} |", "|---" * len(titles) + "|", *lines])


if __name__ == "__main__":
    print(table())
