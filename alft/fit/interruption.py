"""How does a training that runs on several processes stop at once? Nothing is lost but the epoch it was in."""

import os
import signal

from lightning import Callback, LightningModule, Trainer

from alft.system.signals import Stopped, stop_on_sigterm_again


class StopAtOnce(Callback):
    """Lets SIGTERM stop a run on several processes, too.

    Lightning puts a handler before ours that begins a broadcast wherever the process happens to be. If the others are just then
    in another collective, as the barrier before an epoch, all of them wait for each other (seen with gloo and 3 processes).
    No hook lies before the moment, at the start of training and test, in which it is put there and the data are set up.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put our handler in place of Lightning's."""
        stop_on_sigterm_again()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do so where there is a validation alone: Lightning puts its own there for every call of the Trainer."""
        stop_on_sigterm_again()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do so for a test."""
        stop_on_sigterm_again()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the processes that Lightning has started: where they are in a collective, no other signal reaches them."""
        launcher = trainer.strategy.launcher
        if isinstance(exception, Stopped) and launcher is not None:
            launcher.kill(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
