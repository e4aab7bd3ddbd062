"""Cuts train and validation rows into folds, to choose settings without the test set (ours, not the paper's)."""

from collections import Counter

import numpy as np
from sklearn.model_selection import StratifiedKFold

from alft.data.rows import Rows, stratified
from alft.selection.seeds import mix


def check_folds(folds: int | None, fold: int | None) -> None:
    """Refuse a fold that does not exist.

    Raises:
        ValueError: One is given without the other, or is out of range.
    """
    if folds is None and fold is None:
        return
    if folds is None or fold is None:
        given, other = ("data.fold", "data.folds") if folds is None else ("data.folds", "data.fold")
        raise ValueError(f"{given} needs {other}: give the number of folds, and which one is the test set, counted from 0")
    if folds < 2:
        raise ValueError(f"data.folds must be at least 2, got {folds}")
    if not 0 <= fold < folds:
        raise ValueError(f"data.fold must be at least 0 and below data.folds {folds}, got {fold}")


def take_fold(train: Rows, validation: Rows, folds: int, fold: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Pool, validation set and test set of one fold of all labelled train and validation rows.

    The test set is the fold. The validation set is drawn from the rest, stratified, with the share of the rest that it had of
    train and validation. Train rows without a label stay in the pool.

    Args:
        train: Rows of the pool.
        validation: Rows of the validation set.
        folds: K.
        fold: Which one, in [0, K).
        seed: Seed of the cut; the K folds of a seed share no row and hold every labelled row once.

    Raises:
        ValueError: A class has fewer rows than there are folds.
    """
    labelled, unlabelled = train.take(train.labelled), [row for row in range(len(train)) if row not in set(train.labelled)]
    rows = Rows(labelled.texts + validation.texts, labelled.labels + validation.labels)
    least = min(Counter(rows.labels).values())
    if least < folds:
        raise ValueError(f"data.folds must be at most {least}, the labelled rows of the smallest class, got {folds}")
    cut = StratifiedKFold(folds, shuffle=True, random_state=mix(seed, "folds") % 2**32)
    rest, test = list(cut.split(np.zeros(len(rows)), rows.labels))[fold]
    others = rows.take(rest.tolist())
    held = stratified(others.labels, round(len(validation) / len(rows) * len(others)), seed, f"fold {fold}", least=1)
    kept = others.take(sorted(set(range(len(others))) - set(held)))
    spare = train.take(unlabelled)
    return Rows(kept.texts + spare.texts, kept.labels + spare.labels), others.take(held), rows.take(test.tolist())
