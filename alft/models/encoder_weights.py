"""Finds weights of the encoder that were not in the files of a model: transformers draws them at random and goes on."""

from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedModel

from alft.system.excerpt import listed

OUTSIDE = ("pooler",)
"""Layers of a base model that belong to the head: most encoders come without them, and training makes them."""


def refuse_random_weights(network: PreTrainedModel, loading: Mapping[str, Any], name: str) -> None:
    """Refuse an encoder that is not, or not wholly, the pretrained one.

    Args:
        network: As loaded.
        loading: What ``from_pretrained`` returns for ``output_loading_info``.
        name: The backbone, for messages.

    Raises:
        ValueError: Weights of the encoder are missing in the files, or have another shape there.
    """
    weights = {key for key, _ in network.named_parameters() if _in_encoder(key, network.base_model_prefix)}
    other = [entry for entry in loading["mismatched_keys"] if entry[0] in weights]
    missing = sorted(set(loading["missing_keys"]) & weights)
    mend = "they would be random; give the folder of a model whose weights belong to its config.json"
    if other:
        key, found, expected = min(other)
        raise ValueError(
            f"model.backbone: {name} has {len(other)} weights of the encoder in another shape than its config.json says "
            f"({key}: {tuple(found)}, not {tuple(expected)}), so that {mend}"
        )
    if missing:
        raise ValueError(
            f"model.backbone: {name} lacks {len(missing)} of the {len(weights)} weights of the encoder "
            f"({listed(missing, most=2)}), so that {mend}"
        )


def _in_encoder(key: str, prefix: str) -> bool:
    first, *rest = key.split(".")
    return first == prefix and not set(rest) & set(OUTSIDE)
