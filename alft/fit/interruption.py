"""Stops a training on several processes immediately; only the current epoch is lost."""

import os
import signal

from lightning import Callback, LightningModule, Trainer

from alft.system.signals import Stopped, stop_on_sigterm_again


class StopAtOnce(Callback):
    """Makes SIGTERM stop a run on several processes, too.

    Lightning runs a handler before ours that starts a broadcast wherever the process happens to be. If the others are in
    another collective at that moment, such as the barrier before an epoch, all processes deadlock (seen with gloo and
    3 processes). No hook precedes the point at the start of training and test where it is installed and the data are set up.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replace Lightning's handler by ours."""
        stop_on_sigterm_again()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do the same for a separate validation: Lightning installs its handler for every call of the Trainer."""
        stop_on_sigterm_again()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do the same for a test."""
        stop_on_sigterm_again()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Kill the processes started by Lightning: inside a collective, no other signal reaches them."""
        launcher = trainer.strategy.launcher
        if isinstance(exception, Stopped) and launcher is not None:
            launcher.kill(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
