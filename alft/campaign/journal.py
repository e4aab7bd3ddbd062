"""The journal: a file that only grows, one event a line, each append synced to the disk.

A process that is killed while it appends leaves at most one line without an end. Reading drops it, the next append removes it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from alft.campaign.events import Event, event_of, line_of
from alft.system.excerpt import first_line

PATIENCE = 120.0
"""Seconds that a command waits for another one on the same campaign."""


@dataclass(frozen=True)
class Journal:
    """The journal at ``path``."""

    path: Path

    def read(self) -> list[Event]:
        """All events, oldest first.

        Raises:
            ValueError: A whole line is damaged; the message gives its number.
        """
        content = self.path.read_bytes() if self.path.exists() else b""
        return [self._event(line, number) for number, line in enumerate(content.split(b"\n")[:-1], start=1)]

    def append(self, events: Sequence[Event]) -> None:
        """Append events and wait until they are on the disk; call it inside :func:`held` only."""
        if not events:
            return
        with self.path.open("ab+") as file:
            file.truncate(_whole(self.path))
            file.write(b"".join(map(line_of, events)))
            file.flush()
            os.fsync(file.fileno())

    def _event(self, line: bytes, number: int) -> Event:
        try:
            return event_of(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"campaign: {self.path} is damaged in line {number} ({first_line(error)}); restore it from a copy"
            ) from error


@contextmanager
def held(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Keep other processes from changing a campaign; the system releases the lock when this one ends, however it ends.

    Raises:
        ValueError: Another process holds it for longer than ``patience`` seconds.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise ValueError(
            f"campaign: another command has been using {folder} for {patience:g} seconds; wait until it ends"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _whole(path: Path) -> int:
    """Bytes of the whole lines."""
    return path.read_bytes().rfind(b"\n") + 1
