"""Benchmarks of alft against the usual alternatives, run by ``make bench``."""
