"""Prints the table of docs/suspects.md: how well each ranking finds flipped labels.

python results/suspects/table.py results/suspects/flips.csv
"""

import sys

import pandas as pd

KEYS = ["features", "classes", "ranking"]


def table(file: str) -> str:
    """Markdown: average precision by data set, mean over shares and seeds, then the means over the sets; best mean first."""
    measured = pd.read_csv(file)
    by_set = measured.pivot_table(index=KEYS, columns="data", values="average_precision")
    first = measured.pivot_table(index=KEYS, columns="data", values="first_20").mean(axis=1)
    mean = by_set.mean(axis=1)
    lines = [f"| {' | '.join([*KEYS, *by_set.columns, 'mean', 'first 20'])} |", f"|{' --- |' * 3}{' ---: |' * 7}"]
    for key in mean.sort_values(ascending=False, kind="stable").index:
        figures = [f"{value:.3f}" for value in (*by_set.loc[key], mean[key])]
        lines.append(f"| {' | '.join([*key, *figures, f'{first[key]:.0%}'])} |")
    chance = measured["chance"].mean()
    return "\n".join([*lines, f"| chance | | |{' |' * len(by_set.columns)} {chance:.3f} | {chance:.0%} |"])


if __name__ == "__main__":
    print(table(*sys.argv[1:]))
