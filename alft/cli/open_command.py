"""``python -m alft open``: makes a campaign of the texts of a file."""

import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from alft.campaign.folder import HOW_TO_OPEN, Pool, Settings, check_resolve, is_campaign, write_campaign
from alft.campaign.form import Entities, Form, form_of
from alft.campaign.journal import held
from alft.campaign.opening import Samples, make_pool
from alft.campaign.resolution import Resolve
from alft.campaign.separating import separated
from alft.cli.class_names import parse_classes
from alft.cli.parser import SentenceParser
from alft.data.annotated import READ
from alft.data.columns import WORD_NAMES, has_label_column, label_column_of, text_column_of
from alft.data.readers.files import READERS, read_file
from alft.data.readers.table import Table
from alft.data.texts import read_texts
from alft.system.excerpt import listed
from alft.system.quiet import quieten
from alft.system.terminal import progress_bar, show
from alft.task.known import DEFAULT, task_class

STEPS = 4
"""Steps of the progress bar: the file is read, then its cells; ids are made; the folder is written."""


def run(parser: SentenceParser, args: list[str]) -> None:
    """Open a campaign."""
    _add_arguments(parser)
    given = parser.parse_args(args)
    source, folder = Path(given.file).expanduser(), Path(given.campaign).expanduser()
    form = form_of(given.data.task)
    classes = parse_classes("classes", given.classes, form.fewest)
    form.refuse_names(classes)
    if given.resolve == "dawid-skene":
        check_resolve(form)
    for name in ("validation", "test", "seed", "data.max_length"):
        if given[name] < 0:
            raise ValueError(f"{name} must be at least 0, got {given[name]}")
    if not source.is_file():
        raise ValueError(f"open: no such file: {given.file}")
    if given.model.backbone is not None:
        _check_encoder(given.model.backbone, given.data.max_length)
    with progress_bar(f"open {source.name}") as progress:
        table = read_file(source, "open", given.data.quotes)
        progress(1, STEPS)
        column = text_column_of(table, given.data.text_column, task_class(form.task).unit)
        texts, labels = _cells(table, column, given.data.label_column, classes, form)
        progress(2, STEPS)
        pool = make_pool(texts, labels, Samples(given.validation, given.test, given.seed))
        progress(3, STEPS)
        settings = Settings(
            classes,
            column,
            str(source),
            "",
            given.seed,
            given.model.backbone,
            given.data.max_length,
            resolve=given.resolve,
            task=form.task,
        )
        _write(folder, settings, pool)
    _tell(pool, folder, given.model.backbone, form)


def _add_arguments(parser: SentenceParser) -> None:
    parser.add_argument("file", type=str, help=f"File with texts: {', '.join(READERS)}. Labels in it are kept.")
    parser.add_argument(
        "--classes", type=str, required=True, help="Names of the classes, or types of the entities, separated by commas."
    )
    parser.add_argument(
        "--data.task",
        type=str,
        default=DEFAULT,
        help="What a text is given: one class (single), any number of them (multi), or entities (tags).",
    )
    parser.add_argument("--campaign", type=str, required=True, help="Folder to make.")
    parser.add_argument(
        "--validation",
        type=int,
        default=100,
        help="Texts of the random validation sample, never trained on; 0 does without, and then no score can be trusted.",
    )
    parser.add_argument("--test", type=int, default=0, help="Texts of a random test set, never trained on.")
    parser.add_argument(
        "--resolve",
        type=Resolve,
        default="majority",
        help="How several answers on a text become its label: majority, or dawid-skene, which weighs annotators by how much "
        "they err (pip install 'alft[crowd]').",
    )
    parser.add_argument("--seed", type=int, default=0, help="Seed of the random samples and of the selection.")
    parser.add_argument(
        "--model.backbone",
        type=str | None,
        help="Pretrained encoder that embeds the texts before there is a fit; by default tf-idf does.",
    )
    parser.add_argument("--data.max_length", type=int, default=128, help="Tokens per text when it does; longer ones are cut.")
    parser.add_argument("--data.text_column", type=str | None, help="Column with the texts, if it has no well-known name.")
    parser.add_argument("--data.label_column", type=str | None, help="Column with labels, if it has no well-known name.")
    parser.add_argument("--data.quotes", type=bool, default=True, help="Whether double quotes delimit cells of CSV and TSV.")


