"""Plots a data map: how sure training was of each label, and how much that changed."""

from collections.abc import Callable
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from alft.report.plots.style import canvas, legend_below

HEIGHT = 6.0
"""Height of a new figure, in inches."""

IN_TITLE = 70
"""Characters per line of the title."""

KINDS: tuple[tuple[str, Callable[[Any], Any], str, str], ...] = (
    ("never learned: is the label right?", lambda share: share == 0, "#e42536", "X"),
    ("learned in some epochs", lambda share: (share > 0) & (share < 1), "#f89c20", "o"),
    ("right in every epoch", lambda share: share == 1, "#5790fc", "."),
)
"""Groups of rows by correctness: words, rule, colour, marker."""


def what_was_learned(found: pd.DataFrame, axes: Axes | None = None, title: str = "") -> Axes:
    """Draw each row of a data map as a dot.

    Args:
        found: Table of :func:`alft.report.data_map.data_map`.
        axes: Axes to draw on; None for a new figure.
        title: Name of the run.

    Raises:
        ValueError: The table is empty.
    """
    if found.empty:
        raise ValueError("a data map needs a row that was trained on in two epochs or more, got none")
    axes = canvas(axes, HEIGHT)
    for words, belongs, colour, marker in KINDS:
        held = found[belongs(found["correctness"])]
        label = f"{words} ({len(held)} of {len(found)} rows)"
        axes.scatter(held["variability"], held["confidence"], s=24, color=colour, marker=marker, alpha=0.7, label=label)
    axes.set(xlabel="variability: standard deviation over the epochs", ylabel="confidence: mean probability of the label")
    axes.set(ylim=(-0.02, 1.02), xlim=(-0.01, None))
    axes.set_title(fill(f"{title}: what was learned" if title else "What was learned", IN_TITLE))
    legend_below(axes)
    return axes
