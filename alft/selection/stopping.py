"""Advises whether to buy more labels, and holds the rules that end a run by this advice (docs/stopping.md).

The advice after a set has two figures: the agreement of the predictions on the pool with those of the choice before, as Cohen's
kappa (Bloodgood and Vijay-Shanker, arXiv 1409.5165), and the forecast of :mod:`alft.selection.forecast`. Both come from what
the run knows anyway. Axes: K draws, N pool rows, C classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor

from alft.selection.forecast import FEWEST_SCORES, GAIN, HORIZON, Forecast, forecast, missing_forecast
from alft.selection.ledger import Ledger
from alft.selection.outputs import Scores
from alft.selection.plan import Plan
from alft.selection.several import places

ROUNDING = 1e-9
"""Tolerance of a mean: three times 0.99 have one slightly below 0.99."""


@dataclass(frozen=True)
class Advice:
    """What a run knows after a set.

    Attributes:
        epoch: Last epoch of the set.
        bought: Labels bought up to then.
        kappa: Agreement with the predictions of the choice before, at most 1; None where the pool was not scored twice.
        forecast: Gain by further labels; None if there is none.
        missing: Why there is no forecast; empty if there is one.
    """

    epoch: int
    bought: int
    kappa: float | None
    forecast: Forecast | None
    missing: str

    @property
    def sentence(self) -> str:
        """The advice in words."""
        agreement = "" if self.kappa is None else f"predictions on the pool agree with those before by kappa {self.kappa:.3f}; "
        return f"epoch {self.epoch}, {self.bought} labels: {agreement}{self._outlook}"

    @property
    def _outlook(self) -> str:
        if self.forecast is None:
            return f"no forecast, {self.missing}"
        return self.forecast.sentence


@dataclass(frozen=True)
class StopRule(ABC):
    """Base class of the rules that end a run after a set, before more labels are bought.

    Args:
        labels: Further labels that the forecasts are about, at least 1.
    """

    labels: int = HORIZON

    @abstractmethod
    def reason(self, advice: Sequence[Advice]) -> str | None:
        """Why the run ends now, in words; None if it goes on.

        Args:
            advice: The advice after each set so far, at least one.
        """

    @abstractmethod
    def refuse_idle(self, plan: Plan, scored: Sequence[int]) -> None:
        """Refuse a plan under which the rule can never act.

        Args:
            plan: The planned run.
            scored: Epochs for which the pool is scored before their set is chosen.

        Raises:
            ValueError: The message names the setting at fault.
        """


@dataclass(frozen=True)
class Stop(StopRule):
    """Ends the run when the model has become stable and more labels promise little; either alone is not enough.

    Formula: mean of the last ``rounds`` kappas >= ``kappa`` and upper end of the forecast < ``gain``. Needs an acquisition that
    scores the pool, and sets with at least 4 numbers of labels. Use it where each label costs money; docs/stopping.md says
    what it has saved and lost. Costs nothing. Source: the first half arXiv 1409.5165; the second and their union are ours.

    Args:
        labels: Further labels that the forecasts are about, at least 1.
        kappa: Smallest mean agreement, in (0, 1].
        rounds: Choices that the mean is over, at least 1.
        gain: Points of validation macro-F1, above 0: the run goes on while ``labels`` more labels may gain as many. The
            interval has the noise of the validation set in it, so that on a small one low values never act.
    """

    kappa: float = 0.99
    rounds: int = 3
    gain: float = GAIN

    def __post_init__(self) -> None:
        """Refuse values out of range, including NaN."""
        for name in ("labels", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"active.stop.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.kappa <= 1:
            raise ValueError(f"active.stop.kappa must be in (0, 1], got {self.kappa}")
        if not 0 < self.gain <= 100:
            raise ValueError(f"active.stop.gain must be in (0, 100] points, got {self.gain}")

    def reason(self, advice: Sequence[Advice]) -> str | None:
        """Both halves of the rule in words; None unless both hold."""
        kappas = [one.kappa for one in advice[-self.rounds :] if one.kappa is not None]
        outlook = advice[-1].forecast
        if len(kappas) < self.rounds or outlook is None or 100 * outlook.high >= self.gain:
            return None
        mean = fmean(kappas)
        if mean < self.kappa - ROUNDING:
            return None
        return (
            f"active.stop: in {self.rounds} choices predictions agree by a mean kappa of {mean:.3f}, at least {self.kappa:g}; "
            f"{outlook.labels} more labels promise at most {100 * outlook.high:.2f} points, below {self.gain:g}"
        )

    def refuse_idle(self, plan: Plan, scored: Sequence[int]) -> None:
        """Refuse plans without enough scored choices or numbers of labels before the last choice."""
        choices = [epoch for epoch in range(1, plan.epochs) if plan.is_new(epoch)]
        compared = [epoch in scored and any(earlier < epoch for earlier in scored) for epoch in choices]
        stable = [
            epoch
            for place, epoch in enumerate(choices)
            if place + 1 >= self.rounds and all(compared[: place + 1][-self.rounds :])
        ]
        if not stable:
            raise ValueError(
                f"active.stop can never act: it compares predictions on the pool at {self.rounds + 1} choices in a row, and "
                f"this run scores the pool at {len(scored)} choices; take an active.acquire that scores it, such as Margin, "
                "more choices, a lower active.stop.rounds, or active.stop null"
            )
        counts = len({plan.bought[epoch][1] for epoch in range(stable[-1])})
        if counts < FEWEST_SCORES:
            raise ValueError(
                f"active.stop can never act: its forecast needs sets with at least {FEWEST_SCORES} numbers of labels before "
                f"the last choice, and active.budget plans {counts}; let it buy labels in more choices, with active.mode "
                "accumulate or unseen, or set active.stop null"
            )


def record_agreement(ledger: Ledger, epoch: int, scores: Scores) -> None:
    """Record how the predictions after ``epoch`` agree with those of the last pass; nothing without a pass.

    Args:
        ledger: Holds the predictions of the last pass.
        epoch: Epoch after which the pool was scored; -1 before training.
        scores: Outputs of the pass; K = 0 without one.
    """
    probs_KNC = scores.probs_KNC
    if not len(probs_KNC) or epoch in ledger.agreement:  # a replayed hook changes nothing
        return
    predicted_N = probs_KNC.mean(0).argmax(1)
    rows = ledger.selectable_N.nonzero().squeeze(1)
    if scores.starts_N is not None:
        rows = places(rows, scores.starts_N)
    before_N = ledger.predicted_N
    ledger.agreement[epoch] = None if before_N is None else kappa(before_N[rows], predicted_N[rows], probs_KNC.shape[2])
    ledger.predicted_N = predicted_N


def kappa(one_N: Tensor, other_N: Tensor, classes: int) -> float | None:
    """Cohen's kappa of two predictions, at most 1; None if both give all rows the same class, of which chance agrees too.

    >>> kappa(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 1, 0]), 2)
    0.5
    """
    size = len(one_N)
    together = torch.bincount(one_N * classes + other_N, minlength=classes**2).view(classes, classes)
    agreed = int(together.trace())
    by_chance = int((together.sum(0) * together.sum(1)).sum())  # times size squared: whole numbers, so that 1 is exact
    if by_chance == size**2:
        return None
    return (agreed * size - by_chance) / (size**2 - by_chance)


def advise(ledger: Ledger, plan: Plan, labels: int) -> list[Advice]:
    """The advice after each set that was trained to its end, in order; none after a refit, which buys nothing.

    The score of a number of labels is that of the last epoch that had it.
    """
    found: list[Advice] = []
    scores: dict[int, float] = {}
    for epoch in sorted(epoch for epoch in ledger.validation if epoch in ledger.selections and not plan.is_refit(epoch)):
        bought, score = ledger.bought_until(epoch), ledger.validation[epoch]
        if score == score:  # not NaN, of a model that diverged
            scores[bought] = score
        if epoch + 1 == plan.epochs or plan.is_new(epoch + 1):
            spent = bought if plan.unit == "rows" else ledger.words_until(epoch)
            more = min(labels, plan.in_rows(plan.cap - spent)) if spent < plan.cap else 0
            outlook = forecast(scores, more) if more else None
            missing = "" if outlook else missing_forecast(more, scores)
            found.append(Advice(epoch, bought, ledger.agreement.get(epoch), outlook, missing))
    return found
