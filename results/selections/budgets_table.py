"""The tables of docs/selections.md: test macro-F1 by labels bought, of the runs below results/selections/runs.

python results/selections/budgets_table.py    # mean over three seeds; points to random selection with the 95 % interval, and p

The figures are those of ``alft report results/selections/runs``, in fewer columns.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from alft.report import budgets

RUNS = Path(__file__).parent / "runs"


def main() -> None:
    """Print a table for each data set."""
    for name, lines in budgets(RUNS).groupby("name"):
        print(f"\n**{name}**, pool of {lines['pool'].iloc[0]}\n")
        print(table(lines))


def table(lines: pd.DataFrame) -> str:
    """A row for each arm, a column for each number of labels; random selection first, then by the mean over these."""
    wide = lines.set_index(["arm", "bought"])
    counts = sorted(lines["bought"].unique())
    means = lines.groupby("arm")["test_f1"].mean().sort_values(ascending=False)
    arms = ["Random", *(arm for arm in means.index if arm != "Random")]
    rows = ["| arm | " + " | ".join(f"{count} labels" for count in counts) + " | mean |", "|---" * (len(counts) + 2) + "|"]
    rows += [f"| {arm} | " + " | ".join(cell(wide.loc[(arm, n)]) for n in counts) + f" | {means[arm]:.3f} |" for arm in arms]
    return "\n".join(rows)


def cell(line: Any) -> str:
    """Mean, and the difference to random selection with its interval; p after Holm's method where it is below 0.05."""
    if not line["random_pairs"]:
        return f"{line['test_f1']:.3f}"
    points = [100 * line[f"random_{figure}"] for figure in ("difference", "low", "high")]
    told = f", p {line['random_adjusted_p']:.3f}" if line["random_adjusted_p"] < 0.05 else ""
    return f"{line['test_f1']:.3f} ({points[0]:+.1f} [{points[1]:+.1f}, {points[2]:+.1f}]{told})"


if __name__ == "__main__":
    main()
