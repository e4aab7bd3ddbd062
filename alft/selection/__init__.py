"""Row selection: pure functions of tensors and numbers, without Lightning (method.md 3-7)."""
