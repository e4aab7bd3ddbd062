"""Where does a run put its files? In a folder of its own, claimed at one stroke and locked for as long as its process lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from alft.system.run_files import LOCK, SUMMARY, last_checkpoint, oldest_first


@dataclass(frozen=True)
class RunFolder:
    """A folder that this process holds; the system lets go of it when the process ends, however it ends."""

    path: Path
    lock: FileLock

    def release(self) -> None:
        """Let go of it. Doing so again changes nothing."""
        if self.lock.is_locked:  # removed while it is held, so that it is nobody else's
            (self.path / LOCK).unlink(missing_ok=True)
        self.lock.release(force=True)

    def give_back(self) -> None:
        """Let go of it, and remove it, and the folders above it, as far as they are empty."""
        self.release()
        for empty in (self.path, self.path.parent, self.path.parent.parent):
            try:
                empty.rmdir()
            except OSError:  # not empty, or not there: then it is not ours to remove
                break


def claim_new(root: str | Path, name: str) -> RunFolder:
    """Make and hold the first free ``root/name/version_N``."""
    runs = Path(root, name)
    runs.mkdir(parents=True, exist_ok=True)
    for number in count():
        path = runs / f"version_{number}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        folder = hold(path)
        assert folder is not None, "nobody else goes on with a run that has no checkpoint"
        return folder
    raise AssertionError("numbers do not end")


def hold(path: Path) -> RunFolder | None:
    """Hold a folder that is there; None while a live process does."""
    lock = FileLock(path / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return RunFolder(path, lock)


def claim_unfinished(root: str | Path, name: str) -> RunFolder | None:
    """Hold the newest run below ``root/name`` that has a checkpoint, is not finished, and is no live process's; else None."""
    for path in reversed(oldest_first(Path(root, name).glob("version_*"))):
        if last_checkpoint(path).is_file() and not (path / SUMMARY).exists() and (folder := hold(path)):
            if not (path / SUMMARY).exists():  # it may have been finished just before
                return folder
            folder.release()
    return None


@contextmanager
def given_back_on_error(folder: RunFolder | None) -> Iterator[None]:
    """Give a claimed folder back when what follows fails before writing to it."""
    try:
        yield
    except BaseException:
        if folder is not None:
            folder.give_back()
        raise
