"""Prediction tasks: targets, loss, probabilities, decisions and macro-F1, defined only here."""
