"""Draws all plots of all groups to files, for ``python -m alft report --plots FOLDER``.

Each plot is a function of one of the two tables, in a module of this package. The plot of what a run picked also needs its
data and a model: :func:`alft.report.plots.picked.what_was_picked`, which is for notebooks.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alft.report.across import ranks
from alft.report.plots.curves import f1_by_epoch, learning_curve
from alft.report.plots.mean_ranks import mean_ranks
from alft.report.plots.panels import MOST_LINES, learning_curves_apart, panels_height
from alft.report.plots.rows_and_labels import bought_by_epoch, rows_by_epoch
from alft.report.plots.spread_and_cost import cost_by_stage, spread_over_seeds
from alft.report.plots.style import height_for, kinds_of
from alft.report.tables import GROUP

Plot = Callable[[pd.DataFrame, Axes], Axes]

WIDTH = 10.0
"""Width of a figure, in inches."""

OF_RUNS: tuple[Plot, ...] = (spread_over_seeds,)
OF_EPOCHS: tuple[Plot, ...] = (learning_curve, f1_by_epoch, rows_by_epoch, bought_by_epoch, cost_by_stage)


def draw_all(runs: pd.DataFrame, epochs: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw every plot of every group to PNG files, overwriting those of an earlier call.

    Args:
        runs: Result of :func:`alft.report.load_runs`.
        epochs: Result of :func:`alft.report.load_epochs`, of the same runs.
        folder: Target folder; it is created if missing.

    Returns:
        The files: ``NAME-FINGERPRINT-PLOT.png`` with the first 8 letters of the fingerprint and the name of the function. The
        same tables give byte-identical files with the same version of matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table, plots in ((runs, OF_RUNS), (epochs, OF_EPOCHS)):
        for (name, fingerprint), group in table.groupby(GROUP):
            for plot in plots:
                path = folder / f"{quote(str(name), safe=' ')}-{str(fingerprint)[:8]}-{plot.__name__}.png"
                paths.append(_draw(plot, group, path))
    return sorted(paths)


def draw_ranks(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw the critical-difference diagram, if three or more arms are ranked over data sets, overwriting an earlier one.

    Args:
        table: Result of :func:`alft.report.across`.
        folder: Target folder; it is created if missing.

    Returns:
        The file ``mean_ranks.png``, or none.
    """
    found = ranks(table)
    if found is None or found.critical_difference is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(WIDTH, height_for(found.mean)), layout="constrained")
    mean_ranks(found, figure.add_subplot())
    figure.savefig(folder / "mean_ranks.png", dpi=150)
    return [folder / "mean_ranks.png"]


def _draw(plot: Plot, group: pd.DataFrame, path: Path) -> Path:
    # Without pyplot, which would open a window if there is a screen.
    selecting = sum(kind != "baseline" for kind in kinds_of(group).values())
    if plot is learning_curve and len(kinds_of(group)) > MOST_LINES and selecting:
        figure = Figure(figsize=(WIDTH, panels_height(selecting)), layout="constrained")
        learning_curves_apart(group, figure)
    else:
        figure = Figure(figsize=(WIDTH, height_for(group["arm"].unique())), layout="constrained")
        plot(group, figure.add_subplot())
    figure.savefig(path, dpi=150)
    return path
