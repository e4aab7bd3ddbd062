"""A LightningModule whose gradients are clipped with a fused optimizer, too."""

from lightning import LightningModule
from torch import nn
from torch.optim import Optimizer


class ClippingModule(LightningModule):
    """Clips as Lightning does, which refuses fused optimizers in bf16, although they have no gradients to unscale there."""

    def configure_gradient_clipping(
        self, optimizer: Optimizer, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clip the gradients of one step by ``trainer.gradient_clip_val``."""
        if not optimizer.defaults.get("fused"):
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
        elif gradient_clip_val:
            clip = nn.utils.clip_grad_value_ if gradient_clip_algorithm == "value" else nn.utils.clip_grad_norm_
            clip([weight for group in optimizer.param_groups for weight in group["params"]], gradient_clip_val)
