"""``python -m alft export``: the model of a checkpoint as a Hugging Face folder."""

from pathlib import Path

from alft.cli.checkpoint_arguments import BACKBONE, CKPT_PATH, FORMAT
from alft.cli.parser import SentenceParser
from alft.models.head import recorded, restored
from alft.record.checkpoints import read_checkpoint, reading_of
from alft.system.quiet import quieten
from alft.use.export import TrainedModel, export
from alft.use.origin import provenance_of, validation_of
from alft.use.restore import load_classifier
from alft.use.target import ExportTarget, asked_format


def run(parser: SentenceParser, args: list[str]) -> None:
    """Export the model of a checkpoint."""
    quieten()
    parser.add_argument("ckpt_path", type=str, help=CKPT_PATH)
    parser.add_argument("folder", type=str, help="Folder to write.")
    parser.add_argument("--format", type=str | None, help=FORMAT)
    parser.add_argument("--adapter", action="store_true", help="The same as --format adapter.")
    parser.add_argument("--model.backbone", type=str | None, help=BACKBONE)
    parser.add_argument("--force", action="store_true", help="Replace an earlier export.")
    settings = parser.parse_args(args)
    kind = asked_format(settings.format, settings.adapter)
    target = ExportTarget(Path(settings.folder).expanduser(), kind, settings.force)
    export_checkpoint(Path(settings.ckpt_path), target, settings.model.backbone)


def export_checkpoint(path: Path, target: ExportTarget, moved_backbone: str | None = None) -> None:
    """Export the model of a checkpoint, and tell where it is.

    Args:
        path: The checkpoint.
        target: Target and options.
        moved_backbone: Where the pretrained encoder lies now, if it was moved after training.
    """
    checkpoint = read_checkpoint(path)
    trained_with = checkpoint["hyper_parameters"]
    backbone = moved_backbone or trained_with["backbone"]
    target.check(backbone, trained_with["lora"], recorded(restored(trained_with.get("head")))["class_path"])
    model = load_classifier(checkpoint, backbone)
    validation = validation_of(path, checkpoint, backbone) if model.epinet is not None else None
    export(TrainedModel(model, reading_of(checkpoint)["max_length"], provenance_of(path, checkpoint), validation), target)
    print(f"model: {target.folder}")
