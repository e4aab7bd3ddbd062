"""Where does a run put its files? In a folder of its own, claimed at one stroke: runs that start together share none."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


def claim_folder(root: str | Path, name: str) -> Path:
    """Make and return the first free ``root/name/version_N``."""
    runs = Path(root, name)
    runs.mkdir(parents=True, exist_ok=True)
    for number in count():
        folder = runs / f"version_{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("numbers do not end")


@contextmanager
def given_back_on_error(folder: Path) -> Iterator[None]:
    """Remove a claimed folder, and those above it as far as they are empty, when what follows fails before writing to it."""
    try:
        yield
    except BaseException:
        for empty in (folder, folder.parent, folder.parent.parent):
            try:
                empty.rmdir()
            except OSError:  # not empty, or not there: then it is not ours to remove
                break
        raise
