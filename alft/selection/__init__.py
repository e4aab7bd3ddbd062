"""Which rows to train on: pure functions of tensors and numbers, no Lightning (method.md 3-7)."""
