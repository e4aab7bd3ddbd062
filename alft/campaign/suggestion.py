"""Which label a model suggests to annotators (pure). Axes: N texts, C classes."""

from collections.abc import Sequence

from torch import Tensor

TIE = 1e-6
"""Difference of two probabilities up to which they are equal: rounding differs with the texts that share a batch."""


def suggestions(probs_NC: Tensor, names: Sequence[str]) -> list[str | None]:
    """The most probable label of each text; None where two are equally probable.

    There the model knows nothing, as one that was hardly trained, and a suggestion would be the first of the classes.

    Args:
        probs_NC: Probabilities (N, C), at least two classes.
        names: Names of the classes.

    >>> from torch import tensor
    >>> suggestions(tensor([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.1, 0.1, 0.8]]), ["a", "b", "c"])
    ['b', None, 'c']
    """
    top_N2 = probs_NC.topk(2, dim=1).values
    tied = (top_N2[:, 0] - top_N2[:, 1] <= TIE).tolist()
    return [None if tie else names[best] for tie, best in zip(tied, probs_NC.argmax(1).tolist(), strict=True)]
