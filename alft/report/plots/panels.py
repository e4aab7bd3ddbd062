"""Learning curves of many arms, each in a panel of its own, where one plot would be a knot of lines."""

import math
from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alft.report.plots.curves import VALIDATION, curves_of_arm, draw_curve, mean_curve
from alft.report.plots.style import GREYS, arms_of, by_arm, check_group, kinds_of, looks_of

MOST_LINES = 4
"""Maximum number of arms in one plot: the bands of more lie on each other."""

COLUMNS = 3
PANEL_HEIGHT = 2.3
"""Height of a row of panels, in inches."""


def learning_curves_apart(epochs: pd.DataFrame, figure: Figure | None = None) -> Figure:
    """Validation macro-F1 against labels bought, a panel for each arm that selects.

    Each panel has the same axes, the mean of random selection in grey, and the last score of each baseline as a dashed line.

    Args:
        epochs: Lines of :func:`alft.report.load_epochs`, of one group, with an arm that selects.
        figure: matplotlib Figure to draw into; None for a new one of pyplot.

    Returns:
        The figure.

    Raises:
        ValueError: The lines are of several groups, or no arm selects.
    """
    name, looks, kinds = check_group(epochs), looks_of(epochs), kinds_of(epochs)
    lines = by_arm(epochs.dropna(subset="val_f1_macro"))
    shown = [arm for arm in arms_of(epochs) if kinds[arm] != "baseline" and arm in lines]
    if not shown:
        raise ValueError("learning curves need an arm that selects, all of these train on the whole pool")
    rows = math.ceil(len(shown) / COLUMNS)
    made = figure or plt.figure(figsize=(10.0, panels_height(len(shown))), layout="constrained")
    panels = made.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for panel, arm in zip(panels.flat, shown, strict=False):
        _draw_background(panel, epochs, lines, arm)
        draw_curve(panel, arm, looks[arm], curves_of_arm(lines[arm]))
        panel.set_title(fill(arm, 36), fontsize="small")
        panel.grid(alpha=0.3)
    for panel in list(panels.flat)[len(shown) :]:
        panel.set_visible(False)
    for panel in list(panels.flat)[max(0, len(shown) - COLUMNS) : len(shown)]:  # the lowest one of each column
        panel.tick_params(labelbottom=True)
        panel.set_xlabel("labels bought")
    _name_all(made, list(panels.flat), name)
    return made


def panels_height(arms: int) -> float:
    """Height in inches of a figure with a panel for each of so many arms."""
    return 1.2 + PANEL_HEIGHT * math.ceil(arms / COLUMNS)


def _draw_background(panel: Axes, epochs: pd.DataFrame, lines: dict[str, pd.DataFrame], arm: str) -> None:
    """What an arm is compared with: the baselines, and random selection unless it is the arm."""
    kinds = kinds_of(epochs)
    for other in (other for other in lines if kinds[other] == "baseline"):
        last = lines[other].groupby("run").tail(1)["val_f1_macro"].mean()
        panel.axhline(last, color="black", ls="--", lw=0.8, label="_baseline")
    for other in (other for other in lines if kinds[other] == "random" and other != arm):
        grid, mean = mean_curve(curves_of_arm(lines[other]))
        panel.step(grid, mean, where="post", color=GREYS[1], lw=1.2, label="_random", marker="." if len(grid) == 1 else "")


def _name_all(figure: Figure, panels: Sequence[Axes], name: str) -> None:
    """Title, name of the common axis, and a legend of what all panels have in common."""
    figure.suptitle(f"{name}: F1 by labels bought, mean and range over seeds")
    figure.supylabel(VALIDATION, fontsize="medium")
    common = {"_baseline": "all labels", "_random": "random selection"}
    found = {line.get_label(): line for panel in panels for line in panel.lines if line.get_label() in common}
    if found:
        names = [common[str(label)] for label in found]
        figure.legend(found.values(), names, loc="outside lower center", ncols=2, frameon=False, fontsize="small")
