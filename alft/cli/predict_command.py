"""``python -m alft predict``: the rows of a file with predictions added."""

from pathlib import Path

from alft.cli.checkpoint_arguments import BACKBONE, CKPT_PATH
from alft.cli.parser import SentenceParser
from alft.data.readers.files import READERS
from alft.record.checkpoints import read_checkpoint
from alft.system.output import refuse_output
from alft.system.quiet import quieten
from alft.system.visible import visible
from alft.use.predict import Predictor, predict_file


def run(parser: SentenceParser, args: list[str]) -> None:
    """Predict the labels of the rows of a file."""
    quieten()
    formats = "CSV, TSV, JSONL, Parquet or CoNLL"
    parser.add_argument("--ckpt_path", type=str, required=True, help=CKPT_PATH)
    parser.add_argument("--data.predict", type=str, required=True, help=f"File with texts: {formats}. No labels are needed.")
    parser.add_argument("--output", type=str, required=True, help=f"File to write, {formats}: the same rows and more columns.")
    parser.add_argument(
        "--data.text_column",
        type=str | None,
        help="Column with the texts; by default that of the training, or else one with a well-known name.",
    )
    parser.add_argument(
        "--data.quotes", type=bool, default=True, help="Whether double quotes delimit cells of CSV and TSV files."
    )
    parser.add_argument("--model.backbone", type=str | None, help=BACKBONE)
    parser.add_argument("--trainer.accelerator", type=str, default="auto", help="Where to compute: auto, cpu, gpu, mps.")
    parser.add_argument("--force", action="store_true", help="Write over the output if it is there already.")
    settings = parser.parse_args(args)
    source, output = Path(settings.data.predict).expanduser(), Path(settings.output).expanduser()
    if not source.is_file():
        raise ValueError(f"data.predict: no such file: {settings.data.predict}")
    if output.resolve() == source.resolve():
        raise ValueError(f"output must differ from data.predict, both are {output}")
    refuse_output(output, settings.force, READERS)
    predictor = Predictor.of(read_checkpoint(settings.ckpt_path), settings.model.backbone)
    outcome = predict_file(
        predictor, source, output, settings.data.text_column, settings.trainer.accelerator, settings.data.quotes
    )
    print(f"predictions: {output} (texts of the column {outcome.column!r})")
    for remark in outcome.remarks:
        print(f"  - {visible(remark)}")
    if outcome.cut:
        print(f"texts longer than {predictor.max_length} tokens, which were cut: {outcome.cut}")
    if outcome.blank:
        print(f"rows without text, which have no prediction: {outcome.blank}")
