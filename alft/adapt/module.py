"""The LightningModule of an adaptation: masked language modelling, with a term that keeps the sentence vectors where they were.

Axes: B texts, L tokens, M masked tokens, V pieces, D hidden size.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from alft.adapt.masked_texts import Batch
from alft.adapt.network import MaskedNetwork
from alft.models.clipping import ClippingModule
from alft.models.optimisation import Optimisation, planned
from alft.selection.embedding import MeanTokens
from alft.selection.seeds import mix


class DivergedError(ValueError):
    """The loss is not finite, so that the same command would fail again."""


class MaskedModel(ClippingModule):
    """Trains a masked language model.

    Args:
        masked: The network.
        lr: Peak learning rate.
        seed: Seed of dropout.
        keep: Weight of the distance between the mean token vectors of the masked text now and of the text before.
        before: Perplexity before training, carried in checkpoints.
    """

    def __init__(self, masked: MaskedNetwork, lr: float, seed: int, keep: float = 0.0, before: float | None = None) -> None:
        super().__init__()
        self.masked = masked
        self.lr = lr
        self.seed = seed
        self.keep = keep
        self.before = before
        self.head_alone = False
        self.first_loss: float | None = None

    def on_train_epoch_start(self) -> None:
        """Seed dropout for this epoch, so that a resumed training draws the same."""
        self.masked.train(not self.head_alone)
        torch.manual_seed(mix(self.seed, "epoch", self.current_epoch))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy of the masked tokens, and the distance of the sentence vectors.

        Raises:
            DivergedError: The loss is not finite.
        """
        logits_MV, hidden_BLD = self.masked(batch["input_ids"], batch["attention_mask"], batch["chosen"])
        loss = cross_entropy(logits_MV.float(), batch["targets"])
        if "vectors" in batch:
            loss = loss + self.keep * drift(hidden_BLD, batch["attention_mask"], batch["vectors"])
        if not bool(loss.isfinite()):
            raise DivergedError(
                f"model.lr: the loss is not finite in epoch {self.current_epoch}, training has diverged with {self.lr:g}; "
                "train with a lower model.lr"
            )
        if self.first_loss is None:
            self.first_loss = float(loss.detach())
        self.log("train_loss", loss, on_epoch=True, on_step=False, prog_bar=True, batch_size=len(batch["targets"]))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log val_loss, the mean cross-entropy over all masked tokens of the texts held out."""
        logits_MV, _ = self.masked(batch["input_ids"], batch["attention_mask"], batch["chosen"])
        loss = cross_entropy(logits_MV.float(), batch["targets"])
        self.log("val_loss", loss, on_epoch=True, prog_bar=True, batch_size=len(batch["targets"]))

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Mean token vectors (B, D), float32."""
        hidden_BLD = self.masked.hidden(batch["input_ids"], batch["attention_mask"])
        return MeanTokens()(hidden_BLD, batch["attention_mask"])

    def train_head_alone(self, alone: bool) -> None:
        """Freeze all but the head, or nothing."""
        self.head_alone = alone
        self.masked.requires_grad_(not alone)
        for weights in self.masked.head_parameters:
            weights.requires_grad_(True)

    def configure_optimizers(self) -> Any:
        """AdamW; linear warm-up, then linear decay to 0."""
        settings = Optimisation(lr=self.lr)
        groups = settings.groups(self.masked.named_parameters(), lambda name: True)
        optimizer, scheduler = planned(groups, settings.warmup, [int(self.trainer.estimated_stepping_batches)])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the perplexity before training."""
        checkpoint["before"] = self.before

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore it."""
        self.before = checkpoint["before"]


def drift(hidden_BLD: Tensor, mask_BL: Tensor, before_BD: Tensor) -> Tensor:
    """Mean over the texts of 1 - cos(mean token vector now, mean token vector before), in [0, 2]."""
    return 1 - cosine_similarity(MeanTokens()(hidden_BLD, mask_BL), before_BD, dim=-1).mean()
