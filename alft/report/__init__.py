"""Reports on finished runs, with confidence intervals.

Of each run only ``summary.json``, ``predictions.parquet`` and ``suspects.csv`` are read, which requires none of the code of a
run. ``python -m alft report`` prints :func:`compare`, :func:`contrasts`, :func:`budgets`, :func:`across` and :func:`suspects`;
plots and notebooks use :func:`load_runs` and :func:`load_epochs`.
"""

from alft.report.across import across
from alft.report.budgets import budgets
from alft.report.compare import compare
from alft.report.contrasts import contrasts
from alft.report.formats import as_csv, as_markdown, as_rehearsal, as_terminal
from alft.report.suspects import suspects
from alft.report.tables import load_epochs, load_runs

__all__ = [
    "across",
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
