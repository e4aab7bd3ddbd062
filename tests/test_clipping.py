"""Gradients are clipped as Lightning clips them, with the fused optimizer, too."""

import pytest
import torch
from lightning import Trainer
from torch import nn
from torch.utils.data import DataLoader

from alft.models.clipping import ClippingModule

from .conftest import Fit


class Line(ClippingModule):
    """A linear layer with steep gradients, which keeps what the optimizer sees of them."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.fused, self.seen = nn.Linear(8, 1), fused, []

    def training_step(self, batch, batch_idx):
        return 1000 * self.layer(batch).square().mean()

    def optimizer_step(self, epoch, batch_idx, optimizer, closure):
        super().optimizer_step(epoch, batch_idx, optimizer, closure)
        self.seen.append(torch.cat([weight.grad.flatten() for weight in self.parameters()]))

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=0.1, fused=self.fused)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize(("value", "algorithm"), [(0.5, "norm"), (0.1, "value"), (None, "norm")])
def test_a_fused_optimizer_sees_what_lightning_would_give_another(tmp_path, precision, value, algorithm):
    seen = []
    for fused in (False, True):
        model = Line(fused)
        quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
        trainer = Trainer(
            accelerator="cpu",
            max_steps=3,
            precision=precision,
            gradient_clip_val=value,
            gradient_clip_algorithm=algorithm,
            default_root_dir=tmp_path,
            **quiet,
        )
        trainer.fit(model, DataLoader(torch.randn(12, 8, generator=torch.Generator().manual_seed(1)), batch_size=4))
        seen.append(torch.stack(model.seen))
    torch.testing.assert_close(seen[1], seen[0], rtol=1e-3, atol=1e-4)
    limits = {"norm": seen[1].norm(dim=1), "value": seen[1].abs().amax(1)}[algorithm]
    assert bool((limits <= value + 1e-5).all()) if value else bool((limits > 10).all())


def test_a_run_on_a_cpu_is_clipped_in_bf16(fit: Fit):
    run = fit("--trainer.precision", "bf16-mixed", "--trainer.gradient_clip_val", "1e-12", "--model.weight_decay", "0")
    loaded = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    assert loaded["optimizer_states"][0]["param_groups"][0]["fused"] is True
    moments = [state["exp_avg"].norm() for state in loaded["optimizer_states"][0]["state"].values()]
    assert max(moments) <= 1e-12
