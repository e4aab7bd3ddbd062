"""A policy that repeats recorded sets, to separate the variance of the selection from that of the training.

With the sets of one run and other seeds, or another model, only the training differs; with the sets of other runs and one
seed, only the selection differs. Ours, not the paper's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from alft.selection.ledger import Clusters, Ledger, Selection
from alft.selection.outputs import Decision, Needs, Scores
from alft.selection.plan import Plan, Words
from alft.selection.policy import Policy


@dataclass(frozen=True, kw_only=True)
class Replay(Policy):
    """Repeats the set that another run chose in each epoch, and where its weights began anew.

    Of a :class:`Policy`'s settings only the seed and those of the pace have an effect.

    Attributes:
        sets: Ascending row numbers of each epoch's set.
        dropped: Rows of each set that were left out of training.
    """

    sets: tuple[Tensor, ...] = ()
    dropped: tuple[Tensor, ...] = ()

    def plan(self, epochs: int, pool: int, words: Words | None = None) -> Plan:
        """The recorded sizes.

        Args:
            epochs: Number of epochs, as many as were recorded.
            pool: Labelled rows N.
            words: Not used: the rows of each set are known.

        Raises:
            ValueError: The number of epochs differs.
        """
        if epochs != len(self.sets):
            raise ValueError(f"trainer.max_epochs must be {len(self.sets)}, as in the run of active.replay, got {epochs}")
        sizes = tuple(len(rows) for rows in self.sets)
        bought = [len(set().union(*(rows.tolist() for rows in self.sets[: epoch + 1]))) for epoch in range(epochs)]
        return Plan(
            shares=tuple(size / pool for size in sizes),
            sizes=sizes,
            decides=(False,) * epochs,
            bought=tuple((count, count) for count in bought),
            cap=bought[-1],
            pace=self.pace,
        )

    def left_out(self, epoch: int, plan: Plan, ledger: Ledger, rows: Tensor, labels_R: Tensor) -> Tensor:
        """The rows that the recorded run left out of ``epoch``."""
        return torch.isin(rows, self.dropped[epoch]) if epoch < len(self.dropped) else torch.zeros_like(rows, dtype=torch.bool)

    def needs(self, epoch: int, plan: Plan, ledger: Ledger) -> Needs:
        """Nothing: the model is not used."""
        return Needs(probs=False, passes=0, embeddings=False)

    def partition(self, epoch: int, plan: Plan, ledger: Ledger, scores: Scores) -> Clusters | None:
        """No clusters: they were used when the sets were recorded."""
        return None

    def decide(self, epoch: int, plan: Plan, ledger: Ledger, clusters: Clusters | None, scores: Scores) -> Decision:
        """The recorded set of ``epoch``."""
        return Decision(Selection(self.sets[epoch]), None, None)
