"""Plots the pool of a run in two dimensions, coloured by epoch of purchase (axes: N rows, D size)."""

from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from alft.report.plots.style import canvas, legend_below

IN_TITLE = 70
"""Characters per line of the title."""

HEIGHT = 6.0
"""Height of a new figure, in inches."""

COLOURS = "viridis"
"""Colour map whose lightness increases with the epoch, so that it can be read without colours."""


def what_was_picked(embeddings_ND: NDArray[Any], first_used_N: NDArray[Any], axes: Axes | None = None, title: str = "") -> Axes:
    """Draw each row of the pool as a dot at its first two principal components.

    Args:
        embeddings_ND: One vector per row (N, D), finite.
        first_used_N: Epoch in which each row was bought, from 0; -1 for never.
        axes: Axes to draw on; None for a new figure.
        title: Name of the run.

    Raises:
        ValueError: There are fewer than two rows or dimensions, or the two arrays have different numbers of rows.
    """
    if embeddings_ND.ndim != 2 or min(embeddings_ND.shape) < 2:
        raise ValueError(f"embeddings_ND must have at least 2 rows and 2 columns, got the shape {embeddings_ND.shape}")
    if first_used_N.shape != embeddings_ND.shape[:1]:
        raise ValueError(f"first_used_N must have the shape {embeddings_ND.shape[:1]}, got {first_used_N.shape}")
    axes = canvas(axes, HEIGHT)
    analysis = PCA(n_components=2, svd_solver="full")
    points_N2 = analysis.fit_transform(embeddings_ND)
    bought = first_used_N >= 0
    left_M2 = points_N2[~bought]
    axes.scatter(
        left_M2[:, 0], left_M2[:, 1], s=22, facecolors="none", edgecolors="grey", label=f"never bought: {(~bought).sum()}"
    )
    _draw_bought(axes, points_N2[bought], first_used_N[bought])
    first, second = (f"{share:.0%} of the variance" for share in analysis.explained_variance_ratio_)
    axes.set(xlabel=f"first principal component ({first})", ylabel=f"second principal component ({second})")
    axes.set_title(fill(f"{title}: what was picked, and when" if title else "What was picked, and when", IN_TITLE))
    legend_below(axes)
    return axes


def _draw_bought(axes: Axes, points_M2: NDArray[Any], epochs_M: NDArray[Any]) -> None:
    """Draw the M rows that were bought, later ones on top, with a colour bar of whole epochs."""
    if not len(epochs_M):
        return
    order, last = np.argsort(epochs_M, kind="stable"), int(epochs_M.max())
    norm = BoundaryNorm(np.arange(last + 2) - 0.5, colormaps[COLOURS].N)
    label = f"bought: {len(epochs_M)}"
    x, y = points_M2[order].T
    dots = axes.scatter(x, y, s=22, c=epochs_M[order], cmap=COLOURS, norm=norm, label=label)
    step = 1 + last // 10
    bar = axes.get_figure(root=True).colorbar(dots, ax=axes, ticks=range(0, last + 1, step))  # type: ignore[union-attr]
    bar.set_label("epoch of purchase (from 0)")
