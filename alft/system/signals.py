"""What does a command do when it is told to stop? It stops at once, in an orderly way."""

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
        """128 plus the number of the signal, as shells have it: 143 after SIGTERM, 130 after Ctrl-C."""
        return 128 + self.signum


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


def stop_on_sigterm_again() -> None:
    """Put our handler back where a library has put its own, unless SIGTERM is ignored or left to the system."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) not in (signal.SIG_IGN, signal.SIG_DFL):
        signal.signal(signal.SIGTERM, _stop)


def notes_of(error: BaseException) -> list[str]:
    """Notes that were added to an error on its way."""
    return list(getattr(error, "__notes__", []))


def _stop(signum: int, frame: FrameType | None) -> None:
    for again in SIGNALS:  # a second one must not disturb the cleaning up
        signal.signal(again, signal.SIG_IGN)
    raise Stopped(signum)
