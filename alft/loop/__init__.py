"""The active-learning loop: score the pool, choose the next set, keep the books (method.md 1)."""
