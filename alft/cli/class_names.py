"""Reads names of classes that were typed, separated by commas."""

from collections import Counter

from alft.campaign.matching import SKIP


def parse_classes(setting: str, given: str, fewest: int = 1) -> list[str]:
    """The names.

    Args:
        setting: Name of the argument, for messages.
        given: What was typed.
        fewest: Smallest number of names.

    Raises:
        ValueError: A name is empty, occurs twice, or is a word that skips a text; or there are too few.

    >>> parse_classes("classes", "pos, neg")
    ['pos', 'neg']
    """
    classes = [name.strip() for name in given.split(",")]
    twice = [name for name, times in Counter(classes).items() if times > 1]
    if len(classes) < fewest or not all(classes) or twice:
        number = "two different names or more" if fewest == 2 else "different names"
        raise ValueError(f"{setting} must be {number}, separated by commas, got {given!r}")
    for name in classes:
        if name.casefold() in SKIP:
            raise ValueError(f"{setting}: {name!r} is what annotators write to skip a text; give the class another name")
    return classes
