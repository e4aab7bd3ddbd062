"""``python -m alft adapt``: continued masked-language-model training of an encoder on texts without labels."""

import shlex
from pathlib import Path

from alft.adapt.place import Place
from alft.adapt.run import Machine, Settings, adapt
from alft.adapt.texts import Reading, gather
from alft.cli.parser import SentenceParser
from alft.system.quiet import quieten
from alft.system.signals import Stopped
from alft.system.terminal import show

TEXTS = "Texts: .txt files of one text per line; CSV, TSV, JSONL, JSON or Parquet files; data sets as data.source takes them."


def run(parser: SentenceParser, args: list[str]) -> None:
    """Adapt an encoder to texts."""
    quieten()
    _add_arguments(parser)
    given = parser.parse_args(args)
    settings = Settings(
        given.model.backbone,
        given.trainer.max_epochs,
        given.model.lr,
        given.data.batch_size,
        given.data.max_length,
        given.seed_everything,
        given.trainer.precision,
        given.keep,
    )
    place = Place(Path(given.output).expanduser(), given.force)
    place.check(settings.backbone)
    gathered = gather(given.texts, given.exclude, given.include_evaluation, Reading(given.data.text_column, given.data.quotes))
    machine = Machine(given.trainer.accelerator, given.trainer.enable_progress_bar)
    try:
        perplexity = adapt(gathered, place, settings, machine, shlex.join(["python", "-m", "alft", "adapt", *args]))
    except Stopped as stop:
        stop.add_note("what was begun goes on after its last whole epoch when the same command is given again")
        raise
    show(f"perplexity: {perplexity}", f"model: {place.folder}")


def _add_arguments(parser: SentenceParser) -> None:
    parser.add_argument("texts", type=str, nargs="+", help=TEXTS)
    parser.add_argument("--model.backbone", type=str, required=True, help="Encoder to adapt: a folder or a hub id.")
    parser.add_argument("--output", type=str, required=True, help="Folder to write, for --model.backbone of fit.")
    parser.add_argument(
        "--exclude",
        type=str,
        nargs="+",
        default=[],
        help="Data sets whose validation and test texts are left out; of one file all texts are.",
    )
    parser.add_argument(
        "--include_evaluation", action="store_true", help="Take the validation and test texts of labelled data sets, too."
    )
    parser.add_argument("--data.text_column", type=str | None, help="Column with the texts, if it has no well-known name.")
    parser.add_argument("--data.quotes", type=bool, default=True, help="Whether double quotes delimit cells of CSV and TSV.")
    parser.add_argument("--data.max_length", type=int, default=128, help="Tokens per text; longer ones are cut.")
    parser.add_argument("--data.batch_size", type=int, default=32, help="Texts per step.")
    parser.add_argument(
        "--model.lr", type=float, default=1e-4, help="Peak learning rate, after a warm-up of 10 % of the steps."
    )
    parser.add_argument(
        "--keep",
        type=float,
        default=0.0,
        help="Weight of a term that keeps the mean token vectors of texts where they were; 0 for none.",
    )
    parser.add_argument("--seed_everything", type=int, default=0, help="Seed of masks, order, dropout and held-out texts.")
    parser.add_argument("--trainer.max_epochs", type=int, default=1, help="Passes over the texts.")
    parser.add_argument("--trainer.accelerator", type=str, default="auto", help="Where to compute: auto, cpu, gpu, mps.")
    parser.add_argument("--trainer.precision", type=str, default="32-true", help="32-true, bf16-mixed or 16-mixed.")
    parser.add_argument("--trainer.enable_progress_bar", type=bool, default=True, help="Whether to show a progress bar.")
    parser.add_argument("--force", action="store_true", help="Replace an earlier result of adapt.")
