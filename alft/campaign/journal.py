"""The journal: a file that only grows, one event or one round a line, each append synced to the disk.

A process that is killed while it appends leaves at most one line without an end. Reading drops it, the next append removes it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from alft.campaign.events import Event, events_of, line_of, line_of_all
from alft.system.excerpt import first_line
from alft.system.output import sync_folder, write_all

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
        lines = self._whole_lines().split(b"\n")[:-1]
        return [event for number, line in enumerate(lines, start=1) for event in self._events(line, number)]

    def append(self, events: Sequence[Event]) -> None:
        """Append events, one a line, and wait until they are on the disk; call it inside :func:`held` only.

        Raises:
            OSError: They could not be written, as on a full disk; none of them is in the journal then.
        """
        self._append(b"".join(map(line_of, events)))

    def append_together(self, events: Sequence[Event]) -> None:
        """Append events in one line, so that a kill leaves all of them or none."""
        self._append(line_of_all(events))

    def _append(self, lines: bytes) -> None:
        if not lines:
            return
        new, size = not self.path.exists(), len(self._whole_lines())
        with self.path.open("ab", buffering=0) as file:
            file.truncate(size)
            try:
                write_all(file.fileno(), lines)
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
        if new:
            sync_folder(self.path.parent)

    def _whole_lines(self) -> bytes:
        content = self.path.read_bytes() if self.path.exists() else b""
        return content[: content.rfind(b"\n") + 1]

    def _events(self, line: bytes, number: int) -> list[Event]:
        try:
            return events_of(line)
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
