"""Sums up a campaign: rounds, labels, agreement, time, and the scores of its fits."""

from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from alft.campaign.agreement import Agreement, agreement
from alft.campaign.disagreement import Pair, Record, pairs_of, records_of
from alft.campaign.fits import Fit, fits_of
from alft.campaign.folder import Campaign
from alft.campaign.new_classes import new_classes
from alft.campaign.outlook import Outlook, Sample, outlook_of
from alft.campaign.progress import by_class, labels_of


@dataclass(frozen=True)
class Round:
    """Counts of the texts of a round, each in one of answered, skipped, tied, open, closed (given up), and seconds a label."""

    number: int
    asked: int
    answered: int
    skipped: int
    tied: int
    open: int
    closed: int
    policy: str
    seconds: float | None


@dataclass(frozen=True)
class Status:
    """What ``status`` shows.

    Attributes:
        rounds: Oldest first.
        texts: Texts with a resolved label by split.
        labels: Those with each class, by split.
        answers: Answers that count, of all annotators.
        new_classes: Resolved labels that are no class, with their number of texts.
        seconds: Mean seconds an answer, where tools tell it; else None.
        agreement: Of the annotators.
        resolve: How several answers become one label.
        records: Annotators, those who disagree most first.
        pairs: Agreement of each two annotators.
        ask_again: Ids of tied texts.
        fits: Oldest first.
        outlook: Whether to ask for more labels.
    """

    rounds: list[Round]
    texts: dict[str, int]
    labels: dict[str, dict[str, int]]
    answers: int
    new_classes: dict[str, int]
    seconds: float | None
    agreement: Agreement
    resolve: str
    records: list[Record]
    pairs: list[Pair]
    ask_again: list[str]
    fits: list[Fit]
    outlook: Outlook

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        fits = [{"run": str(fit.run), "labels": fit.labels, "val_f1_macro": fit.validation_f1} for fit in self.fits]
        plain = {"rounds": [vars(one) for one in self.rounds], "agreement": vars(self.agreement), "fits": fits}
        people = {
            "records": [vars(one) | {"share": one.share} for one in self.records],
            "pairs": [vars(one) for one in self.pairs],
        }
        return {**vars(self), **plain, **people, "outlook": _plain(self.outlook)}


def status_of(campaign: Campaign, root: Path) -> Status:
    """Sum up a campaign; its fits are looked for below ``root``."""
    state = campaign.state
    found = {split: labels_of(campaign, split) for split in ("train", "validation", "test")}
    texts = {split: len(labels) for split, labels in found.items()}
    labels = {split: dict(sorted(by_class(own).items())) for split, own in found.items()}
    fits = fits_of(campaign.folder, root)[::-1]
    sample = Sample(len(campaign.pool.rows_of("validation")), texts["validation"])
    return Status(
        [_round(campaign, number) for number in range(state.newest_round + 1)],
        texts,
        labels,
        sum(answer.label is not None for given in state.standing.values() for answer in given.values()),
        dict(new_classes(campaign)),
        _seconds(campaign, list(state.standing)),
        agreement(state),
        state.resolve,
        records_of(state),
        pairs_of(state),
        state.tied(),
        fits,
        outlook_of(fits, sample, _left(campaign)),
    )


def _left(campaign: Campaign) -> int:
    """Texts to train on that have neither a label nor only skips."""
    pool, state = campaign.pool, campaign.state
    unlabelled = (row for row in pool.rows_of("train") if campaign.label_of(row) is None)
    return sum(state.resolution(pool.ids[row]).standing != "skipped" for row in unlabelled)


def _plain(outlook: Outlook) -> dict[str, Any]:
    found = outlook.forecast
    told = None if found is None else vars(found) | {"tells": found.tells}
    curve = {"scores": outlook.scores, "other_settings": outlook.curve.others, "differing": outlook.curve.differing}
    return {"word": outlook.word, "reason": outlook.reason, "forecast": told, "curve": curve | {"older": outlook.curve.older}}


def _round(campaign: Campaign, number: int) -> Round:
    """A text asked again in a later round counts in both."""
    state = campaign.state
    ids = state.ids_of_round(number)
    standing = [state.resolution(text_id).standing for text_id in ids]
    unanswered = standing.count("unanswered")
    given_up = number < state.closed
    policies = [event.policy for event in state.asked if event.round == number and event.purpose == "train"]
    return Round(
        number,
        len(ids),
        standing.count("resolved"),
        standing.count("skipped"),
        standing.count("tied"),
        0 if given_up else unanswered,
        unanswered if given_up else 0,
        policies[0] if policies else "",
        _seconds(campaign, ids),
    )


def _seconds(campaign: Campaign, ids: list[str]) -> float | None:
    """Mean seconds of the answers on these texts that tell them."""
    told = [
        answer.seconds
        for text_id in ids
        for answer in campaign.state.standing.get(text_id, {}).values()
        if answer.seconds is not None
    ]
    return mean(told) if told else None
