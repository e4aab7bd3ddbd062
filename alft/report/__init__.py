"""Reports on finished runs, with confidence intervals; only ``summary.json`` and ``suspects.csv`` of each run are read.

This package is independent: reading the files of a run requires none of the code of a run. ``python -m alft report`` prints
:func:`compare` and :func:`contrasts`; plots and notebooks use :func:`load_runs` and :func:`load_epochs`.
"""

from alft.report.budgets import budgets
from alft.report.compare import compare
from alft.report.contrasts import contrasts
from alft.report.formats import as_csv, as_markdown, as_rehearsal, as_terminal
from alft.report.suspects import suspects
from alft.report.tables import load_epochs, load_runs

__all__ = [
    "as_csv",
    "as_markdown",
    "as_rehearsal",
    "as_terminal",
    "budgets",
    "compare",
    "contrasts",
    "load_epochs",
    "load_runs",
    "suspects",
]
