"""The active-learning loop: score the pool, choose the next set, refresh the loader (method.md 1)."""
