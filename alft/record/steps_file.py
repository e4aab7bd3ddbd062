"""Writes ``steps.csv``: what callbacks hand to the loggers by themselves, such as learning rates and device statistics.

Nobody knows whether such figures would be the same again, so they are kept out of ``metrics.csv`` and of the checkpoint. A
resumed run continues the file behind its last finished epoch.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alft.system.output import write_text_atomically
from alft.system.run_files import STEPS

HEADER = ("epoch", "step", "name", "value")


class StepsFile:
    """One line per figure, in the order in which they came.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / STEPS
        self.epoch = 0

    def add(self, metrics: Mapping[str, Any], step: int | None) -> None:
        """Append the figures of one call of the loggers."""
        lines: list[Sequence[Any]] = [] if self.path.exists() else [HEADER]
        lines += [(self.epoch, "" if step is None else step, name, _plain(value)) for name, value in metrics.items()]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(_text(lines))

    def begin(self, epoch: int) -> None:
        """Note the epoch to which the next figures belong."""
        self.epoch = epoch

    def forget_from(self, epoch: int) -> None:
        """Discard the lines of ``epoch`` and later, which the resumed run writes again."""
        if self.path.exists():
            with self.path.open(encoding="utf-8", newline="") as file:
                kept = [line for line in csv.reader(file) if len(line) == len(HEADER) and _is_before(line[0], epoch)]
            write_text_atomically(self.path, _text([HEADER, *kept]))
        self.epoch = epoch


def _is_before(cell: str, epoch: int) -> bool:
    return cell.isdecimal() and int(cell) < epoch


def _plain(value: Any) -> Any:
    """A number as Python writes it; anything else as text."""
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):  # tensors of several numbers raise the last
        return str(value)


def _text(lines: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()
