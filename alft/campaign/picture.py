"""Draws the state of a campaign: scores by labels with the forecast, seconds a label by round, agreement of the annotators.

Figures are made without pyplot, which would open a window if there is a screen. The same state gives byte-identical files with
the same version of matplotlib.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from textwrap import shorten

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from alft.campaign.outlook import Outlook
from alft.campaign.status import Status
from alft.selection.forecast import Forecast, forecast
from alft.system.visible import visible

BLUE, ORANGE, GREY = "#3f90da", "#e76300", "#717581"
"""Of Petroff's colours (arXiv 2107.02270), which differ with any kind of colour vision."""

MOST_ANNOTATORS = 12
"""Annotators drawn, those who disagree most; the table has all."""

NAME = 18
"""Characters of a name at an axis."""

Panel = Callable[[Status, Axes], None]


def scores(status: Status, axes: Axes) -> None:
    """Macro-F1 of the fits by number of labels, and the interval of the forecast beyond the last."""
    axes.set(xlabel="labels", ylabel="F1 on the random sample")
    found = status.outlook.scores
    axes.set_title(f"More labels: {status.outlook.word}")
    if not found:
        _say(axes, "no finished fit")
        return
    axes.grid(alpha=0.3)
    counts = sorted(found)
    axes.plot(counts, [found[count] for count in counts], "o-", color=BLUE, label="fits")
    _band(axes, status.outlook)
    axes.margins(x=0.08, y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))


def seconds(status: Status, axes: Axes) -> None:
    """Mean seconds an answer of each round, where tools tell them."""
    axes.set_title("Time")
    axes.set(xlabel="round", ylabel="seconds a label")
    timed = [one for one in status.rounds if one.seconds is not None]
    if not timed:
        _say(axes, "no tool told the time")
        return
    most = max(one.seconds or 0.0 for one in timed)
    bars = axes.bar([one.number for one in timed], [one.seconds or 0.0 for one in timed], color=BLUE, width=0.6)
    axes.bar_label(bars, fmt="%.0f" if most >= 10 else "%.1f", padding=2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10, min_n_ticks=1))
    axes.set_xlim(-0.6, status.rounds[-1].number + 0.6)
    axes.margins(y=0.15)


def agreement(status: Status, axes: Axes) -> None:
    """Share of the labels of each annotator that are the label of the text, on texts that several people labelled."""
    found = status.agreement
    value = "" if found.value is None else f": {found.measure} {found.value:.2f}"
    axes.set_title(f"Agreement{value}")
    shown = [one for one in status.records if one.shared + one.tied][:MOST_ANNOTATORS][::-1]
    if not shown:
        axes.set_xlabel("share of labels")
        _say(axes, "no text has labels of two named people")
        return
    names = [shorten(visible(one.annotator), NAME, placeholder="…") for one in shown]
    totals = [one.shared + one.tied for one in shown]
    left = [0.0] * len(shown)
    counts = {"as resolved": [one.shared - one.differ for one in shown], "tied": [one.tied for one in shown]}
    counts["other label"] = [one.differ for one in shown]
    for (label, values), colour in zip(counts.items(), (BLUE, "#bbbdc2", ORANGE), strict=True):
        shares = [count / total for count, total in zip(values, totals, strict=True)]
        axes.barh(range(len(shown)), shares, left=left, color=colour, label=label, height=0.6)
        left = [begin + share for begin, share in zip(left, shares, strict=True)]
    axes.set_yticks(range(len(shown)), names, parse_math=False)
    axes.set(xlim=(0, 1), xlabel="share of the labels on shared texts", ylim=(-0.6, len(shown) - 0.4))
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower right", ncols=3, frameon=False, fontsize="small")


PANELS: dict[str, Panel] = {"F1 by labels": scores, "seconds a label by round": seconds, "agreement": agreement}
"""Panels by what they show."""


def png(status: Status, title: str) -> bytes:
    """All panels beside one another, as PNG."""
    with _plain_style():
        figure = Figure(figsize=(12.0, 4.2), layout="constrained")
        for panel, axes in zip(PANELS.values(), figure.subplots(1, len(PANELS), width_ratios=(1.3, 0.9, 1.1)), strict=True):
            panel(status, axes)
        figure.suptitle(visible(title), parse_math=False, fontsize="large", fontweight="bold")
        return _saved(figure, "png")


def svgs(status: Status) -> Iterator[tuple[str, bytes]]:
    """Each panel as SVG, with its description."""
    for name, panel in PANELS.items():
        with _plain_style():
            figure = Figure(figsize=(5.0, 3.6), layout="constrained")
            panel(status, figure.add_subplot())
            yield name, _saved(figure, "svg")


def _band(axes: Axes, outlook: Outlook) -> None:
    """The interval of the change that the next score will show, from none to all labels of the forecast; none if too wide."""
    last = max(outlook.scores)
    if outlook.forecast is None or not outlook.forecast.tells:
        axes.annotate("no forecast yet", (0.97, 0.04), xycoords="axes fraction", ha="right", color=GREY, fontsize="small")
        return
    whole, score = outlook.forecast, outlook.scores[last]
    steps = range(1, whole.labels + 1)
    found = [one for labels in steps if (one := forecast(outlook.scores, labels)) is not None]
    counts = [last, *(last + one.labels for one in found)]
    middle = [score, *(score + one.gain for one in found)]
    axes.plot(counts, middle, "--", color=ORANGE, zorder=1.5, label=f"forecast of {whole.labels} labels")
    axes.fill_between(counts[1:], *_ends(score, found), color=ORANGE, alpha=0.2, lw=0, label="90 % interval")
    axes.legend(loc="lower right", frameon=False, fontsize="small")


def _ends(score: float, found: list[Forecast]) -> tuple[list[float], list[float]]:
    return [score + one.low for one in found], [score + one.high for one in found]


def _say(axes: Axes, words: str) -> None:
    """Words in place of a figure that has nothing to show."""
    axes.set(xticks=[], yticks=[])
    axes.annotate(words, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", color=GREY)


@contextmanager
def _plain_style() -> Iterator[None]:
    """Settings that do not depend on the user's, and no warning about letters that the font lacks."""
    style = {
        "svg.hashsalt": "alft",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "font.family": ["DejaVu Sans", "sans-serif"],
    }
    style |= {"svg.fonttype": "none"}  # a browser has letters of more scripts than the font
    with rc_context(style), warnings.catch_warnings():  # type: ignore[arg-type]  # its keys are typed as literals
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def _saved(figure: Figure, form: str) -> bytes:
    written = BytesIO()
    figure.savefig(written, format=form, dpi=150, metadata={"Date": None} if form == "svg" else None)
    return written.getvalue()
