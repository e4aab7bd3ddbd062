"""Critical-difference diagram: mean ranks of arms over data sets, and which of them cannot be told apart.

Demsar ("Statistical Comparisons of Classifiers over Multiple Data Sets", Journal of Machine Learning Research 7, 2006) draws
names around one axis; here each arm has a row of its own, since its name may be long.
"""

from matplotlib.axes import Axes

from alft.report.across import Ranks
from alft.report.intervals import LEVEL
from alft.report.phrases import probability
from alft.report.plots.style import COLOURS, GREYS, arms_at_axis, canvas, height_for

BAR_STEP = 0.25
"""Distance of two bars, in ranks; they stand behind the last rank."""


def mean_ranks(found: Ranks, axes: Axes | None = None) -> Axes:
    """Mean rank of each arm, the best on top; a bar joins the rows of arms that cannot be told apart.

    Args:
        found: Result of :func:`alft.report.across.ranks`, of three or more arms.
        axes: Axes to draw on; None for a new figure.

    Raises:
        ValueError: The ranks are of two arms, which have no critical difference.
    """
    joined = alike(found)
    ordered = sorted(found.mean, key=lambda arm: (found.mean[arm], arm))
    axes = canvas(axes, height_for(ordered), width=10.0)
    axes.plot([found.mean[arm] for arm in ordered], range(len(ordered)), color=COLOURS[0], marker="o", ls="", ms=8)
    worst = len(ordered)
    for number, group in enumerate(joined, start=1):
        rows = [ordered.index(group[0]), ordered.index(group[-1])]
        axes.plot([worst + number * BAR_STEP] * 2, rows, color=GREYS[1], lw=4)
    axes.set(title=_title(found), xlabel="mean rank, 1 is best; arms joined by a bar cannot be told apart")
    axes.set_xlim(0.8, worst + BAR_STEP * (len(joined) + 1))
    axes.set_xticks(range(1, worst + 1))
    arms_at_axis(axes, ordered)
    return axes


def alike(found: Ranks) -> list[tuple[str, ...]]:
    """The largest groups of neighbours in rank of which no two can be told apart, each of two or more arms, the best first.

    All arms are one group if the test over all of them finds no difference.

    >>> alike(Ranks({"a": 1.0, "b": 2.0, "c": 3.0}, sets=8, p=0.01, test="Friedman's test", critical_difference=1.2))
    [('a', 'b'), ('b', 'c')]

    Raises:
        ValueError: The ranks have no critical difference.
    """
    if found.critical_difference is None:
        raise ValueError(f"a critical-difference diagram takes three or more arms, got {len(found.mean)}")
    ordered = sorted(found.mean, key=lambda arm: (found.mean[arm], arm))
    if found.p > LEVEL:
        return [tuple(ordered)]
    groups: list[tuple[str, ...]] = []
    for start, first in enumerate(ordered):
        near = [arm for arm in ordered[start:] if found.mean[arm] - found.mean[first] < found.critical_difference]
        if len(near) > 1 and not (groups and near[-1] in groups[-1]):
            groups.append(tuple(near))
    return groups


def _title(found: Ranks) -> str:
    return (
        f"Mean ranks over {found.sets} data sets: p {probability(found.p)} ({found.test}),\n"
        f"critical difference {found.critical_difference:.2f} (Nemenyi's test at 5 %)"
    )
