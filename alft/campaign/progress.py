"""How far a campaign is: labels by class, and whether a model can be trained."""

from collections import Counter
from collections.abc import Iterable

from alft.campaign.folder import Campaign


def train_labels(campaign: Campaign) -> list[tuple[str, ...]]:
    """The classes in each resolved label that can be trained on."""
    return labels_of(campaign, "train")


def labels_of(campaign: Campaign, split: str) -> list[tuple[str, ...]]:
    """The classes in each resolved label of a split, of labels whose classes are all known."""
    known, names_in = set(campaign.settings.classes), campaign.settings.form.names_in
    pool, found = campaign.pool, campaign.state.resolutions
    # not Campaign.label_of: a million calls take seconds
    resolved = ((found.get(pool.ids[row]), pool.labels[row]) for row in pool.rows_of(split))
    labels = (given if own is None else own.label for own, given in resolved)
    return [names for label in labels if label is not None and known.issuperset(names := names_in(label))]


def by_class(labels: Iterable[tuple[str, ...]]) -> Counter[str]:
    """Number of labels with each class.

    >>> by_class([("a", "b"), ("a",), ()])
    Counter({'a': 2, 'b': 1})
    """
    return Counter(name for names in labels for name in names)


def is_warm(campaign: Campaign) -> bool:
    """Whether there are labels enough, and different ones, for a fitted model to choose."""
    labels, settings = train_labels(campaign), campaign.settings
    return len(labels) >= settings.min_labels and settings.form.suffices(labels)
