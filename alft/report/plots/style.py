"""Common style of the plots of a group: an arm has the same position, colour and marker in each.

The colours are Petroff's (arXiv 2107.02270), designed to be distinguishable with any kind of colour vision; markers
distinguish arms without colours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import fill, wrap

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import color_sequences
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from alft.report.arms import KINDS, Kind
from alft.report.tables import GROUP

BLACK = "black"
GREYS = ("#94a4a2", "#717581")
COLOURS = [colour for colour in map(to_hex, color_sequences["petroff10"]) if colour not in GREYS]
"""Petroff's colours without the two greys, which are too close to the baseline and the lines of the controls."""

MARKERS = "osD^v<>PXh*"
"""Markers; their number is coprime to that of the colours, so that 88 arms have distinct pairs of both."""

IN_LEGEND, AT_AXIS = 90, 45
"""Characters per line of an arm's label, below a plot and beside it."""

BELOW = 0.5
"""Inches between a plot and its legend, for ticks and axis label."""


@dataclass(frozen=True)
class Look:
    """Style of an arm."""

    color: str
    marker: str
    linestyle: str


def begin(table: pd.DataFrame, axes: Axes | None, width: float = 8.0) -> tuple[str, dict[str, Look], Axes]:
    """Prepare a plot: the name of its one group, the style of its arms, and axes large enough for them.

    Raises:
        ValueError: The table is of several groups, or empty.
    """
    name, looks = check_group(table), looks_of(table)
    return name, looks, canvas(axes, height_for(looks), width)


def check_group(table: pd.DataFrame) -> str:
    """Name of the single group in a table, with the size of its pool: one data set may be limited to several sizes.

    Raises:
        ValueError: It is empty, or contains several groups, whose figures must not appear in one plot.
    """
    groups = table[GROUP].drop_duplicates()
    if len(groups) != 1:
        raise ValueError(f"a plot shows the runs of one group, that is of one name and fingerprint, got {len(groups)} groups")
    return f"{groups['name'].iloc[0]}, pool of {table['pool'].iloc[0]}"


def arms_of(table: pd.DataFrame) -> list[str]:
    """Labels of the arms: baselines, random selection, then the others, each by label.

    >>> kinds = ["selection", "baseline", "random", "selection", "selection"]
    >>> arms_of(pd.DataFrame({"arm": ["Margin", "all of it", "Random", "Bald", "Margin"], "kind": kinds}))
    ['all of it', 'Random', 'Bald', 'Margin']
    """
    kinds = kinds_of(table)
    return sorted(kinds, key=lambda arm: (KINDS.index(kinds[arm]), arm))


def kinds_of(table: pd.DataFrame) -> dict[str, Kind]:
    """Kind of each arm: baseline, random or selection."""
    return dict(zip(table["arm"], table["kind"], strict=True))


def looks_of(table: pd.DataFrame) -> dict[str, Look]:
    """Style of each arm, in the order of :func:`arms_of`; baselines are black and dashed."""
    looks, colours, kinds = {}, iter(range(len(table))), kinds_of(table)
    for place, arm in enumerate(arms_of(table)):
        baseline = kinds[arm] == "baseline"
        colour = BLACK if baseline else COLOURS[next(colours) % len(COLOURS)]
        looks[arm] = Look(colour, MARKERS[place % len(MARKERS)], "--" if baseline else "-")
    return looks


def canvas(axes: Axes | None, height: float, width: float = 8.0) -> Axes:
    """The axes to draw on: those given, or new ones in a pyplot figure of this size in inches."""
    if axes is not None:
        return axes
    _, made = plt.subplots(figsize=(width, height), layout="constrained")
    return made


def height_for(arms: Iterable[str]) -> float:
    """Height in inches of a figure with a plot and a legend of these arms."""
    return 4.0 + 0.2 * sum(len(wrap(arm, IN_LEGEND)) for arm in arms)


def legend_below(axes: Axes, columns: int = 1) -> None:
    """Add a legend below the plot, where it covers nothing; long labels are wrapped.

    Args:
        axes: Axes with everything drawn; the figure should have a constrained layout, which makes room.
        columns: Entries per line.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    drawn = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(
        drawn.values(),
        [fill(label, IN_LEGEND) for label in drawn],
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=axes.transAxes + ScaledTranslation(0, -BELOW, figure.dpi_scale_trans),
        ncols=columns,
        frameon=False,
        fontsize="small",
    )


def arms_at_axis(axes: Axes, arms: list[str]) -> None:
    """One row of the plot per arm, the first on top, with its label beside it."""
    axes.set_yticks(range(len(arms)), [fill(arm, AT_AXIS) for arm in arms], fontsize="small")
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.grid(axis="x", alpha=0.3)


def whole_epochs(axes: Axes, epochs: "pd.Series[int]") -> None:
    """Ticks at whole epochs only."""
    axes.set_xlabel("epoch (from 0)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12, min_n_ticks=1))
    axes.set_xlim(epochs.min() - 0.3, epochs.max() + 0.3)
    axes.grid(alpha=0.3)


def by_arm(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The lines of each arm, sorted by run and epoch, regardless of the order of the table."""
    order = [column for column in ("run", "epoch") if column in table]
    return {str(arm): lines for arm, lines in table.sort_values(order).groupby("arm")}
