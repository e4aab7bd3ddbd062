"""What if a run is told to stop? It stops at once; nothing is lost but the epoch it was in."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lightning import Callback, LightningModule, Trainer

SIGNALS = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""What systems send to end a command: politely, by Ctrl-C, and when its terminal is closed."""


class Stopped(BaseException):
    """A signal ended the command. No Exception, so that nothing on the way takes it for a failure of its own.

    Args:
        signum: Number of the signal.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(f"stopped by {signal.Signals(signum).name}")

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, as shells have it: 143 after SIGTERM, 130 after Ctrl-C."""
        return 128 + self.signum


class StopAtOnce(Callback):
    """Lets SIGTERM stop a run on several processes, too.

    Lightning puts a handler before ours that begins a broadcast wherever the process happens to be. If the others are just then
    in another collective, as the barrier before an epoch, all of them wait for each other (seen with gloo and 3 processes).
    No hook lies before the moment, at the start of training and test, in which it is put there and the data are set up.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put our handler in place of Lightning's."""
        _take_over()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do so where there is a validation alone: Lightning puts its own there for every call of the Trainer."""
        _take_over()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do so for a test."""
        _take_over()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the processes that Lightning has started: where they are in a collective, no other signal reaches them."""
        launcher = trainer.strategy.launcher
        if isinstance(exception, Stopped) and launcher is not None:
            launcher.kill(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise :class:`Stopped` where a signal arrives."""
    if threading.current_thread() is not threading.main_thread():  # only that one may have handlers
        yield
        return
    heeded = [signum for signum in SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]  # nohup is to work
    before = {signum: signal.signal(signum, _stop) for signum in heeded}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def notes_of(error: BaseException) -> list[str]:
    """What those on the way have added to it."""
    return list(getattr(error, "__notes__", []))


def _take_over() -> None:
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) not in (signal.SIG_IGN, signal.SIG_DFL):
        signal.signal(signal.SIGTERM, _stop)


def _stop(signum: int, frame: FrameType | None) -> None:
    for again in SIGNALS:  # a second one must not disturb the cleaning up
        signal.signal(again, signal.SIG_IGN)
    raise Stopped(signum)
