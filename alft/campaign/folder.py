"""The folder of a campaign: ``campaign.yaml``, ``pool.parquet``, ``journal.jsonl``. Everything else in it can be deleted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from alft.campaign.dawid_skene import check_installed
from alft.campaign.events import AskedEvent, Event
from alft.campaign.form import Form, OneClass, form_of
from alft.campaign.journal import Journal
from alft.campaign.resolution import Resolve
from alft.campaign.settings_text import with_classes
from alft.campaign.state import State, replay
from alft.system.excerpt import first_line
from alft.system.output import write_atomically, write_text_atomically
from alft.system.parquet_file import read_table

SETTINGS, POOL, JOURNAL = "campaign.yaml", "pool.parquet", "journal.jsonl"
HOW_TO_OPEN = "python -m alft open FILE --classes a,b --campaign DIR makes one"


@dataclass(frozen=True)
class Settings:
    """Contents of ``campaign.yaml``.

    Attributes:
        classes: Names of the classes, or types of the entities.
        text_column: Column of the texts in the source.
        source: File that was opened.
        fingerprint: Digest of ``pool.parquet``.
        seed: Seed of the random samples and of the selection.
        backbone: Pretrained encoder that embeds the texts before there is a fit; None for tf-idf.
        max_length: Tokens per text when it does.
        min_labels: Labels to train on before a fitted model chooses.
        cold_start: Acquisition before that: class_path and init_args, as in a config.
        resolve: How several answers become one label: ``majority`` or ``dawid-skene``.
        task: What a text is given, as ``data.task``: ``single``, ``multi`` or ``tags``.
    """

    classes: list[str]
    text_column: str
    source: str
    fingerprint: str
    seed: int = 0
    backbone: str | None = None
    max_length: int = 128
    min_labels: int = 20
    cold_start: dict[str, Any] = field(default_factory=lambda: {"class_path": "TypiClust"})
    resolve: Resolve = "majority"
    task: str = OneClass.task

    @property
    def form(self) -> Form:
        """What a label is."""
        return form_of(self.task)

    def with_classes(self, names: list[str]) -> "Settings":
        """The settings with more classes; those that are there already stay where they are."""
        return replace(self, classes=[*self.classes, *(name for name in names if name not in self.classes)])


@dataclass(frozen=True)
class Pool:
    """The texts of a campaign, one entry per row.

    Attributes:
        ids: Ids.
        texts: Texts as in the source.
        labels: Labels that the source has; None without one.
        splits: ``validation``, ``test``, ``train``, or, for rows that are never asked, ``repeated`` and ``blank``.
    """

    ids: list[str]
    texts: list[str]
    labels: list[str | None]
    splits: list[str]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.ids)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each id."""
        return {text_id: row for row, text_id in enumerate(self.ids)}

    def rows_of(self, split: str) -> list[int]:
        """Rows of a split."""
        return self._rows.get(split, [])

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, split in enumerate(self.splits):
            rows.setdefault(split, []).append(row)
        return rows


@dataclass(frozen=True)
class Campaign:
    """A campaign as it was when it was read."""

    folder: Path
    settings: Settings
    pool: Pool
    state: State

    @property
    def journal(self) -> Journal:
        """Its journal."""
        return Journal(self.folder / JOURNAL)

    def record(self, events: list[Event]) -> None:
        """Append events to the journal."""
        self.journal.append(events)

    def record_round(self, events: Sequence[AskedEvent]) -> None:
        """Append the askings of a round to the journal, all or none."""
        self.journal.append_together(events)

    def label_of(self, row: int) -> str | None:
        """The label of a row: that of its annotators, else that of the source; None without one."""
        found = self.state.resolution(self.pool.ids[row])
        return self.pool.labels[row] if found.standing == "unanswered" else found.label


def is_campaign(folder: Path) -> bool:
    """Whether a folder holds a campaign."""
    return (folder / SETTINGS).is_file()


