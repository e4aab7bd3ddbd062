"""Starts the last layer from a logistic regression on frozen features (method.md 9).

Axes: N rows, D features, C classes. Linear probing, then fine-tuning: the encoder is not bent towards a random layer first, and
predictions mean something from the first epoch on. Source: arXiv 2202.10054 for the idea, 2405.16747 with language models.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from alft.models.inner_products import by_inner_products
from alft.system.inputs import inputs_of
from alft.task.base import FIRST

Array = NDArray[np.float64]
Batch = dict[str, Tensor]

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)
"""Values of C, the inverse of the penalty, for features with a standard deviation of 1."""

MOST_FOLDS = 5

MOSTLY_ZERO = 0.5
"""Share of zeros above which a feature is a count."""

MOST_WORK = 1e8
"""Numbers in the table of a fit times classes, up to which all rows are used: about half a minute of one core."""


WORDS = 3
"""So many times as much may the last fit of a probe of words take; its penalty is chosen on a part."""


def last_layer(network: nn.Module, classes: int) -> nn.Linear:
    """The trained linear layer that gives the logits.

    Raises:
        LookupError: The head has none.
    """
    layers = [
        layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear) and layer.out_features == classes and layer.weight.requires_grad and "lora_" not in name
    ]
    if not layers:
        raise LookupError("the outputs of this head are not those of a trained linear layer")
    return layers[-1]


def refuse_no_last_layer(network: nn.Module, classes: int) -> None:
    """Raise a ValueError, before training, where there is no layer that a probe could start."""
    try:
        last_layer(network, classes)
    except LookupError as error:
        raise ValueError(f"model.head_start must be fresh with this encoder: {error}") from error


@torch.no_grad()
def start_last_layer(
    layer: nn.Linear, batches: Iterable[Batch], run: Callable[[Batch], object], labels_N: Tensor, balanced: bool
) -> None:
    """Set the last layer to a probe of what it reads; with labels of one class alone there is nothing to fit.

    Args:
        layer: The last layer.
        batches: Tokens of the rows, in the order of the labels.
        run: Passes a batch through the network, which is in the mode in which features are to be computed.
        labels_N: Classes of the rows; or a table (N, C) of 1 for each class that applies and 0 for others.
        balanced: Weigh the classes equally.
    """
    if labels_N.ndim == 1 and len(set(labels_N.tolist())) < 2:
        return
    with inputs_of(layer) as features:
        for batch in batches:
            run(batch)
            if FIRST in batch:
                features[-1] = features[-1][batch[FIRST].cpu()]
    fit = fit_probe if labels_N.ndim == 1 else fit_probes
    weights_CD, biases_C = fit(torch.cat(features), labels_N, layer.out_features, balanced)
    layer.weight.copy_(weights_CD)
    if layer.bias is not None:
        layer.bias.copy_(biases_C)


def rows_to_fit(labels_N: Tensor, features: int, classes: int) -> Tensor:
    """Places (M,) of the rows that a probe is fitted on, ascending: all, or as many as :data:`MOST_WORK` allows.

    A part has each class in its proportion, and one row of it at least; equal labels give equal places.

    Args:
        labels_N: Classes of the rows, or a table of them, of which equal lines are a class.
        features: D, what the last layer reads of a row.
        classes: C.

    >>> rows_to_fit(torch.tensor([0, 1, 1]), features=8, classes=2).tolist()
    [0, 1, 2]
    """
    if labels_N.ndim == 2:
        labels_N = torch.unique(labels_N, dim=0, return_inverse=True)[1]
    rows = len(labels_N)
    square = math.isqrt(int(MOST_WORK / classes))  # up to D rows the table of a fit has as many columns as rows
    most = max(1, square if square <= features else int(MOST_WORK / (classes * features)))
    if rows <= most:
        return torch.arange(rows)
    shuffled_N = torch.randperm(rows, generator=torch.Generator().manual_seed(0))
    by_class_N = shuffled_N[labels_N[shuffled_N].argsort(stable=True)]
    spaced = by_class_N[torch.arange(most) * rows // most]
    ordered_N = labels_N[by_class_N]
    first_of_class = by_class_N[torch.cat([torch.tensor([True]), ordered_N[1:] != ordered_N[:-1]])]
    return torch.tensor(sorted({*spaced.tolist(), *first_of_class.tolist()}))


def texts_to_fit(words_N: Tensor, features: int, classes: int) -> Tensor:
    """Places of the texts, ascending, that a probe of words is fitted on: all, or some of as many words as may be.

    Args:
        words_N: Words of each text that have an output.
        features: D, what the last layer reads of a word.
        classes: C.
    """
    shuffled_N = torch.randperm(len(words_N), generator=torch.Generator().manual_seed(0))
    most = max(1, int(WORDS * MOST_WORK / (classes * features)))
    count = int((words_N[shuffled_N].cumsum(0) <= most).sum())
    return shuffled_N[: max(1, count)].sort().values


def fit_probe(features_ND: Tensor, labels_N: Tensor, classes: int, balanced: bool = False) -> tuple[Tensor, Tensor]:
    """Weights (C, D) and biases (C,) of a logistic regression, its penalty chosen by cross-validated log loss.

    A class without a row gets no weights, and a bias below that of the others by as much as one row in N + 1 would explain.

    Args:
        features_ND: Features of the rows.
        labels_N: Their classes, at least two of them.
        classes: C.
        balanced: Weigh the classes equally.
    """
    truth: NDArray[np.int64] = labels_N.numpy()
    found: NDArray[np.int64] = np.array(sorted(set(truth.tolist())))
    mean_D, spread_D = features_ND.double().mean(0).numpy(), _spread(features_ND.double().numpy())
    scaled_ND: Array = (features_ND.double().numpy() - mean_D) / spread_D
    with threadpool_limits(1):  # the order of sums, and with it the last bits, depends on the threads
        coefficients_CD, intercept_C = _fit(scaled_ND, truth, balanced)
    if len(found) == 2:  # scikit-learn keeps one row, the difference of both
        coefficients_CD, intercept_C = (np.concatenate([-half, half]) for half in (coefficients_CD / 2, intercept_C / 2))
    weights_CD = torch.zeros(classes, features_ND.shape[1], dtype=torch.float64)
    # At a mean row, whose scaled features are 0, the intercepts are the logits.
    biases_C = torch.full((classes,), float(intercept_C.min() - np.log(len(truth) + 1)), dtype=torch.float64)
    weights_CD[found] = torch.from_numpy(coefficients_CD / spread_D)
    biases_C[found] = torch.from_numpy(intercept_C - (coefficients_CD / spread_D) @ mean_D)
    return weights_CD.float(), biases_C.float()


def fit_probes(features_ND: Tensor, labels_NC: Tensor, classes: int, balanced: bool = False) -> tuple[Tensor, Tensor]:
    """Weights (C, D) and biases (C,) of a regression for each class that may apply, as :func:`fit_probe` fits two classes.

    A class that applies to all rows or to none gets no weights, and a bias as if one row more said otherwise.

    Args:
        features_ND: Features of the rows.
        labels_NC: 1 for each class that applies, 0 for others.
        classes: C.
        balanced: Weigh the rows with and without a class equally.
    """
    weights_CD, biases_C = torch.zeros(classes, features_ND.shape[1]), torch.zeros(classes)
    for number in range(classes):
        present = int(labels_NC[:, number].sum())
        if 0 < present < len(labels_NC):
            weights_2D, biases_2 = fit_probe(features_ND, labels_NC[:, number], 2, balanced)
            weights_CD[number], biases_C[number] = weights_2D[1] - weights_2D[0], biases_2[1] - biases_2[0]
        else:
            biases_C[number] = math.log(present + 1) - math.log(len(labels_NC) - present + 1)
    return weights_CD, biases_C


def _spread(features_ND: Array) -> Array:
    """What each feature (D,) is divided by: its standard deviation.

    Counts, which are 0 in most rows, keep their proportions: alone each rare one would weigh more than any other feature.
    They are divided by one number, so that the counts of a row have the squared length of the other features, or of as many
    features as there are counts where there are no others.
    """
    spread_D: Array = np.maximum(features_ND.std(0, ddof=1), 1e-6)
    counts_D = (features_ND == 0).mean(0) > MOSTLY_ZERO
    others = int((~counts_D).sum()) or len(counts_D)
    spread_D[counts_D] = max(1e-6, float(np.sqrt(features_ND[:, counts_D].var(0, ddof=1).sum() / others)))
    return spread_D


def _fit(scaled_ND: Array, truth: NDArray[np.int64], balanced: bool) -> tuple[Array, Array]:
    """Coefficients (C, D) and intercepts (C,); of two classes one row, their difference.

    With more features than rows the regression is fitted on a factor of the inner products of the rows, as wide as there are
    rows: the loss, the penalty and so the optimum are the same there.
    """
    wide = scaled_ND.shape[1] > scaled_ND.shape[0]
    factor_NN = by_inner_products(scaled_ND @ scaled_ND.T) if wide else scaled_ND
    part = rows_to_fit(torch.from_numpy(truth), scaled_ND.shape[1], len(set(truth.tolist()))).numpy()
    model = _regression(_best_strength(factor_NN[part], truth[part], balanced), balanced).fit(factor_NN, truth)
    if not wide:
        return model.coef_, model.intercept_
    return solve_triangular(factor_NN, model.coef_.T, lower=True, trans="T").T @ scaled_ND, model.intercept_


def _best_strength(scaled_ND: Array, truth: NDArray[np.int64], balanced: bool) -> float:
    """C with the lowest log loss on held-out folds; the middle one where a class has a single row."""
    folds = min(MOST_FOLDS, min(Counter(truth.tolist()).values()))
    if folds < 2:
        return STRENGTHS[len(STRENGTHS) // 2]
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=0).split(scaled_ND, truth))

    def loss(strength: float) -> float:
        return sum(_held_out_loss(scaled_ND, truth, split, _regression(strength, balanced)) for split in splits)

    return min(STRENGTHS, key=loss)


def _held_out_loss(scaled_ND: Array, truth: NDArray[np.int64], split: tuple[Any, Any], model: LogisticRegression) -> float:
    known, new = split
    model.fit(scaled_ND[known], truth[known])
    outputs: Array = model.decision_function(scaled_ND[new])
    logits_NC = np.stack([-outputs / 2, outputs / 2], 1) if outputs.ndim == 1 else outputs
    log_probs_NC: Array = logits_NC - logsumexp(logits_NC, axis=1, keepdims=True)  # finite, unlike the log of a rounded 0
    return float(-log_probs_NC[np.arange(len(new)), np.searchsorted(model.classes_, truth[new])].sum())


def _regression(strength: float, balanced: bool) -> LogisticRegression:
    return LogisticRegression(C=strength, class_weight="balanced" if balanced else None, max_iter=1000)
