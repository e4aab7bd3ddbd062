"""Which commands need no Trainer of a run? demo, predict and export: what they take, and what they call."""

from pathlib import Path

from alft.models.restore import load_classifier, read_checkpoint
from alft.run.demo import write_demo
from alft.run.parser import SentenceParser
from alft.use.export import Target, Trained, export
from alft.use.origin import facts_of, validation_of
from alft.use.output import refuse_existing, refuse_format
from alft.use.predict import Reader, predict_file

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
    parser.add_argument("--data.text_column", type=str | None, help="Column with the texts; by default that of the training.")
    parser.add_argument("--model.backbone", type=str | None, help=BACKBONE)
    parser.add_argument("--trainer.accelerator", type=str, default="auto", help="Where to compute: auto, cpu, gpu, mps.")
    parser.add_argument("--force", action="store_true", help="Write over the output if it is there already.")
    settings = parser.parse_args(args)
    source, output = Path(settings.data.predict).expanduser(), Path(settings.output).expanduser()
    if not source.is_file():
        raise ValueError(f"data.predict: no such file: {settings.data.predict}")
    refuse_format(output, "output")
    if output.resolve() == source.resolve():
        raise ValueError(f"output must differ from data.predict, both are {output}")
    refuse_existing(output, settings.force, "output")
    reader = Reader.load(settings.ckpt_path, settings.model.backbone)
    blank = predict_file(reader, source, output, settings.data.text_column, settings.trainer.accelerator)
    print(f"predictions: {output}" + (f" ({blank} rows without text have none)" if blank else ""))


def export_checkpoint(parser: SentenceParser, args: list[str]) -> None:
    """Export the model of a checkpoint."""
    parser.add_argument("ckpt_path", type=str, help=CKPT_PATH)
    parser.add_argument("folder", type=str, help="Folder to write, for transformers' from_pretrained and pipeline.")
    parser.add_argument("--adapter", action="store_true", help="Write the LoRA adapter alone, as a peft folder.")
    parser.add_argument("--model.backbone", type=str | None, help=BACKBONE)
    parser.add_argument("--force", action="store_true", help="Replace the folder if it holds a model already.")
    settings = parser.parse_args(args)
    path, target = Path(settings.ckpt_path), Target(Path(settings.folder).expanduser(), settings.adapter, settings.force)
    checkpoint = read_checkpoint(path)
    hyperparameters = checkpoint["hyper_parameters"]
    target.check(hyperparameters)
    backbone = settings.model.backbone or hyperparameters["backbone"]
    model = load_classifier(path, settings.model.backbone)
    validation = validation_of(path, checkpoint, backbone) if model.epinet is not None else None
    export(Trained(model, checkpoint["TextPool"]["max_length"], facts_of(path, checkpoint), validation), target)
    print(f"model: {target.folder}")
