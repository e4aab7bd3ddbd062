"""Restores a Classifier from a checkpoint."""

from collections.abc import Mapping

from torch import Tensor

from alft.models.beginning import arguments_of
from alft.models.classifier import Classifier
from alft.record.checkpoints import Checkpoint


def load_classifier(checkpoint: Checkpoint, backbone: str | None = None) -> Classifier:
    """The model of a checkpoint, in eval mode and float32.

    Args:
        checkpoint: As read.
        backbone: Current location of the pretrained encoder, if it has moved. Its weights are replaced.

    Raises:
        ValueError: The backbone cannot be loaded or has another architecture.
    """
    settings = arguments_of(checkpoint["hyper_parameters"])
    model = Classifier(**settings | ({"backbone": backbone} if backbone else {}))
    refuse_other_architecture(model, checkpoint)
    model.load_state_dict(checkpoint["state_dict"])
    return model.eval()


def refuse_other_architecture(model: Classifier, checkpoint: Checkpoint) -> None:
    """Refuse a model whose weights have other names or shapes than those of a checkpoint.

    Raises:
        ValueError: They differ; the message gives the first difference.
    """
    ours, theirs = _shapes(model.state_dict()), _shapes(checkpoint["state_dict"])
    differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    if differing:
        name = differing[0]
        raise ValueError(
            f"model.backbone: {model.hparams['backbone']} is not of the architecture that the checkpoint was trained with "
            f"({name} is of shape {ours.get(name)}, but {theirs.get(name)} in the checkpoint)"
        )


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weights.shape) for name, weights in state.items()}
