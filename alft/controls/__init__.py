"""Scores without fine-tuning, beside which the score of a run is read (method.md 9): what is cheap, on the same labels."""
