"""Cuts labelled rows into folds (ours, not the paper's).

Folds of train and validation rows are for choosing settings without the test set; folds of all rows are for verdicts, which a
small test set leaves undecided.
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from sklearn.model_selection import StratifiedKFold

from alft.data.rows import Rows, stratified
from alft.selection.seeds import mix
from alft.task.base import Task

FoldsOf = Literal["training", "all"]
"""Which rows of a source are cut: those of its train and validation set, or those of its test set, too."""


@dataclass(frozen=True)
class Fold:
    """A fold that is the test set of a run.

    Attributes:
        fold: Its number, from 0.
        folds: How many there are.
        cut: Digest of the rows that were cut, the seed and the limits: folds of equal cuts belong together.
        of: The rows of the source that were cut.
    """

    fold: int
    folds: int
    cut: str
    of: FoldsOf

    def describe(self) -> str:
        """The fold in words."""
        which = f"fold {self.fold} of {self.folds}"
        if self.of == "all":
            return f"{which} of all labelled rows"
        return f"{which} of train and validation; the source's test set is not used"


def check_folds(folds: int | None, fold: int | None, of: FoldsOf = "training") -> None:
    """Refuse a fold that does not exist.

    Raises:
        ValueError: One is given without the other, or is out of range.
    """
    if folds is None and fold is None:
        if of != "training":
            raise ValueError(f"data.folds_of {of} needs data.folds and data.fold: without folds there is nothing to cut")
        return
    if folds is None or fold is None:
        given, other = ("data.fold", "data.folds") if folds is None else ("data.folds", "data.fold")
        raise ValueError(f"{given} needs {other}: give the number of folds, and which one is the test set, counted from 0")
    if folds < 2:
        raise ValueError(f"data.folds must be at least 2, got {folds}")
    if not 0 <= fold < folds:
        raise ValueError(f"data.fold must be at least 0 and below data.folds {folds}, got {fold}")


def take_fold(
    train: Rows, validation: Rows, folds: int, fold: int, seed: int, task: Task, more: Rows | None = None
) -> tuple[Rows, Rows, Rows]:
    """Pool, validation set and test set of one fold of all labelled train and validation rows.

    The test set is the fold. The validation set is drawn from the rest, stratified, with the share of the rest that it had of
    train and validation. Train rows without a label stay in the pool.

    Args:
        train: Rows of the pool.
        validation: Rows of the validation set.
        folds: K.
        fold: Which one, in [0, K).
        seed: Seed of the cut; the K folds of a seed share no row and hold every labelled row once.
        task: Gives the strata of the labels.
        more: Further rows that are cut, which have labels; None for none.

    Raises:
        ValueError: A class has fewer rows than there are folds.
    """
    known = set(train.labelled)
    labelled, unlabelled = train.take(train.labelled), [row for row in range(len(train)) if row not in known]
    trained = len(labelled) + len(validation)
    rows = _joined(labelled, validation, more)
    strata = task.strata(rows.labels)
    least = min(Counter(strata).values())
    if least < folds:
        raise ValueError(f"data.folds must be at most {least}, the labelled rows of the smallest class, got {folds}")
    cut = StratifiedKFold(folds, shuffle=True, random_state=mix(seed, "folds") % 2**32)
    rest, test = list(cut.split(np.zeros(len(rows)), strata))[fold]
    others = rows.take(rest.tolist())
    held = stratified(task.strata(others.labels), round(len(validation) / trained * len(others)), seed, f"fold {fold}", least=1)
    kept = others.take(sorted(set(range(len(others))) - set(held)))
    return _joined(kept, train.take(unlabelled)), others.take(held), rows.take(test.tolist())


def digest_of_cut(train: Rows, validation: Rows, more: Rows | None, *settings: int | None) -> str:
    """Digest of what :func:`take_fold` cuts, the same for all folds.

    Args:
        train: As there.
        validation: As there.
        more: As there.
        *settings: Seed, and limits that apply to each fold.
    """
    parts = [settings, *((rows.texts, rows.labels) for rows in (train, validation, more) if rows is not None)]
    return sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:16]


def _joined(*parts: Rows | None) -> Rows:
    found = [part for part in parts if part is not None]
    return Rows([text for part in found for text in part.texts], [label for part in found for label in part.labels])
