"""Decides how many texts a round asks for: as typed, by the budget, or by default; never more than the cap leaves.

A round is a choice of the budget, counted from 0; N is the number of texts to train on (the random samples are none).
"""

import math
from dataclasses import dataclass

from alft.selection.budget import Budget, Constant
from alft.selection.labels import Labels

DEFAULT = 50
"""Texts of a round where neither a number nor a budget says otherwise."""


@dataclass(frozen=True)
class Rule:
    """What may decide the number.

    Attributes:
        typed: Number that was typed; None for none.
        budget: Budget by rounds; None for none.
        rounds: Rounds that a schedule of shares goes over; None if unknown.
        max_unique: Largest share of the texts that is ever asked for, in (0, 1]; None for no cap.
    """

    typed: int | None = None
    budget: Budget | None = None
    rounds: int | None = None
    max_unique: float | None = None


@dataclass(frozen=True)
class Count:
    """A number of texts, and the rule that gave it, in words."""

    number: int
    why: str


def in_labels(budget: Budget) -> bool:
    """Whether a budget counts labels, so that it says the same of a pool of any size."""
    return isinstance(budget, Labels) or (isinstance(budget, Constant) and budget.count is not None)


def count_of(rule: Rule, number: int, pool: int, asked: int) -> Count:
    """The number of texts that a round asks for.

    Args:
        rule: What decides.
        number: Number of the round, from 0.
        pool: Texts to train on, N.
        asked: Those that were asked before, or have a label.

    Raises:
        ValueError: The budget says nothing of this round, or the cap is used up.

    >>> count_of(Rule(budget=Labels((100, 40)), max_unique=0.3), 1, 400, 100)
    Count(number=20, why='active.max_unique 0.3 allows 120 texts, and 100 were asked before or have a label')
    """
    found = _wanted(rule, number, pool)
    if rule.max_unique is None:
        return found
    cap = math.floor(rule.max_unique * pool + 1e-9)
    if found.number <= max(0, cap - asked):
        return found
    why = f"active.max_unique {rule.max_unique:g} allows {cap} texts, and {asked} were asked before or have a label"
    if cap <= asked:
        raise ValueError(f"{why}; raise it, or give --count 0 to ask for random samples and ties alone")
    return Count(cap - asked, why)


def _wanted(rule: Rule, number: int, pool: int) -> Count:
    if rule.typed is not None:
        return Count(rule.typed, "--count")
    if rule.budget is None:
        return Count(DEFAULT, f"{DEFAULT} by default, since no active.budget counts rounds")
    name = f"active.budget {rule.budget}"
    rows = rule.budget.rows(number, _rounds(rule.budget, rule.rounds, number), pool)
    if not rows:
        raise ValueError(f"{name} has no text for round {number}; give --count")
    return Count(rows, f"{name} in round {number}")


def _rounds(budget: Budget, rounds: int | None, number: int) -> int:
    """Rounds that a budget goes over; any number will do for one that does not depend on it."""
    if isinstance(budget, Labels):
        return max(len(budget.counts), number + 1)
    if isinstance(budget, Constant):
        return number + 1
    if rounds is None:
        raise ValueError(
            f"active.budget {budget} spreads shares over rounds, whose number is trainer.max_epochs of the config; add it, or "
            "give --count"
        )
    if number >= rounds:
        raise ValueError(
            f"active.budget {budget} spreads shares over {rounds} rounds (trainer.max_epochs), and this is round {number}, "
            "counted from 0; give --count"
        )
    return rounds
