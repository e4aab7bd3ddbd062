"""The table of docs/tags.md, of the runs below results/tags/runs/slovak_wiki.

python results/tags/table.py    # entity F1 on test, what was bought in both units, points to random selection
"""

from pathlib import Path
from typing import Any

from alft.report import compare, load_runs
from alft.report.intervals import paired_difference

RUNS = Path(__file__).parent / "runs" / "slovak_wiki"
HEADER = (
    *("arm", "words bought", "sentences bought", "CRF on these, macro-F1", "micro-F1", "to random, over runs"),
    *("macro-F1", "to random, over runs", "over texts"),
)
ARMS = ["all words", "random", "mnlp", "bald, epinet", "furthest"]


def table() -> str:
    """A row for each arm; intervals of 95 %, over pairs of seeds (t) and, of macro-F1, over texts."""
    runs, arms = load_runs(RUNS), compare(RUNS).set_index("arm")
    micro = {
        arm: {(-1, seed): f1 for seed, f1 in zip(own["seed"], own["test_f1_micro"], strict=True)}
        for arm, own in runs.groupby("arm")
    }
    rows = ["| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"]
    for arm in ARMS:
        own = runs[runs["arm"] == arm]
        words, sentences = (own[f"{unit}bought"].mean() / own[f"{unit}pool"].mean() for unit in ("words_", ""))
        bought = f"{own['words_bought'].mean():,.0f} ({words:.0%}) | {own['bought'].mean():,.0f} ({sentences:.0%})"
        scores = (
            f"{own['crf_bought_f1'].mean():.3f} | {own['test_f1_micro'].mean():.3f} | {_points(micro[arm], micro['random'])}"
        )
        rows.append(f"| {arm} | {bought} | {scores} | {own['test_f1_macro'].mean():.3f} | {_macro(arms.loc[arm])} |")
    return "\n".join(rows)


def _points(ours: dict[tuple[int, int], float], theirs: dict[tuple[int, int], float]) -> str:
    found = paired_difference(ours, theirs)
    return f"{100 * found.difference:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]" if ours is not theirs else ""


def _macro(line: Any) -> str:
    if not line["random_pairs"]:
        return "|"
    points = [100 * line[f"random_{name}"] for name in ("difference", "low", "high", "texts_low", "texts_high")]
    told = f", p {line['random_adjusted_p']:.3f} after Holm" if line["random_adjusted_p"] < 0.05 else ""
    return "{:+.1f} [{:+.1f}, {:+.1f}] | [{:+.1f}, {:+.1f}]".format(*points) + told


if __name__ == "__main__":
    print(table())
