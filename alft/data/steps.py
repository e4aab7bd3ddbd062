"""Counts optimizer steps before they are taken, which a plan of learning rates needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lightning import Trainer

from alft.selection.ledger import Ledger
from alft.selection.plan import Plan


@dataclass(frozen=True)
class Steps:
    """Optimizer steps of a run.

    Attributes:
        plan: Sizes of the sets.
        ledger: Sets so far.
        batch_size: Rows of a batch, for each process.
        trainer: Tells the number of processes, and of batches that a step takes.
    """

    plan: Plan
    ledger: Ledger
    batch_size: int
    trainer: Trainer

    def planned(self, whole_pool: bool = False) -> list[int]:
        """Steps of each epoch of the plan.

        Args:
            whole_pool: Count as if every epoch trained on the whole pool.
        """
        sizes = [self.ledger.pool] * self.plan.epochs if whole_pool else [self.plan.in_rows(size) for size in self.plan.sizes]
        return count_steps(sizes, self.batch_size, self.trainer)

    def taken(self) -> list[int]:
        """Steps of each epoch whose set is known."""
        sizes = [len(held.rows) for _, held in sorted(self.ledger.selections.items())]
        return count_steps(sizes, self.batch_size, self.trainer)

    def stretches(self, whole_pool: bool = False) -> list[int]:
        """Planned steps from one beginning of the weights to the next.

        Args:
            whole_pool: Count as if every epoch trained on the whole pool.
        """
        steps = self.planned(whole_pool)
        return [sum(steps[epoch] for epoch in stretch) for stretch in self.plan.stretches()]

    def weights_begin(self, epoch: int, step: int) -> bool:
        """Whether weights begin at this step: at the first of the run, and at that of an epoch which begins anew."""
        return step == 0 or (self.plan.restarts(epoch) and step == sum(self.taken()[:epoch]))

    def place(self, step: int) -> float:
        """The planned step of a step taken: other ones where sets of words have other numbers of rows than planned."""
        return place_in_plan(step, self.taken(), self.planned()) if self.plan.unit == "words" else step


def count_steps(sizes: Sequence[int], batch_size: int, trainer: Trainer) -> list[int]:
    """Optimizer steps of epochs on sets of these sizes.

    Args:
        sizes: Rows of each epoch.
        batch_size: Rows of a batch, for each process.
        trainer: Tells the number of processes, and of batches that a step takes.
    """
    batches = [math.ceil(math.ceil(size / trainer.world_size) / batch_size) for size in sizes]
    return [math.ceil(count / trainer.accumulate_grad_batches) for count in batches]


def place_in_plan(step: int, taken: Sequence[int], planned: Sequence[int]) -> float:
    """The step of a plan that corresponds to a step taken: epochs begin and end together, steps between are spread evenly.

    Args:
        step: Steps taken.
        taken: Steps of the epochs whose sets are known, the current one included.
        planned: Steps of all epochs as planned.

    >>> place_in_plan(6, taken=[4, 4], planned=[3, 8, 2])
    7.0
    """
    done = before = 0
    for own, asked in zip(taken, planned, strict=False):
        if step < done + own:
            return before + (step - done) * asked / own
        done, before = done + own, before + asked
    return before + step - done
