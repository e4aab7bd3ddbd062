"""The state of a campaign as tables and sentences, for the terminal and the page alike."""

from alft.campaign.folder import Campaign
from alft.campaign.new_classes import how_to_add
from alft.campaign.status import Round, Status
from alft.system.excerpt import listed
from alft.system.visible import visible

Table = tuple[str, list[str], list[list[str]]]
"""Heading, names of the columns, and rows."""


def tables(status: Status) -> list[Table]:
    """Rounds, annotators who share texts with others, pairs of them, and fits."""
    rounds = [[*map(str, _counts(one)), figure(one.seconds, 1), one.policy] for one in status.rounds]
    people = [
        [visible(one.annotator), *map(str, (one.labels, one.shared, one.differ)), percent(one.share), str(one.tied)]
        for one in status.records
        if one.shared + one.tied
    ]
    pairs = [[f"{visible(one.one)} and {visible(one.other)}", str(one.texts), figure(one.kappa, 2)] for one in status.pairs]
    fits = [[visible(str(fit.run)), str(fit.labels), figure(fit.validation_f1, 3)] for fit in status.fits]
    return [
        ("Rounds", ["round", "asked", "labels", "skips", "ties", "open", "closed", "s/label", "chosen by"], rounds),
        ("Who disagrees with the label of a text", ["annotator", "labels", "shared", "differ", "share", "tied"], people),
        ("Agreement of two", ["annotators", "texts", "kappa"], pairs if len(pairs) > 1 else []),
        ("Fits", ["run", "labels", "F1 on the random sample"], fits),
    ]


def sentences(campaign: Campaign, status: Status) -> list[str]:
    """Labels, answers, ties, new classes, and fits that are not compared."""
    told = []
    for split, counts in status.labels.items():
        if campaign.pool.rows_of(split):
            shown = ", ".join(f"{counts.get(name, 0)} {name}" for name in campaign.settings.classes)
            told.append(f"labels, {split}: {status.texts[split]} ({shown})")
    found = status.agreement
    value = f", {found.measure} {found.value:.2f}" if found.value is not None else ""
    told.append(
        f"answers: {status.answers}; by several annotators: {found.texts} texts, {found.annotators} annotators{value}; "
        f"resolved by {status.resolve}"
    )
    if status.ask_again:
        count = f"{len(status.ask_again)} text{'s' if len(status.ask_again) > 1 else ''}"
        told.append(f"tied, asked again and not trained on: {count}: {listed(status.ask_again)}")
    if status.new_classes:
        told.append(f"labels that are no class: {listed(list(status.new_classes))}; {how_to_add(campaign)}")
    if left_out := status.outlook.curve.sentence:
        told.append(left_out)
    return told


def figure(value: float | None, digits: int) -> str:
    """A number, or nothing."""
    return "" if value is None else f"{value:.{digits}f}"


def percent(share: float | None) -> str:
    """A share in percent, or nothing."""
    return "" if share is None else f"{100 * share:.0f}%"


def _counts(one: Round) -> tuple[int, ...]:
    return one.number, one.asked, one.answered, one.skipped, one.tied, one.open, one.closed
