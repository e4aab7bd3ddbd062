"""How far a campaign is: labels by class, and whether a model can be trained."""

from collections import Counter

from alft.campaign.folder import Campaign


def train_labels(campaign: Campaign) -> Counter[str]:
    """Resolved labels that can be trained on, by class."""
    return labels_of(campaign, "train")


def labels_of(campaign: Campaign, split: str) -> Counter[str]:
    """Resolved labels of a split, by class, the known classes only."""
    known = set(campaign.settings.classes)
    pool, found = campaign.pool, campaign.state.resolutions
    # not Campaign.label_of: a million calls take seconds
    resolved = ((found.get(pool.ids[row]), pool.labels[row]) for row in pool.rows_of(split))
    labels = (given if own is None else own.label for own, given in resolved)
    return Counter(label for label in labels if label is not None and label in known)


def is_warm(campaign: Campaign) -> bool:
    """Whether there are labels enough, and of two classes, for a fitted model to choose."""
    labels = train_labels(campaign)
    return labels.total() >= campaign.settings.min_labels and len(labels) >= 2
