"""Callbacks as users write them, for the tests of faults; named on the command line by their full path."""

import os

import numpy as np
import torch
from lightning import Callback
from lightning.pytorch.callbacks import BaseFinetuning, WeightAveraging

STOP = "ALFT_TEST_STOP"


class OwnFigures(Callback):
    """Logs by step, by epoch, by hand, with text, and now and then; and what it logs for the bar alone."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.log("own_step", float(batch_idx), on_step=True, on_epoch=False)
        self.log("own_mean", outputs["loss"].detach(), on_step=False, on_epoch=True)
        self.log("own_secret", float(batch_idx), logger=False, prog_bar=True)

    def on_train_epoch_end(self, trainer, pl_module):
        trainer.logger.log_metrics({"by_hand": 1.5, "note": "a text, with a comma", "many": torch.zeros(3)})
        trainer.logger.log_hyperparams({"depth": 2})
        if trainer.current_epoch % 2 == 0:
            self.log("own_even", float(trainer.current_epoch))


class SwapsForValidation(Callback):
    """An average of weights of one's own: measures others than it trains."""

    def on_validation_start(self, trainer, pl_module):
        self.kept = {name: weight.clone() for name, weight in pl_module.state_dict().items()}
        with torch.no_grad():
            for parameter in pl_module.parameters():
                parameter.mul_(0.9)

    def on_validation_end(self, trainer, pl_module):
        pl_module.load_state_dict(self.kept)


class SwapsAtTheEnd(Callback):
    """Exchanges the weights when training has ended."""

    def on_train_end(self, trainer, pl_module):
        with torch.no_grad():
            for parameter in pl_module.parameters():
                parameter.mul_(0.9)


class SavesArrays(Callback):
    """Has a state that a checkpoint can hold and nobody can read."""

    def state_dict(self):
        return {"seen": np.zeros(3)}


class OwnAverage(WeightAveraging):
    """A subclass of one of Lightning's bases."""


class OwnFinetuning(BaseFinetuning):
    """Freezes the encoder for one epoch."""

    def freeze_before_training(self, pl_module):
        self.freeze(pl_module.network.base_model)

    def finetune_function(self, pl_module, epoch, optimizer):
        if epoch == 1:
            self.unfreeze_and_add_param_group(pl_module.network.base_model, optimizer)


class StopsWhenTold(Callback):
    """Breaks a run off in the epoch that an environment variable names."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if os.environ.get(STOP) == str(trainer.current_epoch):
            raise ValueError("stopped by the test")


def size_of(batch):
    """Number of texts in a batch, for ThroughputMonitor."""
    return len(batch["labels"])
