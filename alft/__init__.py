"""Active-learning fine-tuning of BERT: fewer labels, a better and steadier text classifier."""

__version__ = "0.1.0"
