"""What do finished runs say together, and how sure is it? ``summary.json`` of each run is all that is read.

The room stands alone: nothing of a run's code is needed to read what the run left behind. ``python -m alft report`` prints
:func:`compare` and :func:`contrasts`; plots and notebooks are drawn from :func:`load_runs` and :func:`load_epochs`.
"""

from alft.report.compare import compare
from alft.report.contrasts import contrasts
from alft.report.formats import as_csv, as_markdown, as_terminal
from alft.report.tables import load_epochs, load_runs

__all__ = ["as_csv", "as_markdown", "as_terminal", "compare", "contrasts", "load_epochs", "load_runs"]
