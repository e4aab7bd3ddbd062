"""Writes ``suspects.csv``: bought rows whose label may be wrong, by number and without their texts."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from alft.controls.suspects import Suspect
from alft.system.output import write_text_atomically
from alft.system.run_files import SUSPECT_COLUMNS, SUSPECTS


def write_suspects(folder: Path, names: Sequence[str], suspects: Sequence[Suspect]) -> None:
    """Write one line per suspect, the most doubtful first.

    Args:
        folder: Folder of the run.
        names: Names of the labels.
        suspects: The suspects, in their order.
    """
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(SUSPECT_COLUMNS)
    for one in suspects:
        probabilities = [f"{value:.4f}" for value in (one.probability, one.likelier_probability)]
        lines.writerow([one.row, names[one.label], probabilities[0], names[one.likelier], probabilities[1]])
    write_text_atomically(folder / SUSPECTS, text.getvalue())