def read_campaign(folder: Path) -> Campaign:
    """Read a campaign.

    Raises:
        ValueError: There is none, or a file of it is damaged or was changed; the message gives the mend.
    """
    if not is_campaign(folder):
        raise ValueError(f"campaign: {folder} holds no campaign ({SETTINGS} is missing); {HOW_TO_OPEN}")
    settings, content = read_settings(folder), _pool_bytes(folder)
    if _digest(content) != settings.fingerprint:
        raise ValueError(
            f"campaign: {folder / POOL} has changed since the campaign was opened (fingerprint {settings.fingerprint} then, "
            f"{_digest(content)} now), so its ids may mean other texts; restore it from a copy, or open another campaign"
        )
    table = read_table(pa.BufferReader(content))
    pool = Pool(*(table.column(name).to_pylist() for name in ("id", "text", "label", "split")))
    form = settings.form
    state = replay(
        Journal(folder / JOURNAL).read(), settings.resolve, form.of_marks, partial(form.match, classes=settings.classes)
    )
    return Campaign(folder, settings, pool, state)


def read_state(folder: Path) -> State:
    """What was asked and answered by now, without reading texts and settings.

    Raises:
        ValueError: The journal is damaged.
    """
    return replay(Journal(folder / JOURNAL).read())


def read_settings(folder: Path) -> Settings:
    """Read ``campaign.yaml``.

    Raises:
        ValueError: It is damaged.
    """
    path = folder / SETTINGS
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        settings = Settings(**found)
    except (ValueError, TypeError, yaml.YAMLError) as error:
        known = ", ".join(known.name for known in fields(Settings))
        raise ValueError(f"campaign: {path} cannot be read ({first_line(error)}); its entries are {known}") from error
    fewest = settings.form.fewest
    if not isinstance(settings.classes, list) or len(settings.classes) < fewest:
        number = "two names" if fewest == 2 else "one name"
        raise ValueError(f"campaign: classes in {path} must be a list of {number} or more, got {settings.classes!r}")
    for name in ("seed", "max_length", "min_labels"):
        if type(value := getattr(settings, name)) is not int or value < 0:
            raise ValueError(f"campaign: {name} in {path} must be a whole number of at least 0, got {value!r}")
    if settings.resolve not in get_args(Resolve):
        raise ValueError(f"campaign: resolve in {path} must be {' or '.join(get_args(Resolve))}, got {settings.resolve!r}")
    if settings.resolve == "dawid-skene":
        check_resolve(settings.form)
    return settings


def check_resolve(form: Form) -> None:
    """Refuse the model of Dawid and Skene where it cannot be used.

    Raises:
        ValueError: It is for one class a text, or its package is missing.
    """
    if form.of_marks:
        raise ValueError(f"resolve: dawid-skene is for one class a text, and the task is {form.task}; set it to majority")
    check_installed()


def write_campaign(folder: Path, settings: Settings, pool: Pool) -> None:
    """Write pool and settings; the settings last, since they make the folder a campaign."""
    columns = {"id": pool.ids, "text": pool.texts, "label": pool.labels, "split": pool.splits}
    table = pa.table(
        {"row": pa.array(range(len(pool)), pa.int64()), **{k: pa.array(v, pa.string()) for k, v in columns.items()}}
    )
    write_atomically(folder / POOL, lambda path: pq.write_table(table, path))
    settings = replace(settings, fingerprint=_digest((folder / POOL).read_bytes()))
    write_text_atomically(folder / SETTINGS, yaml.safe_dump(asdict(settings), sort_keys=False, allow_unicode=True))


def text_with_classes(folder: Path, names: list[str]) -> bytes:
    """The content of ``campaign.yaml`` with more classes, and with all else in it as it is.

    Raises:
        ValueError: They have to be added by hand.
    """
    path = folder / SETTINGS
    known, text = read_settings(folder).classes, path.read_bytes().decode("utf-8")
    try:
        return with_classes(text, [name for name in names if name not in known]).encode("utf-8")
    except ValueError as error:
        raise ValueError(f"add_classes: {path}: {error}") from error


def write_settings(folder: Path, content: bytes) -> None:
    """Replace ``campaign.yaml``."""
    write_atomically(folder / SETTINGS, lambda beside: beside.write_bytes(content))


def _pool_bytes(folder: Path) -> bytes:
    try:
        return (folder / POOL).read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"campaign: {folder / POOL} is missing; restore it from a copy, or open another campaign") from error


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
