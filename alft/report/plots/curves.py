"""Learning curves: F1 against labels, and F1 by epoch."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from alft.report.label_curve import Curve
from alft.report.plots.style import (
    Look,
    arms_of,
    begin,
    by_arm,
    canvas,
    check_group,
    height_for,
    kinds_of,
    legend_below,
    looks_of,
    whole_epochs,
)

VALIDATION = "validation macro-F1"


def learning_curve(epochs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Validation macro-F1 against labels bought: the mean over seeds of the curves of :class:`Curve`, and their range.

    An arm is drawn from where all of its runs have bought labels to where the last one stops buying; a run that stopped
    earlier keeps its last score. An arm that buys all labels in one epoch, such as the baseline, is a point with a bar.

    Args:
        epochs: Lines of :func:`alft.report.load_epochs`, of one group.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The lines are of several groups, or there are none.
    """
    name, looks, axes = begin(epochs, axes)
    lines = by_arm(epochs.dropna(subset="val_f1_macro"))
    for arm in (arm for arm in looks if arm in lines):
        draw_curve(axes, arm, looks[arm], curves_of_arm(lines[arm]))
    axes.set(title=f"{name}: F1 by labels bought, mean and range over seeds", xlabel="labels bought", ylabel=VALIDATION)
    axes.set_xlim(0, 1.03 * float(epochs["pool"].max()))
    axes.grid(alpha=0.3)
    legend_below(axes)
    return axes


def f1_by_epoch(epochs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Validation macro-F1 by epoch of the baseline and the best other arm: the paper's stability figure.

    A line is the mean over seeds, the band their range, thin lines the runs. The best arm has the highest mean in the last
    epoch on validation, so that the choice does not use the test set. Of several baselines, the best is shown.

    Args:
        epochs: Lines of :func:`alft.report.load_epochs`, of one group.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The lines are of several groups, or there are none.
    """
    name = check_group(epochs)
    looks, lines = looks_of(epochs), by_arm(epochs)
    shown = baseline_and_best(epochs)
    axes = canvas(axes, height_for(shown))
    for arm in shown:
        _draw_epochs(axes, arm, looks[arm], lines[arm])
    axes.set(title=f"{name}: F1 by epoch, mean and range over seeds", ylabel=VALIDATION)
    whole_epochs(axes, epochs["epoch"])
    legend_below(axes)
    return axes


def baseline_and_best(epochs: pd.DataFrame) -> list[str]:
    """Labels of the best baseline and the best other arm by mean validation F1 in the last epoch, if there are any.

    >>> table = pd.DataFrame({"arm": ["baseline", "Bald", "Margin"], "epoch": 0, "val_f1_macro": [0.7, 0.6, 0.8]})
    >>> baseline_and_best(table.assign(kind=["baseline", "selection", "selection"]))
    ['baseline', 'Margin']
    """
    last = epochs[epochs["epoch"] == epochs.groupby("arm")["epoch"].transform("max")]
    score = last.groupby("arm")["val_f1_macro"].mean().fillna(-1.0).reindex(arms_of(epochs))  # ties go to the first
    kinds = kinds_of(epochs)
    baseline = [kinds[arm] == "baseline" for arm in score.index]
    return [str(part.idxmax()) for part in (score[baseline], score[[not one for one in baseline]]) if len(part)]


def curves_of_arm(lines: pd.DataFrame) -> list[Curve]:
    """The curve of each run of an arm, given its validated epochs."""
    return [_curve_of(run) for _, run in lines.groupby("run")]


def mean_curve(curves: Sequence[Curve]) -> tuple[list[int], NDArray[np.float64]]:
    """Numbers of labels from where all curves have begun, and the mean of the curves at each."""
    grid, f1 = _on_grid(curves)
    return grid, f1.mean(0)


def draw_curve(axes: Axes, arm: str, look: Look, curves: Sequence[Curve]) -> None:
    """Draw the mean and the range of an arm's curves; a point with a bar where all labels are bought at once."""
    grid, f1 = _on_grid(curves)
    mean, low, high = f1.mean(0), f1.min(0), f1.max(0)
    if len(grid) == 1:
        axes.vlines(grid, low, high, color=look.color)
        axes.plot(grid, mean, color=look.color, marker=look.marker, ls="", label=arm)
        return
    axes.step(grid, mean, where="post", color=look.color, ls=look.linestyle, marker=look.marker, ms=4, label=arm)
    axes.fill_between(grid, low, high, step="post", color=look.color, alpha=0.12, lw=0)


def _curve_of(run: pd.DataFrame) -> Curve:
    pairs = zip(run["bought"], run["val_f1_macro"], strict=True)
    return Curve.of({"bought": bought, "val_f1_macro": f1} for bought, f1 in pairs)


def _on_grid(curves: Sequence[Curve]) -> tuple[list[int], NDArray[np.float64]]:
    start = max(curve.labels[0] for curve in curves)
    grid = sorted({labels for curve in curves for labels in curve.labels if labels >= start})
    return grid, np.array([[curve.at(labels) for labels in grid] for curve in curves])


def _draw_epochs(axes: Axes, arm: str, look: Look, lines: pd.DataFrame) -> None:
    over_seeds = lines.groupby("epoch")["val_f1_macro"].agg(["mean", "min", "max"])
    axes.fill_between(over_seeds.index, over_seeds["min"], over_seeds["max"], color=look.color, alpha=0.15, lw=0)
    for _, run in lines.groupby("run"):
        axes.plot(run["epoch"], run["val_f1_macro"], color=look.color, ls=look.linestyle, lw=0.7, alpha=0.5)
    mean = over_seeds["mean"]
    axes.plot(mean.index, mean, color=look.color, ls=look.linestyle, marker=look.marker, lw=2, label=arm)
