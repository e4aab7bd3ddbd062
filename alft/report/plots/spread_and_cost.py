"""Plots of the spread over seeds and of the cost by stage, with one row per arm."""

import pandas as pd
from matplotlib.axes import Axes

from alft.report.plots.style import COLOURS, arms_at_axis, begin, by_arm, legend_below
from alft.report.summaries import STAGES
from alft.system.control_names import control_key, in_words

STYLES = {"majority": ":", "tfidf": "-.", "frozen_tfidf": "--"}
"""Controls and their line styles; the frozen encoder alone is left out, its line would lie beside that with TF-IDF."""

HATCHES = ("", "///", "...", "xxx", "\\\\\\")
"""One hatch per stage, for readers without colours."""


def spread_over_seeds(runs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Test macro-F1 of every run, one row per arm, with the mean and the controls; on validation without a test set.

    Args:
        runs: Lines of :func:`alft.report.load_runs`, of one group.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The lines are of several groups, or there are none.
    """
    name, looks, axes = begin(runs, axes, width=10.0)
    lines = by_arm(runs)
    tested = bool(runs["test_f1_macro"].notna().any())
    column, label = ("test_f1_macro", "test macro-F1") if tested else ("val_f1_macro", "validation macro-F1 (no test set)")
    for place, (arm, look) in enumerate(looks.items()):
        scores = lines[arm][column].dropna()
        axes.plot(scores, [place] * len(scores), color=look.color, marker="o", ls="", alpha=0.6, ms=6)
        axes.plot(scores.mean(), place, color=look.color, marker="|", ls="", ms=22, mew=2.5)
    for control, style in STYLES.items() if tested else ():
        key = control_key(control, bought=False)
        if key in runs and runs[key].notna().any():
            axes.axvline(runs[key].mean(), color="dimgrey", ls=style, lw=1.5, label=in_words(control, bought=False))
    axes.set(title=f"{name}: F1 of each seed (dots) and their mean (bars)", xlabel=label)
    arms_at_axis(axes, list(looks))
    if axes.get_legend_handles_labels()[0]:
        legend_below(axes)
    return axes


def cost_by_stage(epochs: pd.DataFrame, axes: Axes | None = None) -> Axes:
    """Seconds of a run by stage, summed over epochs, mean over seeds, one bar per arm; time outside the stages is omitted.

    Args:
        epochs: Lines of :func:`alft.report.load_epochs`, of one group.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The lines are of several groups, or there are none.
    """
    name, looks, axes = begin(epochs, axes, width=10.0)
    arms = list(looks)
    columns = [f"seconds_{stage}" for stage in STAGES]
    seconds = epochs.groupby(["arm", "run"])[columns].sum().groupby("arm").mean().reindex(arms)
    done = pd.Series(0.0, index=arms)
    for stage, colour, hatch in zip(STAGES, COLOURS, HATCHES, strict=False):
        spent = seconds[f"seconds_{stage}"]
        axes.barh(range(len(arms)), spent, left=done, height=0.6, color=colour, hatch=hatch, edgecolor="white", label=stage)
        done += spent
    axes.set(title=f"{name}: seconds of a run by stage, mean over seeds", xlabel="seconds")
    arms_at_axis(axes, arms)
    legend_below(axes, columns=len(STAGES))
    return axes
