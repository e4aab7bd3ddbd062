"""System utilities for all packages: atomic files, memory, signals, the terminal, and the names of a run's files."""
