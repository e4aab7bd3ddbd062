"""The run folder: claimed atomically and locked as long as the process of the run is alive."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from alft.system.output import FULL
from alft.system.run_files import LOCK, SUMMARY, last_checkpoint, oldest_first


@dataclass(frozen=True)
class RunFolder:
    """A folder locked by this process; the system releases the lock when the process ends, however it ends."""

    path: Path
    lock: FileLock

    def release(self) -> None:
        """Release the lock. Calling this again has no effect."""
        if self.lock.is_locked:  # the file is removed while locked, so it cannot belong to another process
            (self.path / LOCK).unlink(missing_ok=True)
        self.lock.release(force=True)

    def give_back(self) -> None:
        """Release the lock, and remove the folder and its parents as far as they are empty."""
        self.release()
        for empty in (self.path, self.path.parent, self.path.parent.parent):
            try:
                empty.rmdir()
            except OSError:  # not empty or missing: not to be removed
                break


def claim_new(root: str | Path, name: str) -> RunFolder:
    """Create and lock the first free ``root/name/version_N``.

    Raises:
        ValueError: No folder can be made there.
    """
    runs = Path(root, name)
    with _told(f"trainer.default_root_dir: no run folder can be made in {root}", "give a folder that can be written to"):
        runs.mkdir(parents=True, exist_ok=True)
        path = next(path for number in count() if _made(path := runs / f"version_{number}"))
    folder = hold(path)
    assert folder is not None, "nobody else goes on with a run that has no checkpoint"
    return folder


def hold(path: Path) -> RunFolder | None:
    """Lock an existing folder; None while another live process holds it."""
    lock = FileLock(path / LOCK)
    try:
        with _told(f"ckpt_path: the run folder {path} cannot be written to", "change its permissions"):
            lock.acquire(timeout=0)
    except Timeout:
        return None
    return RunFolder(path, lock)


def claim_unfinished(root: str | Path, name: str) -> RunFolder | None:
    """Lock the newest run below ``root/name`` that has a checkpoint, is unfinished and is not locked; None without one."""
    for path in reversed(oldest_first(Path(root, name).glob("version_*"))):
        if last_checkpoint(path).exists() and not (path / SUMMARY).exists() and (folder := hold(path)):
            if not (path / SUMMARY).exists():  # it may have finished in the meantime
                return folder
            folder.release()
    return None


def _made(path: Path) -> bool:
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


@contextmanager
def _told(sentence: str, mend: str) -> Iterator[None]:
    """Say what cannot be written to, why, and what to do; a full disk is told elsewhere, and a lock of others is no failure."""
    try:
        yield
    except OSError as error:
        if isinstance(error, Timeout) or error.errno in FULL:
            raise
        raise ValueError(f"{sentence} ({(error.strerror or str(error)).lower()}); {mend}") from error


@contextmanager
def given_back_on_error(folder: RunFolder | None) -> Iterator[None]:
    """Release a claimed folder, and remove it if empty, when the body raises."""
    try:
        yield
    except BaseException:
        if folder is not None:
            folder.give_back()
        raise
