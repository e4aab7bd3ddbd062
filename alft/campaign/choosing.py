"""Chooses the texts of a round with the selection of a run (pure: scores come in, rows go out).

Axes: N rows of the pool. The texts that were asked before count as bought, so that joint acquisitions complement them; the
selection works in the mode ``unseen``. Its ``selectable_N`` are these and the candidates: texts to train on that have no label,
were not asked in an open round, and were not skipped.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from alft.campaign.folder import Campaign
from alft.selection.budget import Full
from alft.selection.ledger import Ledger, Selection
from alft.selection.outputs import Needs, Scores
from alft.selection.plan import Plan
from alft.selection.policy import Policy
from alft.selection.seeds import mix


@dataclass(frozen=True)
class Standings:
    """Rows that may be asked now, and rows that were asked or have a label already; bool (N,)."""

    candidates_N: Tensor
    taken_N: Tensor

    @property
    def count(self) -> int:
        """Number of candidates."""
        return int(self.candidates_N.sum())


def standings(campaign: Campaign) -> Standings:
    """Candidates and taken rows of a campaign."""
    pool, state = campaign.pool, campaign.state
    candidates_N = torch.tensor([split == "train" for split in pool.splits])
    taken = {row for row, label in enumerate(pool.labels) if label is not None}
    taken |= {pool.row_of[text_id] for text_id in state.resolutions if text_id in pool.row_of}
    taken |= {pool.row_of[text_id] for text_id, number in state.round_of.items() if number >= state.closed}
    taken_N = torch.zeros_like(candidates_N).index_fill_(0, torch.tensor(sorted(taken), dtype=torch.int64), True)
    return Standings(candidates_N & ~taken_N, candidates_N & taken_N)


@dataclass(frozen=True)
class Choice:
    """The choice of one round: what the selection needs to know before there are scores."""

    policy: Policy
    standing: Standings
    count: int

    @classmethod
    def of(cls, policy: Policy, standing: Standings, count: int, number: int) -> "Choice":
        """The choice of round ``number``: the acquisition is the one whose turn it is, by rounds or by labels."""
        acquire = policy.acquire.now(number, int(standing.taken_N.sum()))
        seed = mix(policy.seed, "round", number)
        plain = replace(policy, acquire=acquire, seed=seed, budget=Full(), mode="unseen", warm_start=0.0, max_unique=None)
        return cls(
            replace(plain, every_n_epochs=1, restart="never", refit=0, unit="rows"), standing, min(count, standing.count)
        )

    @property
    def ledger(self) -> Ledger:
        """The ledger of a run that has bought the taken rows."""
        ledger = Ledger(self.standing.candidates_N | self.standing.taken_N)
        ledger.first_used_N[self.standing.taken_N] = 0
        return ledger

    @property
    def plan(self) -> Plan:
        """The plan of one set of ``count`` rows."""
        bought, pool = int(self.standing.taken_N.sum()) + self.count, int(self.ledger.selectable_N.sum())
        decides = self.count < self.standing.count
        return Plan((self.count / pool,), (self.count,), (decides,), ((bought, bought),), cap=pool)

    @property
    def needs(self) -> Needs:
        """What has to be computed."""
        return self.policy.needs(0, self.plan, self.ledger)

    def select(self, scores: Scores) -> Selection:
        """The rows to ask, the highest scores first."""
        chosen = self.policy.select(0, self.plan, self.ledger, scores).selection
        if chosen.scores is None:
            return chosen
        order = chosen.scores.sort(descending=True, stable=True).indices
        return Selection(chosen.rows[order], chosen.scores[order], None if chosen.clusters is None else chosen.clusters[order])
