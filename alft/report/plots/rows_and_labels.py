"""Plots of rows trained on and labels bought by epoch, as shares of the pool."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alft.report.plots.style import begin, by_arm, legend_below, whole_epochs

WIDEST, NARROWEST = 5.0, 1.5
"""Widths of the first and the last line: many arms have the same budget, and each must be visible on top of the previous."""


def rows_by_epoch(epochs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Rows that each epoch trains on (the budget) as a share of the pool, mean over seeds.

    Args:
        epochs: Lines of :func:`alft.report.load_epochs`, of one group.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The lines are of several groups, or there are none.
    """
    return _draw(epochs, "selected", "rows trained on", axes)


def bought_by_epoch(epochs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Labels bought by the end of each epoch as a share of the pool, mean over seeds.

    Args:
        epochs: Lines of :func:`alft.report.load_epochs`, of one group.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The lines are of several groups, or there are none.
    """
    return _draw(epochs, "bought", "labels bought so far", axes)


def _draw(epochs: pd.DataFrame, column: str, what: str, axes: Axes | None) -> Axes:
    name, looks, axes = begin(epochs, axes)
    lines = by_arm(epochs)
    for place, (arm, look) in enumerate(looks.items()):
        share = (lines[arm][column] / lines[arm]["pool"]).groupby(lines[arm]["epoch"]).mean()
        width = WIDEST - (WIDEST - NARROWEST) * place / max(1, len(looks) - 1)
        axes.plot(share.index, share, color=look.color, ls=look.linestyle, marker=look.marker, ms=6, lw=width, label=arm)
    axes.set(title=f"{name}: {what}, mean over seeds", ylabel=f"{what} (share of the pool's labels)", ylim=(0, 1.05))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    whole_epochs(axes, epochs["epoch"])
    legend_below(axes)
    return axes
