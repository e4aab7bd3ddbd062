"""The table of docs/rehearse.md, of the runs below results/rehearse/runs.

python results/rehearse/rounds_table.py    # test macro-F1 after each round, mean over five seeds with its 95 % interval (t)

The figures are those that ``alft rehearse`` printed, without its other tables.
"""

from pathlib import Path

from alft.report import budgets

RUNS = Path(__file__).parent / "runs"


def table() -> str:
    """A row for each policy, a column for each number of labels."""
    lines = budgets(RUNS)
    counts = sorted(lines["bought"].unique())
    rows = ["| policy | " + " | ".join(map(str, counts)) + " |", "|---" * (len(counts) + 1) + "|"]
    for arm in ["Random", *sorted(set(lines["arm"]) - {"Random"})]:
        own = lines[lines["arm"] == arm].set_index("bought")
        half = (own["test_high"] - own["test_low"]) / 2
        rows.append(f"| {arm} | " + " | ".join(f"{own['test_f1'][n]:.3f} ± {half[n]:.3f}" for n in counts) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
