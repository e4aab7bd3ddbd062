"""The figure of the first page: test macro-F1 by number of labels, of random selection and three others.

python docs/first_figure.py    # writes docs/figures/selections.png from the runs in results/selections
"""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from alft.report import budgets

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "docs" / "figures" / "selections.png"

ARMS = {"Random": "#717581", "TypiClust": "#e76300", "UncertaintyHerding": "#3f90da", "Entropy": "#832db6"}
"""Petroff's colours (arXiv 2107.02270), which differ with any kind of colour vision."""


def draw() -> Figure:
    """A panel for each language, a line for each arm with its name at the end."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    lines = budgets(ROOT / "results" / "selections" / "runs")
    panels = figure.subplots(1, lines["name"].nunique(), sharey=True)
    for axes, (name, own) in zip(panels, lines.groupby("name"), strict=True):
        for arm, colour in ARMS.items():
            found = own[own["arm"] == arm].sort_values("bought")
            axes.plot(
                found["bought"], found["test_f1"], "o-", color=colour, label=arm, lw=2.5 if arm == "Random" else 1.5, ms=4
            )
        axes.set(title=f"{name.title()}, {own['pool'].iloc[0]} texts", xlabel="labels")
        axes.xaxis.set_major_locator(FixedLocator(sorted(own["bought"].unique())))
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("test macro-F1")
    panels[-1].legend(loc="lower right", frameon=False)
    return figure


if __name__ == "__main__":
    draw().savefig(FIGURE, dpi=110)
