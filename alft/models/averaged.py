"""A LightningModule whose measured weights may be a moving average of those that are trained."""

from typing import Any

import torch

from alft.models.average import Average
from alft.models.clipping import ClippingModule

TRAINED = "trained_weights"
"""Entry of a checkpoint whose ``state_dict`` is the average: the weights that training goes on from."""


class AveragedModule(ClippingModule):
    """Holds the average from a validation until the next training step: through selection, checkpoint, test and export."""

    average: Average | None = None

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Go on with the weights in training."""
        if self.average is not None:
            self.average.take_out()

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Take in the weights, if this batch ended an optimizer step."""
        step = self.trainer.global_step
        if self.average is not None and step > self.average.step:
            self.average.update(step)

    def on_validation_start(self) -> None:
        """Measure the average."""
        if self.average is not None:
            self.average.put_in()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the weights in training."""
        if self.average is not None:
            checkpoint[TRAINED] = self.average.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore them; an evaluation needs only the average."""
        if self.average is not None:
            self.average.restore(checkpoint.get(TRAINED), checkpoint["state_dict"], checkpoint["global_step"])

    def on_fit_start(self) -> None:
        """Refuse weights in which a small step of an average would be lost."""
        if self.average is not None and any(weight.dtype != torch.float32 for weight in self.parameters()):
            raise ValueError("model.ema needs weights in float32: use trainer.precision bf16-mixed, or leave it out")
