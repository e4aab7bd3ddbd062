"""The run folder: its files, their atomic writes, and resuming an interrupted run."""
