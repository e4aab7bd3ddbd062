"""Writes files atomically, and never overwrites an existing file unless the user requests it."""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers that mean that a file could not grow."""


UNSYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""Error numbers of file systems that do not sync folders, such as some network file systems."""


def is_full(error: BaseException) -> bool:
    """Whether an error means that the disk is full."""
    return isinstance(error, OSError) and error.errno in FULL


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file next to ``path``, then rename it: readers see the old file or the complete new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        sync_file(beside)  # contents reach the disk before the name, in case of a crash
        os.replace(beside, path)
        sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Have the contents of a file reach the disk."""
    with path.open("rb") as written:
        os.fsync(written.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder reach the disk, where the system can: a new file is lost in a crash without its name."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder, and one may write to a folder that one may not list
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSYNCED:
            raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it: a single write may stop early, as where the disk is nearly full."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def write_text_atomically(path: Path, text: str) -> None:
    """:func:`write_atomically` of a text in UTF-8."""
    write_atomically(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def refuse_output(path: Path, force: bool, endings: Sequence[str] | None = None, name: str = "output") -> None:
    """Refuse a file that cannot be written, or that exists if ``--force`` was not given.

    Args:
        path: The file, as given by ``--NAME``.
        force: Whether ``--force`` was given.
        endings: Endings the file may have, in lower case; None accepts any.
        name: Name of the argument.

    Raises:
        ValueError: The file cannot be written; the message says why.
    """
    if endings is not None and path.suffix.lower() not in endings:
        raise ValueError(f"{name}: {path} must end in one of {', '.join(endings)}")
    if not path.parent.is_dir():
        raise ValueError(f"{name}: there is no folder {path.parent}")
    if path.is_dir():
        raise ValueError(f"{name}: {path} is a folder")
    if path.exists() and not force:
        raise ValueError(f"{name}: {path} is there already; --force writes over it")
