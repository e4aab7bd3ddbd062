"""Plots of finished runs; :mod:`alft.report.plots.draw` writes all of them."""
