"""Plots of rows trained on and labels bought by epoch, as shares of the pool."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from alft.report.plots.style import begin, by_arm, legend_below, whole_epochs

MOST_NAMES = 3
"""Maximum number of arms that are named at a line; many arms have the same budget, and share one."""


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
    shares = {arm: (lines[arm][column] / lines[arm]["pool"]).groupby(lines[arm]["epoch"]).mean() for arm in looks}
    alike: dict[tuple[tuple[int, float], ...], list[str]] = {}
    for arm, share in shares.items():
        alike.setdefault(tuple(zip(share.index, share.round(3), strict=True)), []).append(arm)
    for arms in alike.values():
        look, share = looks[arms[0]], shares[arms[0]]
        axes.plot(share.index, share, color=look.color, ls=look.linestyle, marker=look.marker, lw=2, label=_names(arms))
    axes.set(title=f"{name}: {what}, mean over seeds", ylabel=f"{what} (share of the pool's labels)", ylim=(0, 1.05))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    whole_epochs(axes, epochs["epoch"])
    legend_below(axes)
    return axes


def _names(arms: Sequence[str]) -> str:
    """The arms of a line.

    >>> _names(["Bald", "Margin"]), _names(["Bald", "Entropy", "Margin", "Random"])
    ('Bald; Margin', 'Bald; Entropy and 2 more')
    """
    if len(arms) <= MOST_NAMES:
        return "; ".join(arms)
    return f"{'; '.join(arms[: MOST_NAMES - 1])} and {len(arms) - MOST_NAMES + 1} more"
