"""Restores a Classifier from a checkpoint."""

from alft.models.classifier import Classifier
from alft.models.epinet import Epinet
from alft.models.lora import Lora
from alft.record.checkpoints import Checkpoint


def load_classifier(checkpoint: Checkpoint, backbone: str | None = None) -> Classifier:
    """The model of a checkpoint, in eval mode and float32.

    Args:
        checkpoint: As read.
        backbone: Current location of the pretrained encoder, if it has moved. Its weights are replaced.

    Raises:
        ValueError: The backbone cannot be loaded or has another architecture.
    """
    settings = {name: value for name, value in checkpoint["hyper_parameters"].items() if not name.startswith("_")}
    for name, kind in {"lora": Lora, "epinet": Epinet}.items():
        settings[name] = None if settings[name] is None else kind(**settings[name])
    model = Classifier(**settings | ({"backbone": backbone} if backbone else {}))
    try:
        model.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        place = model.hparams["backbone"]
        raise ValueError(f"model.backbone: {place} is not of the architecture that the checkpoint was trained with") from error
    return model.eval()
