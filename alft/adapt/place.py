"""Where an adaptation writes: the folder of its result, and a folder beside it for what is not finished."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alft.record.folder import hold
from alft.system.excerpt import excerpt, listed
from alft.system.output import write_text_atomically
from alft.use.target import foreign_files, writable

TAGS = "tags: [alft, masked-language-model]"
"""Line of the card that identifies a result of adapt."""

BEGUN, LAST = "begun.json", "last.ckpt"
"""Files of an unfinished adaptation: its settings, and its newest checkpoint."""


@dataclass(frozen=True)
class Place:
    """The folder of the result.

    Args:
        folder: The setting ``output``.
        force: Whether an earlier result may be replaced.
    """

    folder: Path
    force: bool = False

    @property
    def unfinished(self) -> Path:
        """Folder of an adaptation that is not finished."""
        return self.folder.with_name(f"{self.folder.name}.unfinished")

    def check(self, backbone: str) -> None:
        """Refuse a folder that must not be written to.

        Raises:
            ValueError: The message says why.
        """
        place = writable(self.folder, backbone, "output")
        if not place.exists() or (place.is_dir() and not any(place.iterdir())):
            return
        foreign = foreign_files(place, TAGS) if place.is_dir() else [place.name]
        if foreign:
            raise ValueError(
                f"output: {self.folder} holds more than an earlier result of adapt, so not even --force replaces it; "
                f"move away or choose another folder: {listed(foreign)}"
            )
        if not self.force:
            raise ValueError(f"output: {self.folder} is there already; --force replaces an earlier result of adapt")

    @contextmanager
    def work(self, settings: Mapping[str, Any]) -> Iterator[Path]:
        """The folder for checkpoints, locked; what it holds already was begun with the same settings.

        Raises:
            ValueError: It holds something else, or another process uses it.
        """
        folder = self.unfinished
        folder.mkdir(parents=True, exist_ok=True)
        held = hold(folder)
        if held is None:
            raise ValueError(f"output: another process adapts to {self.folder} at the moment; choose another folder")
        try:
            self._refuse_others(settings)
            write_text_atomically(folder / BEGUN, json.dumps(settings, indent=2) + "\n")
            yield folder
        finally:
            held.release()
            if not (folder / LAST).is_file():  # nothing to go on with
                (folder / BEGUN).unlink(missing_ok=True)
                with suppress(OSError):  # it holds something else, or is gone
                    folder.rmdir()

    def discard(self) -> None:
        """Remove the folder of what is unfinished, which is not needed any more."""
        shutil.rmtree(self.unfinished, ignore_errors=True)

    def _refuse_others(self, settings: Mapping[str, Any]) -> None:
        folder = self.unfinished
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))  # lock, half-written
        if not names:
            return
        try:
            begun = json.loads((folder / BEGUN).read_text(encoding="utf-8"))
            differing = [name for name in settings if begun.get(name) != settings[name]]
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise ValueError(
                f"output: {folder}, where unfinished work would be, holds something else ({listed(names)}); move it away"
            ) from error
        if differing and (folder / LAST).is_file():
            name = differing[0]
            raise ValueError(
                f"output: {folder} holds an adaptation that was begun with another {name} ({excerpt(begun.get(name))}, not "
                f"{excerpt(settings[name])}); give the same command again to go on with it, or remove that folder"
            )
