"""The table of docs/tags.md, of the runs below results/tags/runs/slovak_wiki.

python results/tags/arms_table.py    # strict F1 of entities on test, what was bought in both units, points to random selection
"""

from pathlib import Path

from alft.report import load_runs
from alft.report.intervals import paired_difference

RUNS = Path(__file__).parent / "runs" / "slovak_wiki"
HEADER = (
    *("arm", "words bought", "sentences bought", "CRF on these, macro-F1", "micro-F1", "to random", "to all words"),
    *("macro-F1", "to random", "to all words"),
)
ARMS = ["all words", "random", "mnlp", "bald, epinet", "furthest"]


def table() -> str:
    """A row for each arm; intervals are of 95 % over pairs of seeds (t), as those of the report."""
    runs = load_runs(RUNS)
    rows = ["| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"]
    for arm in ARMS:
        own = runs[runs["arm"] == arm]
        words, sentences = (own[f"{unit}bought"].mean() / own[f"{unit}pool"].mean() for unit in ("words_", ""))
        bought = f"{own['words_bought'].mean():,.0f} ({words:.0%}) | {own['bought'].mean():,.0f} ({sentences:.0%})"
        rows.append(
            f"| {arm} | {bought} | {own['crf_bought_f1'].mean():.3f} | {_scores('micro', arm)} | {_scores('macro', arm)} |"
        )
    return "\n".join(rows)


def _scores(which: str, arm: str) -> str:
    """Mean F1 of an arm, and points to random selection and to all words."""
    runs = load_runs(RUNS).assign(f1=lambda table: table[f"test_f1_{which}"])
    f1 = {name: {(-1, run.seed): run.f1 for run in own.itertuples()} for name, own in runs.groupby("arm")}
    cells = [f"{sum(f1[arm].values()) / len(f1[arm]):.3f}"]
    for other in ("random", "all words"):
        found = paired_difference(f1[arm], f1[other])
        points = [100 * figure for figure in (found.difference, found.low, found.high)]
        cells.append("" if arm in (other, "all words") else "{:+.1f} [{:+.1f}, {:+.1f}]".format(*points))
    return " | ".join(cells)


if __name__ == "__main__":
    print(table())
