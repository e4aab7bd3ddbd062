"""How good are predictions? Figures out of one confusion matrix (axes: C true classes by C predicted classes)."""

from torch import Tensor


def f1_macro(confusion_CC: Tensor) -> float:
    """Mean over all classes of 2 TP / (2 TP + FP + FN), in [0, 1].

    A class that occurs neither among the labels nor among the predictions counts 0: the mean is over all label names.

    >>> import torch
    >>> f1_macro(torch.tensor([[2, 0], [1, 1]]))
    0.7333...
    """
    hits_C = confusion_CC.diagonal().double()
    total_C = confusion_CC.sum(0) + confusion_CC.sum(1)
    return float((2 * hits_C / total_C.clamp_min(1)).mean())


def accuracy(confusion_CC: Tensor) -> float:
    """Share of rows whose prediction is their label, in [0, 1]; 0 for an empty matrix."""
    return float(confusion_CC.diagonal().sum() / confusion_CC.sum().clamp_min(1))
