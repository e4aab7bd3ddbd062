"""Which commands need no Trainer of a run? demo, predict and export: what they take, and what they call."""

from pathlib import Path

from alft.run.demo import write_demo
from alft.run.parser import SentenceParser
from alft.use.export import Target, Trained, export
from alft.use.origin import facts_of, validation_of
from alft.use.output import refuse_output
from alft.use.predict import Reader, predict_file
from alft.use.restore import load_classifier, read_checkpoint, reading_of

CKPT_PATH = "Checkpoint of a run, such as runs/maltese/version_0/checkpoints/last.ckpt."
BACKBONE = "Where the pretrained encoder lies now, if it was moved after training."


def demo(parser: SentenceParser, args: list[str]) -> None:
    """Write the demo texts."""
    parser.add_argument("folder", type=str, help="Where to write train.csv, validation.csv and test.csv.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the generator.")
    settings = parser.parse_args(args)
    paths = write_demo(Path(settings.folder), settings.seed)
    print("demo texts:", ", ".join(str(path) for path in paths))


def predict(parser: SentenceParser, args: list[str]) -> None:
    """Predict the rows of a file."""
    formats = "CSV, TSV, JSONL or Parquet"
    parser.add_argument("--ckpt_path", type=str, required=True, help=CKPT_PATH)
    parser.add_argument("--data.predict", type=str, required=True, help=f"File with texts: {formats}. No labels are needed.")
    parser.add_argument("--output", type=str, required=True, help=f"File to write, {formats}: the same rows and more columns.")
    parser.add_argument(
        "--data.text_column",
        type=str | None,
        help="Column with the texts; by default that of the training, or else one with a well-known name.",
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
    refuse_output(output, settings.force)
    reader = Reader.of(read_checkpoint(settings.ckpt_path), settings.model.backbone)
    outcome = predict_file(reader, source, output, settings.data.text_column, settings.trainer.accelerator)
    print(f"predictions: {output} (texts of the column {outcome.column!r})")
    if outcome.cut:
        print(f"texts longer than {reader.max_length} tokens, which were cut: {outcome.cut}")
    if outcome.blank:
        print(f"rows without text, which have no prediction: {outcome.blank}")


def export_checkpoint(parser: SentenceParser, args: list[str]) -> None:
    """Export the model of a checkpoint."""
    parser.add_argument("ckpt_path", type=str, help=CKPT_PATH)
    parser.add_argument("folder", type=str, help="Folder to write, for transformers' from_pretrained and pipeline.")
    parser.add_argument("--adapter", action="store_true", help="Write the LoRA adapter alone, as a peft folder.")
    parser.add_argument("--model.backbone", type=str | None, help=BACKBONE)
    parser.add_argument("--force", action="store_true", help="Replace an earlier export.")
    settings = parser.parse_args(args)
    path, target = Path(settings.ckpt_path), Target(Path(settings.folder).expanduser(), settings.adapter, settings.force)
    checkpoint = read_checkpoint(path)
    trained_with = checkpoint["hyper_parameters"]
    backbone = settings.model.backbone or trained_with["backbone"]
    target.check(backbone, trained_with["lora"])
    model = load_classifier(checkpoint, backbone)
    validation = validation_of(path, checkpoint, backbone) if model.epinet is not None else None
    export(Trained(model, reading_of(checkpoint)["max_length"], facts_of(path, checkpoint), validation), target)
    print(f"model: {target.folder}")
