"""Labels that annotators gave and that are no class of the campaign: kept, told, and trained on once they are added."""

from collections import Counter
from collections.abc import Container, Iterable

from alft.campaign.folder import SETTINGS, Campaign


def new_classes(campaign: Campaign) -> Counter[str]:
    """Names in resolved labels that are no class of the campaign, with their number of texts."""
    known, names_in = set(campaign.settings.classes), campaign.settings.form.names_in
    labels: Iterable[str | None] = (found.label for found in campaign.state.resolutions.values())
    return Counter(name for label in labels if label is not None for name in names_in(label) if name not in known)


def texts_with(campaign: Campaign, names: Container[str]) -> int:
    """Texts whose label has one of these names."""
    names_in = campaign.settings.form.names_in
    labels: Iterable[str | None] = (found.label for found in campaign.state.resolutions.values())
    return sum(label is not None and any(name in names for name in names_in(label)) for label in labels)


def how_to_add(campaign: Campaign) -> str:
    """What makes new classes count."""
    return f"add them to classes in {campaign.folder / SETTINGS}, or by take --add_classes, to train on them"
