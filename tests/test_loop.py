"""The loop inside Lightning: scoring without side effects, planned steps, refused settings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from lightning import Callback, Trainer, seed_everything
from lightning.pytorch.callbacks import EarlyStopping, GradientAccumulationScheduler
from torch import Tensor

from alft.data.pool import TextPool
from alft.fit.journal import Journal
from alft.loop.active import ActiveLearning
from alft.loop.scoring import score_pool
from alft.models.classifier import Classifier
from alft.models.lora import Lora
from alft.selection.acquisition import Bald
from alft.selection.budget import Constant, Full, Linear
from alft.selection.chunks import make_chunks
from alft.selection.clustering import Whole
from alft.selection.embedding import MeanTokens
from alft.selection.seeds import generator
from alft.selection.ward import Ward
from alft.system.undisturbed import undisturbed


def train(
    tiny_bert: Path,
    tiny_data: Path,
    active: ActiveLearning,
    callbacks: Sequence[Callback] = (),
    epochs: int = 3,
    **trainer: object,
) -> SimpleNamespace:
    """Wire the parts together in Python, as a notebook would, and fit."""
    seed_everything(0)
    data = TextPool(source=str(tiny_data), tokenizer=str(tiny_bert), batch_size=8, max_length=32)
    model = Classifier(str(tiny_bert), data.label_names, lr=1e-3, lora=trainer.pop("lora", None))
    settings = {
        "max_epochs": epochs,
        "reload_dataloaders_every_n_epochs": 1,
        "num_sanity_val_steps": 0,
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    callbacks = [Journal(0.0), active, *callbacks, *trainer.pop("callbacks", [])]
    fitter = Trainer(callbacks=callbacks, **{**settings, **trainer})
    fitter.fit(model, datamodule=data)
    return SimpleNamespace(trainer=fitter, model=model, data=data)


@pytest.fixture
def parts(tiny_bert, tiny_data):
    return tiny_bert, tiny_data


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
class TestFit:
    def test_scoring_is_invisible(self, parts):
        """A full budget with the pool scored at every hook trains bit for bit as one that is never scored."""

        class Scorer(Callback):
            def on_fit_start(self, trainer, pl_module):
                score_pool(trainer, pl_module, trainer.datamodule, passes=3, embedding=MeanTokens(), seed=7)

            on_train_epoch_start = on_train_epoch_end = on_validation_end = on_fit_start

        active = ActiveLearning(budget=Full(), cluster=Whole())
        plain, scored = train(*parts, active), train(*parts, active, [Scorer()])
        for (name, one), other in zip(plain.model.state_dict().items(), scored.model.state_dict().values(), strict=True):
            assert torch.equal(one, other), name

    @pytest.mark.parametrize(
        "budget", [Linear(1.0, 0.3), Linear(0.2, 0.9), Constant(0.1)], ids=["falling", "rising", "constant"]
    )
    @pytest.mark.parametrize("accumulate", [1, 3])
    def test_planned_steps_are_taken_and_the_rate_ends_at_zero(self, parts, budget, accumulate):
        class Watcher(Callback):
            validations, rows = 0, 0

            def on_validation_end(self, trainer, pl_module):
                self.validations += 1

            def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
                self.rows += len(batch["labels"])

        watcher = Watcher()
        run = train(*parts, ActiveLearning(budget=budget, cluster=Ward(4)), [watcher], 4, accumulate_grad_batches=accumulate)
        assert run.trainer.global_step == sum(run.data.steps.planned())
        assert watcher.rows == sum(run.data.plan.sizes)
        assert watcher.validations == 4
        assert run.trainer.optimizers[0].param_groups[0]["lr"] == 0

    def test_decay_over_the_pool_never_reaches_zero(self, parts):
        class PoolDecay(Callback):
            def setup(self, trainer, pl_module, stage):
                pl_module.optimisation = replace(pl_module.optimisation, decay="pool")

        run = train(*parts, ActiveLearning(budget=Constant(0.5), cluster=Whole()), [PoolDecay()])
        assert sum(run.data.steps.planned(whole_pool=True)) == 3 * 8  # 64 rows, 8 a batch
        assert run.trainer.global_step == 3 * 4
        assert run.trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(1e-3 * (24 - 12) / (24 - 2))

    @pytest.mark.parametrize("lora", [None, Lora()])
    def test_every_module_is_in_train_mode_when_training_starts(self, parts, lora):
        class ModeWatcher(Callback):
            eval_modules = None

            def on_train_start(self, trainer, pl_module):
                self.eval_modules = [name for name, module in pl_module.named_modules() if not module.training]

            def on_train_epoch_start(self, trainer, pl_module):
                assert not [name for name, module in pl_module.named_modules() if not module.training]

        watcher = ModeWatcher()
        active = ActiveLearning(budget=Constant(0.5), acquire=Bald(2), cluster=Ward(3), recluster="every_epoch")
        train(*parts, active, [watcher], epochs=2, lora=lora)
        assert watcher.eval_modules == []

    def test_weight_decay_is_for_matrices_only(self, parts):
        run = train(*parts, ActiveLearning(budget=Full(), cluster=Whole()), epochs=1)
        decayed, spared = run.trainer.optimizers[0].param_groups
        assert decayed["weight_decay"] == 0.01
        assert spared["weight_decay"] == 0
        assert all(parameter.ndim >= 2 for parameter in decayed["params"])
        assert all(parameter.ndim < 2 for parameter in spared["params"])
        assert len(decayed["params"]) + len(spared["params"]) == len(list(run.model.parameters()))

    def test_scores_do_not_depend_on_the_batches(self, parts):
        run = train(*parts, ActiveLearning(budget=Full(), cluster=Whole()), epochs=1)
        scores = score_pool(run.trainer, run.model, run.data, embedding=MeanTokens())
        with torch.no_grad():
            run.model.eval()
            for row in range(len(run.data.lengths)):
                probs = run.model(run.data.pool_batch([row]))[0].softmax(-1)
                torch.testing.assert_close(scores.probs_KNC[0, row], probs, atol=1e-5, rtol=0)
        assert scores.embeddings_ND.shape == (64, 32)
        assert (scores.embeddings_ND.norm(dim=1) > 0).all()

    @pytest.mark.parametrize("passes", [0, 2, 5])
    def test_as_many_draws_are_made_as_asked_for(self, parts, passes):
        run = train(*parts, ActiveLearning(budget=Full(), cluster=Whole()), epochs=1)
        probs_KNC = score_pool(run.trainer, run.model, run.data, passes=passes, seed=1).probs_KNC
        assert len(probs_KNC) == max(1, passes)
        assert len(torch.unique(probs_KNC[:, 0, 0])) == max(1, passes), "no draw is made twice"

    def test_bf16_scoring_stays_near_float32(self, parts):
        run = train(*parts, ActiveLearning(budget=Full(), cluster=Whole()), epochs=1)
        exact, rough = (score_pool(run.trainer, run.model, run.data, precision=p) for p in ("float32", "bf16"))
        assert rough.probs_KNC.dtype == torch.float32
        assert not torch.equal(exact.probs_KNC, rough.probs_KNC)
        torch.testing.assert_close(rough.probs_KNC, exact.probs_KNC, atol=0.02, rtol=0)

    @pytest.mark.parametrize("at_train_epoch_end", [True, False])
    def test_early_stopping_buys_no_set_that_is_not_trained_on(self, parts, at_train_epoch_end):
        stop = EarlyStopping("val_f1_macro", mode="max", min_delta=2.0, patience=1, check_on_train_epoch_end=at_train_epoch_end)
        run = train(*parts, ActiveLearning(budget=Constant(0.2), mode="unseen", cluster=Whole()), [stop], epochs=4)
        assert run.trainer.current_epoch == 2
        assert sorted(run.data.ledger.selections) == [0, 1]
        assert run.data.ledger.bought == 26  # twice floor(0.2 * 64 + 0.5)

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"reload_dataloaders_every_n_epochs": 0}, r"trainer\.reload_dataloaders_every_n_epochs: must be 1.* got 0"),
            ({"max_epochs": -1}, r"trainer\.max_epochs: must be given and at least 1.* got -1"),
            ({"max_steps": 5}, r"trainer\.max_steps: cannot be used"),
            ({"check_val_every_n_epoch": 2}, r"trainer\.check_val_every_n_epoch: must be 1"),
            ({"val_check_interval": 0.5}, r"trainer\.val_check_interval: must be 1"),
            ({"callbacks": [GradientAccumulationScheduler({1: 2})]}, r"trainer\.callbacks: GradientAccumulationScheduler"),
            ({"max_time": "00:01:00:00"}, r"trainer\.max_time: cannot be used"),
            ({"limit_train_batches": 0.5}, r"trainer\.limit_train_batches: cannot be used"),
            ({"limit_val_batches": 0}, r"trainer\.limit_val_batches: cannot be used"),
            ({"fast_dev_run": True}, r"trainer\.fast_dev_run: cannot be used"),
            ({"overfit_batches": 2}, r"trainer\.overfit_batches: cannot be used"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:You defined a `validation_step`.*")
    def test_settings_that_would_break_the_plan_are_refused(self, parts, settings, sentence):
        with pytest.raises(ValueError, match=sentence):
            train(*parts, ActiveLearning(), **settings)


def test_sharding_strategies_are_refused():
    from lightning.pytorch.strategies import FSDPStrategy

    from alft.loop.guards import refuse_trainer_settings

    trainer = Trainer(
        max_epochs=1,
        reload_dataloaders_every_n_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    refuse_trainer_settings(trainer)
    sharded = SimpleNamespace(**{name: getattr(trainer, name) for name in _READ}, strategy=object.__new__(FSDPStrategy))
    with pytest.raises(ValueError, match=r"trainer\.strategy: FSDP, DeepSpeed .* use ddp"):
        refuse_trainer_settings(sharded)


_READ = (
    "callbacks",
    "check_val_every_n_epoch",
    "val_check_interval",
    "reload_dataloaders_every_n_epochs",
    "max_epochs",
    "fast_dev_run",
    "max_steps",
    "limit_train_batches",
    "limit_val_batches",
    "limit_test_batches",
    "limit_predict_batches",
    "min_steps",
    "overfit_batches",
)


def test_chunks_hold_every_row_once_within_the_token_budget():
    lengths = torch.randint(3, 120, (500,), generator=generator("lengths"))
    rows = torch.arange(0, 500, 2)
    chunks = make_chunks(lengths, rows, tokens=256)
    assert sorted(torch.cat(chunks).tolist()) == rows.tolist()
    assert all(len(chunk) * int(lengths[chunk].max()) <= 256 for chunk in chunks)
    padded = sum(len(chunk) * int(lengths[chunk].max()) for chunk in chunks)
    assert int(lengths[rows].sum()) / padded > 0.9, "sorted by length, little of a chunk is padding"


def test_a_row_longer_than_the_budget_is_a_chunk_of_its_own():
    assert [c.tolist() for c in make_chunks(torch.tensor([9, 50, 60]), torch.arange(3), tokens=40)] == [[0], [1], [2]]
    assert make_chunks(torch.tensor([9]), torch.tensor([], dtype=torch.int64), tokens=40) == []


def test_undisturbed_restores_modes_and_randomness_after_an_error():
    from lightning import LightningModule

    class Two(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.on, self.off = torch.nn.Dropout(), torch.nn.Dropout().eval()

    module = Two().train()
    module.off.eval()
    before: Tensor = torch.get_rng_state()

    def disturb() -> None:
        with undisturbed(module, module.device):
            module.eval()
            torch.manual_seed(99)
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        disturb()
    assert [module.training, module.on.training, module.off.training] == [True, True, False]
    assert torch.equal(torch.get_rng_state(), before)
