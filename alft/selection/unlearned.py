"""Which rows of a set are left out of training, because the model never learns their labels (rule ours; docs/suspects.md).

A row is not learned in an epoch if training gives its label a probability of at most a half, as in the data map's correctness.
It is left out once that holds for the last ``epochs`` epochs that trained on it. Where weights begin anew, with each set or a
refit, so does the count: the first epochs of a model learn little, and what a model of few labels never learned says nothing
about one of more. If more than half of the rows of a class in a set would go, the model has not learned the class, and they are
kept. So at least half of every set remains. Nothing is stored: the rule reads what the ledger has recorded of earlier epochs.
Axes: N pool rows, R rows of a set.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from alft.selection.ledger import Ledger
from alft.selection.plan import Mode, Plan
from alft.selection.seeds import generator

LeftOut = Callable[[int, Plan, Ledger, Tensor, Tensor], Tensor]
"""Maps epoch, plan, ledger, row numbers (R,) and their classes to which of them the epoch does not train on, bool (R,)."""

LEARNED = 0.5
"""Probability of its label above which a row is learned: with two classes, above which the label is predicted."""


def none_left_out(epoch: int, plan: Plan, ledger: Ledger, rows: Tensor, labels_R: Tensor) -> Tensor:
    """Nothing is left out."""
    return torch.zeros_like(rows, dtype=torch.bool)


def never_learned(ledger: Ledger, before: range, rows: Tensor, labels_R: Tensor, epochs: int) -> Tensor:
    """Which rows are left out of an epoch, bool (R,).

    Args:
        ledger: Record of the epochs.
        before: Epochs in which the weights of this one were trained, ascending; no others are read.
        rows: Row numbers of a set (R,).
        labels_R: Numbers of their classes or strata; -1 for no label, which is learned nowhere and never left out.
        epochs: Number of epochs, at least 1.
    """
    in_vain_N = torch.zeros(len(ledger.selectable_N), dtype=torch.int64)  # last epochs in a row in which it was not learned
    for past in sorted(ledger.learned.keys() & set(before)):
        probs, trained = ledger.learned[past], ledger.selections[past].rows
        known = ~probs.isnan()  # what was left out has none
        trained, probs = trained[known], probs[known]
        in_vain_N[trained] = torch.where(probs > LEARNED, 0, in_vain_N[trained] + 1)
    out_R = in_vain_N[rows] >= epochs
    return out_R & ~_not_learned_at_all(out_R, labels_R + 1)[labels_R + 1]


def filled(rows: Tensor, out_R: Tensor, seed: int, epoch: int) -> Tensor:
    """The rows that are not left out, ascending, then as many of them again at random as were left out (R,).

    So an epoch has the planned number of steps.
    """
    kept = rows[~out_R]
    missing = len(rows) - len(kept)
    return torch.cat([kept, kept[torch.randperm(len(kept), generator=generator(seed, "filled", epoch))[:missing]]])


def refuse_idle(epochs: int, plan: Plan, mode: Mode) -> None:
    """Refuse a plan under which no row can be left out.

    Raises:
        ValueError: No row is trained on in more epochs than the rule needs before the run ends or its weights begin anew.
    """
    most = max(_epochs_of_a_row(stretch, plan, mode) for stretch in plan.stretches())
    if epochs >= most:
        raise ValueError(
            f"active.drop_unlearned can never act: it leaves a row out after {epochs} epochs, and this run trains on none in "
            f"more than {most} from one beginning of the weights to the next; take a lower number, more epochs, or null"
        )


def _epochs_of_a_row(stretch: range, plan: Plan, mode: Mode) -> int:
    """The most epochs in which a stretch may train on one row."""
    stays = mode != "unseen" or plan.is_refit(stretch.start)
    return len(stretch) if stays else min(len(stretch), plan.pace.every_n_epochs)


def _not_learned_at_all(out_R: Tensor, numbers_R: Tensor) -> Tensor:
    """Numbers from 0 of which more than half of the rows would be left out, bool by number."""
    return 2 * torch.bincount(numbers_R[out_R], minlength=int(numbers_R.max()) + 1) > torch.bincount(numbers_R)
