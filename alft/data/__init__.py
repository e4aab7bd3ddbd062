"""Texts, labels and batches: from a file, folder or hub id to the pool that a run selects from (method.md 2 and 9)."""
