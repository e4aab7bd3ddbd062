"""One file per question that a plot answers; :mod:`alft.report.plots.draw` writes all of them."""
