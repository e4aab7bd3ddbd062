"""The folder of an export: a new one, or one that holds nothing but an earlier export."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from alft import __version__
from alft.models.backbone import locate
from alft.system.earlier import EXPORTED
from alft.system.excerpt import listed
from alft.use.card import TAGS
from alft.use.formats.base import Format
from alft.use.formats.known import format_of

DEFAULT = "transformers"
CARD = "README.md"
LIST = "alft_export.json"
"""File that lists the files of an export: only these may be replaced."""


@dataclass(frozen=True)
class ExportTarget:
    """Target and options of an export: checked before training, used after it.

    Args:
        folder: A new or empty folder.
        format: Name of the format.
        force: Replace an earlier export.
    """

    folder: Path
    format: str = DEFAULT
    force: bool = False

    @property
    def options(self) -> list[str]:
        """The folder and the options as typed after ``python -m alft export CKPT``."""
        return [
            str(self.folder),
            *([] if self.format == DEFAULT else ["--format", self.format]),
            *(["--force"] if self.force else []),
        ]

    @property
    def kind(self) -> Format:
        """The format.

        Raises:
            ValueError: There is none of this name.
        """
        return format_of(self.format)

    def check(self, backbone: str, lora: Any, head: str) -> None:
        """Refuse a folder that must not be written to, and a format that cannot hold the model.

        Args:
            backbone: The setting ``model.backbone``.
            lora: The setting ``model.lora``, a mapping or None.
            head: Import path of the class of ``model.head``.
        """
        self.kind.check(lora, head)
        place = writable(self.folder, backbone, "export")
        if place.exists():
            self._check_existing(place)

    def _check_existing(self, place: Path) -> None:
        if place.is_dir() and not any(place.iterdir()):
            return
        if not self.force:
            raise ValueError(f"export: {self.folder} is there already; --force replaces an earlier export")
        if not place.is_dir():
            raise ValueError(f"export: {self.folder} is a file, and --force replaces only an earlier export")
        if foreign := foreign_files(place):
            raise ValueError(
                f"export: {self.folder} holds more than an earlier export, so not even --force replaces it; "
                f"move away or choose another folder: {listed(foreign)}"
            )


def writable(folder: Path, backbone: str, setting: str) -> Path:
    """The folder as an absolute path, after what a killed command left beside it was put right.

    Args:
        folder: The folder as typed.
        backbone: The setting ``model.backbone``.
        setting: What named the folder, for error messages.

    Raises:
        ValueError: It is the backbone, or cannot be made.
    """
    place = folder.resolve()
    if place == Path(locate(backbone)).resolve():
        raise ValueError(f"{setting}: {folder} is the backbone itself; choose another folder")
    parent = next(above for above in place.parents if above.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ValueError(f"{setting}: {folder} cannot be made, since {parent} is no folder that can be written to")
    mend_replaced(place)
    return place


def foreign_files(folder: Path, tags: str = TAGS) -> list[str]:
    """Names in a folder that alft did not write: by its list, or for an export of an earlier version by the names it used.

    Args:
        folder: An existing folder.
        tags: Line by which the card of such a folder is recognised.
    """
    names = sorted(path.name for path in folder.iterdir())
    own, card = _own_files(folder), folder / CARD
    has_our_card = card.is_file() and tags in card.read_text(encoding="utf-8", errors="replace")
    if own is None:
        own = {name for name in names if re.fullmatch(EXPORTED, name)} if has_our_card else set()
    if not has_our_card:
        own -= {CARD}  # somebody has written another one
    return [name for name in names if name not in own or (folder / name).is_dir()]


def write_list(folder: Path) -> None:
    """List the files of an export, as its last one."""
    names = sorted([LIST, *(path.name for path in folder.iterdir())])
    (folder / LIST).write_text(json.dumps({"alft": __version__, "files": names}, indent=2) + "\n", encoding="utf-8")


@contextmanager
def replaced(place: Path) -> Iterator[Path]:
    """A new folder beside ``place`` to write to, which takes its place after the block, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    new, old = (place.with_name(f".{place.name}.{kind}.{os.getpid()}") for kind in ("new", "old"))
    try:
        yield new
        if place.exists():
            place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _own_files(folder: Path) -> set[str] | None:
    """The files that the list names; None without a list."""
    try:
        names = json.loads((folder / LIST).read_text(encoding="utf-8"))["files"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return set()  # whatever wrote it: nothing is known to be ours
    return {str(name) for name in names} if isinstance(names, list) else set()


def mend_replaced(place: Path) -> None:
    """Undo what an export left that was killed: bring back the earlier export, and remove what is half written."""
    if not place.parent.is_dir():
        return
    for path in sorted(place.parent.iterdir()):
        found = re.fullmatch(rf"\.{re.escape(place.name)}\.(new|old)\.([0-9]+)", path.name)
        if found is None or not path.is_dir() or psutil.pid_exists(int(found[2])):
            continue
        if found[1] == "old" and not place.exists():  # killed between the two renames
            path.rename(place)
        else:
            shutil.rmtree(path, ignore_errors=True)


def asked_format(name: str | None, adapter: bool) -> str:
    """Name of the format that ``--format`` and its older form ``--adapter`` ask for.

    Raises:
        ValueError: They contradict each other.
    """
    if adapter and name not in (None, "adapter"):
        raise ValueError(f"export: --adapter is --format adapter, so --format {name} contradicts it; leave one of them out")
    return "adapter" if adapter else name or DEFAULT
