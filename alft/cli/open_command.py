"""``python -m alft open``: makes a campaign of the texts of a file."""

import shlex
from collections import Counter
from pathlib import Path

from alft.campaign.dawid_skene import check_installed
from alft.campaign.folder import HOW_TO_OPEN, Pool, Settings, is_campaign, write_campaign
from alft.campaign.journal import held
from alft.campaign.opening import Samples, make_pool
from alft.campaign.resolution import Resolve
from alft.cli.class_names import parse_classes
from alft.cli.parser import SentenceParser
from alft.data.columns import has_label_column, label_column_of, text_column_of
from alft.data.readers.files import READERS, read_file
from alft.data.readers.table import Table
from alft.data.texts import read_texts
from alft.system.excerpt import listed
from alft.system.quiet import quieten
from alft.system.terminal import progress_bar, show
from alft.task.labels import read_labels

STEPS = 4
"""Steps of the progress bar: the file is read, then its cells; ids are made; the folder is written."""


def run(parser: SentenceParser, args: list[str]) -> None:
    """Open a campaign."""
    _add_arguments(parser)
    given = parser.parse_args(args)
    source, folder = Path(given.file).expanduser(), Path(given.campaign).expanduser()
    classes = parse_classes("classes", given.classes, fewest=2)
    if given.resolve == "dawid-skene":
        check_installed()
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
        column = text_column_of(table, given.data.text_column)
        texts = read_texts(table.columns[column], table.where)
        labels = _labels(table, given.data.label_column, classes)
        progress(2, STEPS)
        pool = make_pool(texts, labels, Samples(given.validation, given.test, given.seed))
        progress(3, STEPS)
        settings = Settings(
            classes, column, str(source), "", given.seed, given.model.backbone, given.data.max_length, resolve=given.resolve
        )
        _write(folder, settings, pool)
    _tell(pool, folder, given.model.backbone)


def _add_arguments(parser: SentenceParser) -> None:
    parser.add_argument("file", type=str, help=f"File with texts: {', '.join(READERS)}. Labels in it are kept.")
    parser.add_argument("--classes", type=str, required=True, help="Names of the classes, separated by commas.")
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


def _labels(table: Table, column: str | None, classes: list[str]) -> list[str | None]:
    if not has_label_column(table, column):
        return [None] * len(table)
    name = label_column_of(table, column)
    labels = read_labels(table.columns[name], table.features.get(name), table.where)
    others = sorted({label for label in labels if label is not None} - set(classes))
    if others:
        raise ValueError(
            f"classes: the column {name!r} of {table.place} has the labels {listed(others)}, which are not among the classes "
            f"{listed(classes)}; add them to --classes, or name another column with --data.label_column"
        )
    return labels


def _write(folder: Path, settings: Settings, pool: Pool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"campaign: {folder} is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        if is_campaign(folder):
            raise ValueError(f"campaign: {folder} holds a campaign already; give another folder, {HOW_TO_OPEN}")
        write_campaign(folder, settings, pool)


def _tell(pool: Pool, folder: Path, backbone: str | None) -> None:
    counts = Counter(pool.splits)
    labelled = sum(label is not None for label in pool.labels)
    show(
        f"campaign: {folder}, {len(pool)} texts, {labelled} of them with a label; never asked: {counts['repeated']} repeated, "
        f"{counts['blank']} blank",
        f"random samples: {counts['validation']} texts for validation, {counts['test']} for a test set",
        f"first texts: chosen to cover the pool, by {'the encoder ' + backbone if backbone else 'tf-idf vectors'}",
        f"next: python -m alft ask {shlex.quote(str(folder))} --count 50 --to ask.csv",
    )
