"""A sequence classifier of transformers with a head of alft: an encoder, a pooling, an optional norm, a linear layer."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import SequenceClassifierOutput

from alft.models.own_head import OwnHead


class PooledClassifier(OwnHead):  # type: ignore[no-untyped-call]
    """Token vectors -> one vector per text -> optional layer norm -> features of the head -> dropout -> linear layer."""

    def add_layers(self, size: int) -> None:
        """The norm."""
        self.text_norm = nn.LayerNorm(size) if self.head.norm else nn.Identity()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Logits (B, C), and the hidden states (B, L, D) of all layers if asked.

        ``token_type_ids`` is for pairs of texts and not used; tokenizers pass it along.
        """
        mask_BL = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        output = self.encoder(input_ids=input_ids, attention_mask=mask_BL, output_hidden_states=output_hidden_states)
        hidden_BLD: Tensor = output.last_hidden_state
        vector_BD = self.text_norm(self.head.pool(hidden_BLD, mask_BL).to(hidden_BLD.dtype))
        features_BF = self.head.features(vector_BD, input_ids, mask_BL)
        states = output.hidden_states if output_hidden_states else None
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(features_BF)), hidden_states=states)
