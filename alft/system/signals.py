"""Signal handling: stops a command immediately and cleanly."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""Signals that end a command: the regular one, Ctrl-C, and that of a closed terminal."""


class Stopped(BaseException):
    """A signal ended the command. Not an Exception, so that no handler on the way catches it.

    Args:
        signum: Number of the signal.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(f"stopped by {signal.Signals(signum).name}")

    @property
    def exit_code(self) -> int:
        """128 plus the number of the signal, as in shells: 143 after SIGTERM, 130 after Ctrl-C."""
        return 128 + self.signum


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise :class:`Stopped` when a signal arrives."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return
    heeded = [signum for signum in SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]  # nohup must work
    before = {signum: signal.signal(signum, _stop) for signum in heeded}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def stop_on_sigterm_again() -> None:
    """Restore our handler after a library has installed its own, unless SIGTERM is ignored or has the default action."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) not in (signal.SIG_IGN, signal.SIG_DFL):
        signal.signal(signal.SIGTERM, _stop)


def notes_of(error: BaseException) -> list[str]:
    """Notes that were added to an error."""
    return list(getattr(error, "__notes__", []))


def _stop(signum: int, frame: FrameType | None) -> None:
    for again in SIGNALS:  # a second signal must not interrupt the cleanup
        signal.signal(again, signal.SIG_IGN)
    raise Stopped(signum)
