"""What if a run is told to stop? It stops at once; nothing is lost but the epoch it was in."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise :class:`Stopped` where a signal arrives. Lightning keeps a handler that is there, and calls it after its own."""
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


def _stop(signum: int, frame: FrameType | None) -> None:
    for again in SIGNALS:  # a second one must not disturb the cleaning up
        signal.signal(again, signal.SIG_IGN)
    raise Stopped(signum)
