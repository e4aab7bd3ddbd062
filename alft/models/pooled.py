"""A sequence classifier of transformers with a head of alft: an encoder, a pooling, an optional norm, a linear layer."""

from typing import Any, ClassVar

from torch import Tensor, nn
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.utils.generic import ModelOutput

from alft.models.own_head import OwnHead


class PooledClassifier(OwnHead):  # type: ignore[no-untyped-call]
    """Token vectors -> one vector per text -> optional layer norm -> features of the head -> dropout -> linear layer."""

    output_class: ClassVar[type[ModelOutput]] = SequenceClassifierOutput

    def add_layers(self, size: int) -> None:
        """The norm."""
        self.text_norm = nn.LayerNorm(size) if self.head.norm else nn.Identity()

    def features_of(self, output: Any, input_ids: Tensor, mask_BL: Tensor) -> Tensor:
        """Features of the head (B, F)."""
        hidden_BLD: Tensor = output.last_hidden_state
        vector_BD = self.text_norm(self.head.pool(hidden_BLD, mask_BL).to(hidden_BLD.dtype))
        features_BF: Tensor = self.head.features(vector_BD, input_ids, mask_BL)
        return features_BF