def _check_encoder(backbone: str, max_length: int) -> None:
    """Check that an encoder is there and reads texts of this length, as ``fit`` does, without loading its weights.

    Raises:
        ValueError: It is not, or does not.
    """
    from alft.data.tokens import load_tokenizer  # transformers takes seconds to import
    from alft.models.backbone import refuse_unloadable

    quieten()
    refuse_unloadable(backbone)
    load_tokenizer(backbone, max_length)


def _cells(table: Table, text: str, label: str | None, classes: list[str], form: Form) -> tuple[list[str], list[str | None]]:
    """Texts, and the labels of those that have one.

    Entities are given to words: lists of them, those of texts with tags, and else words and signs.
    """
    task, cells = task_class(form.task), table.columns[text]
    name = label_column_of(table, label, task.unit) if has_label_column(table, label, task.unit) else None
    found = [None] * len(table) if name is None else task.read(table.columns[name], table.features.get(name), table.where)
    if all(one is None for one in found) and form.task == Entities.task and text.lower() not in WORD_NAMES:
        free = read_texts([cell if isinstance(cell, str) else "" for cell in cells], table.where)
        lists = READ[task.unit](["" if isinstance(cell, str) else cell for cell in cells], table.where)
        return [separated(one) or other for one, other in zip(free, lists, strict=True)], found
    texts = READ[task.unit](cells, table.where)
    try:
        labels = _labels(found, texts, table, form, classes)
    except ValueError as error:
        raise ValueError(f"data.label_column: the column {name!r} of {table.place} {error}") from error
    others = sorted({one for given in labels if given is not None for one in form.names_in(given)} - set(classes))
    if others:
        raise ValueError(
            f"classes: the column {name!r} of {table.place} has the labels {listed(others)}, which are not among the classes "
            f"{listed(classes)}; add them to --classes, or name another column with --data.label_column"
        )
    return texts, labels


def _labels(found: list[Any], texts: list[str], table: Table, form: Form, classes: list[str]) -> list[str | None]:
    """The labels in what was read of a column; tags in another scheme than IOB2 are told."""
    task = task_class(form.task)
    cells, remarks = task.mend(found, table.where)
    show(*(f"warning: {remark}" for remark in remarks))
    for row, (cell, own) in enumerate(zip(cells, texts, strict=True)):
        if cell is not None:
            task.refuse_misfit(own, cell, table.where(row))
    labels = [None if cell is None else form.of_cell(cell) for cell in cells]
    return [form.match(label, classes) if form.of_marks and label is not None else label for label in labels]


def _write(folder: Path, settings: Settings, pool: Pool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"campaign: {folder} is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        if is_campaign(folder):
            raise ValueError(f"campaign: {folder} holds a campaign already; give another folder, {HOW_TO_OPEN}")
        write_campaign(folder, settings, pool)


def _tell(pool: Pool, folder: Path, backbone: str | None, form: Form) -> None:
    counts = Counter(pool.splits)
    labelled = sum(label is not None for label in pool.labels)
    show(
        f"campaign: {folder}, {len(pool)} texts, {labelled} of them with a label; never asked: {counts['repeated']} repeated, "
        f"{counts['blank']} blank",
        f"random samples: {counts['validation']} texts for validation, {counts['test']} for a test set",
        f"first texts: chosen to cover the pool, by {'the encoder ' + backbone if backbone else 'tf-idf vectors'}",
        f"next: python -m alft ask {shlex.quote(str(folder))} --count 50 --to ask{form.ending}",
    )
