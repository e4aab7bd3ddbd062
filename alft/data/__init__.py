"""Data loading: texts, labels and batches, from a file, folder or hub id to the pool of a run (method.md 2 and 9)."""
