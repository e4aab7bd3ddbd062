"""Reads a campaign as data of a run: texts whose label is resolved to train on, the random samples to measure on."""

from pathlib import Path

from alft.campaign.folder import Campaign, is_campaign, read_campaign
from alft.campaign.new_classes import how_to_add, new_classes, texts_with
from alft.data.readers.table import Table
from alft.data.sources import FolderReader, Source
from alft.system.excerpt import listed

UNSAMPLED = (
    "the campaign has no random validation sample, so a tenth of the labels is used: the scores are those of texts that were "
    "chosen, not of all texts"
)


class CampaignFolder(FolderReader):
    """A folder made by ``open``."""

    def recognises(self, folder: Path) -> bool:
        """Whether it has a ``campaign.yaml``."""
        return is_campaign(folder)

    def read(self, folder: Path) -> Source:
        """Splits in the order of the pool. Samples without a label are left out."""
        try:
            campaign = read_campaign(folder)
        except ValueError as error:
            raise ValueError(f"data.source: {error}") from error
        tables = {split: table_of(campaign, split) for split in ("train", "validation", "test")}
        sampled = len(campaign.pool.rows_of("validation"))
        if not len(tables["train"]):
            raise ValueError(f"data.source: the campaign {folder} has no resolved label to train on; take answers first")
        if sampled and not len(tables["validation"]):
            raise ValueError(
                f"data.source: none of the {sampled} texts of the random validation sample of {folder} has a resolved label; "
                "answer some of them first"
            )
        return Source(
            {split: table for split, table in tables.items() if len(table)},
            remarks=[*([] if sampled else [UNSAMPLED]), *_on_new_classes(campaign)],
            classes=campaign.settings.form.outputs(campaign.settings.classes),
            task=campaign.settings.task,
        )


def table_of(campaign: Campaign, split: str) -> Table:
    """Texts and labels of a split, as far as the label is resolved and all its classes are known."""
    known, form, pool = set(campaign.settings.classes), campaign.settings.form, campaign.pool
    found = ((pool.texts[row], campaign.label_of(row)) for row in pool.rows_of(split))
    rows = [(text, label) for text, label in found if label is not None and known.issuperset(form.names_in(label))]
    columns = form.columns([text for text, _ in rows], [label for _, label in rows])
    return Table(columns, place=f"{campaign.folder} ({split})")


def _on_new_classes(campaign: Campaign) -> list[str]:
    new = new_classes(campaign)
    if not new:
        return []
    names, count = listed(list(new)), texts_with(campaign, new)
    return [f"not used: {count} texts with labels that are no class ({names}); {how_to_add(campaign)}"]
