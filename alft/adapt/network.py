"""Loads a masked language model for an encoder, with what it lacks: a mask token, a language-model head (axes: B, L, D, V)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoConfig, AutoModel, AutoModelForMaskedLM, PreTrainedTokenizerBase

from alft.adapt.unpacked import encoder_folder
from alft.data.tokens import load_tokenizer
from alft.models.backbone import load_pretrained, locate
from alft.models.encoder_weights import refuse_random_weights
from alft.models.model_folder import refuse_no_weights
from alft.selection.seeds import mix
from alft.system.excerpt import first_line, listed

HEADS = ("cls", "lm_head", "predictions")
"""Names under which language-model heads turn hidden states into logits; used where they do so exactly."""


class MaskedNetwork(nn.Module):
    """A masked language model that computes logits only where they are needed, if its architecture allows.

    Args:
        network: A model of ``AutoModelForMaskedLM``.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.head: str | None = None
        self.head = next((name for name in HEADS if hasattr(network, name) and self._is_exact(name)), None)

    def forward(self, input_ids_BL: Tensor, mask_BL: Tensor, chosen_BL: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the chosen tokens (M, V), and the last hidden states of all (B, L, D)."""
        if self.head is None:
            output = self.network(input_ids=input_ids_BL, attention_mask=mask_BL, output_hidden_states=True)
            return output.logits[chosen_BL], output.hidden_states[-1]
        hidden_BLD = self.hidden(input_ids_BL, mask_BL)
        return getattr(self.network, self.head)(hidden_BLD[chosen_BL]), hidden_BLD

    def hidden(self, input_ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        """Last hidden states of the encoder (B, L, D)."""
        hidden_BLD: Tensor = self.network.base_model(input_ids=input_ids_BL, attention_mask=mask_BL)[0]
        return hidden_BLD

    @property
    def head_parameters(self) -> list[nn.Parameter]:
        """Weights of the head alone: not those of the encoder, nor of the embeddings that it shares."""
        prefix = f"{self.network.base_model_prefix}."
        return [weights for name, weights in self.network.named_parameters() if not name.startswith(prefix)]

    def _is_exact(self, name: str) -> bool:
        ids_BL = torch.arange(4).unsqueeze(0)
        mask_BL = torch.ones_like(ids_BL)
        with torch.no_grad():
            try:
                here = getattr(self.network, name)(self.hidden(ids_BL, mask_BL)[mask_BL.bool()])
                whole = self.network(input_ids=ids_BL, attention_mask=mask_BL).logits[0]
            except Exception:  # of whatever kind: then the head is no function of hidden states
                return False
        return here.shape == whole.shape and bool(torch.allclose(here, whole, atol=1e-4))


@dataclass(frozen=True)
class Loaded:
    """What is adapted.

    Attributes:
        network: The masked language model, in evaluation mode.
        tokenizer: Its tokenizer, with a mask token.
        has_new_head: Whether the model came without a language-model head, so that one was drawn.
        beside: Weights of the encoder that the masked language model has no use for, such as a pooler, by full name.
        remarks: What was added, one sentence each.
    """

    network: MaskedNetwork
    tokenizer: PreTrainedTokenizerBase
    has_new_head: bool
    beside: dict[str, Tensor]
    remarks: list[str] = field(default_factory=list)


def load(backbone: str, max_length: int, seed: int) -> Loaded:
    """Load encoder and tokenizer, and add what is missing.

    Args:
        backbone: The setting ``model.backbone``.
        max_length: Tokens per text.
        seed: Seed of the weights of a new head.

    Raises:
        ValueError: There is no masked language model for this encoder, or it cannot be loaded.
    """
    with encoder_folder(backbone) as encoder:
        return _loaded(backbone, encoder, max_length, seed)


def _loaded(backbone: str, encoder: str, max_length: int, seed: int) -> Loaded:
    name = listed([backbone])
    config = load_pretrained(AutoConfig, encoder)
    if type(config) not in MODEL_FOR_MASKED_LM_MAPPING or getattr(config, "is_encoder_decoder", False):
        raise ValueError(
            f"model.backbone: {name} is of the type {config.model_type}, which has no masked language model in transformers; "
            "adapt an encoder such as xlm-roberta-base"
        )
    tokenizer = load_tokenizer(backbone, max_length)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(mix(seed, "head"))
        network, has_new_head = _masked_model(encoder, name)
        remarks = _add_mask_token(network, tokenizer)
    highest, rows = max(tokenizer.get_vocab().values()), len(network.get_input_embeddings().weight)
    if highest >= rows:
        raise ValueError(
            f"model.backbone: the tokenizer of {name} has token numbers up to {highest}, the model only up to {rows - 1}; "
            "give a folder in which they belong together"
        )
    _forget_classes(network.config)
    if has_new_head:
        remarks.append("the encoder has no language-model head: a new one is trained alone before the measurement")
    try:
        return Loaded(MaskedNetwork(network.eval()), tokenizer, has_new_head, _beside(network, encoder), remarks)
    except RuntimeError as error:
        raise ValueError(f"model.backbone: {name} cannot be adapted ({first_line(error)}); choose another encoder") from error


def _masked_model(backbone: str, name: str) -> tuple[Any, bool]:
    place = Path(locate(backbone))
    from_hub = not place.is_dir()
    if not from_hub:
        refuse_no_weights(place)
    options = {"use_safetensors": True if from_hub else None, "dtype": torch.float32, "output_loading_info": True}
    network, loading = load_pretrained(AutoModelForMaskedLM, backbone, **options)
    refuse_random_weights(network, loading, name)
    prefix = f"{network.base_model_prefix}."
    return network, any(not key.startswith(prefix) for key in loading["missing_keys"])


def _add_mask_token(network: Any, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Add a mask token where there is none; its embedding is the mean of all."""
    if tokenizer.mask_token_id is not None:
        return []
    known, token = set(tokenizer.get_vocab()), "<mask>" if "<" in str(tokenizer.pad_token) else "[MASK]"
    tokenizer.add_special_tokens({"mask_token": token})
    number = int(tokenizer.convert_tokens_to_ids(token))  # type: ignore[arg-type]  # one token has one number
    weights_VD = network.get_input_embeddings().weight.detach()
    if token in known and number < len(weights_VD):
        return [f"the tokenizer names no mask token: {token} of its vocabulary is used"]
    if number >= len(weights_VD):
        network.resize_token_embeddings(number + 1, mean_resizing=False)
    with torch.no_grad():
        network.get_input_embeddings().weight[number] = weights_VD.mean(0)
    return [f"the tokenizer has no mask token: {token} was added, its embedding is the mean of the others"]


def _forget_classes(config: Any) -> None:
    """Remove what an exported classifier says of its classes: the adapted encoder has none."""
    config.num_labels = 2  # the default, of which transformers writes nothing
    config.problem_type = None


def _beside(network: Any, backbone: str) -> dict[str, Tensor]:
    """Pretrained weights of the encoder alone that the masked language model leaves out."""
    encoder, loading = load_pretrained(AutoModel, backbone, dtype=torch.float32, output_loading_info=True)
    drawn, used = set(loading["missing_keys"]), set(network.base_model.state_dict())
    state: Mapping[str, Tensor] = encoder.state_dict()
    return {f"{network.base_model_prefix}.{key}": state[key] for key in state if key not in used | drawn}
