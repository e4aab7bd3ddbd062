"""Which arms a report shows: those asked for, or the best of very many, so that it stays short enough to be read (ours)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from alft.report.phrases import Line
from alft.system.excerpt import excerpt, listed

MOST_ARMS = 100
"""Maximum number of arms of a group in a report for reading if none are asked for."""


def choose(lines: Sequence[Line], arms: Sequence[str]) -> list[Line]:
    """The lines that are shown, in their order.

    Args:
        lines: Lines of one group.
        arms: Texts; a line is shown if its label contains one of them. If there are none, the best lines are shown, by their
            mean test F1, or validation F1 where there is no test set; lines that are equally good in the order of the report.
    """
    if arms:
        return [line for line in lines if any(text in line["arm"] for text in arms)]
    if len(lines) <= MOST_ARMS:
        return list(lines)
    score = _score(lines)
    best = sorted(range(len(lines)), key=lambda number: (lines[number][score] is None, -(lines[number][score] or 0.0)))
    return [lines[number] for number in sorted(best[:MOST_ARMS])]


def not_shown(lines: Sequence[Line], shown: Sequence[Line], arms: Sequence[str], pairs: Mapping[str, int]) -> tuple[str, ...]:
    """Sentences about what is left out.

    Args:
        lines: All lines of a group.
        shown: Those that are shown.
        arms: As for :func:`choose`.
        pairs: Number of pairs that are left out, by the one setting in which they differ.
    """
    found = []
    if arms and len(shown) < len(lines):
        found.append(f"Shown are the {len(shown)} of {len(lines)} arms that were asked for.")
    elif len(shown) < len(lines):
        kind = "test" if _score(lines) == "test_f1" else "validation"
        found.append(
            f"Shown are the {len(shown)} of {len(lines)} arms with the highest mean {kind} F1; the best of many look better "
            "than they are. --arms TEXT shows those with TEXT in their label, --format csv all."
        )
    if pairs:
        counts = listed([f"{setting} ({count} pair{'' if count == 1 else 's'})" for setting, count in pairs.items()], width=400)
        found.append(
            f"Arms that differ in one setting are not shown for {counts}: --contrasts SETTING shows those of a setting, "
            "--format csv_contrasts all."
        )
    return tuple(found)


def named(labels: "pd.Series[str]", arms: Sequence[str]) -> "pd.Series[bool]":
    """Whether each label contains one of the texts; all of them if there are none."""
    return labels.map(lambda label: not arms or any(text in label for text in arms)).astype(bool)


def refuse_unknown(labels: Sequence[str], arms: Sequence[str]) -> None:
    """Refuse a text that is in no label.

    Raises:
        ValueError: The message names some labels.
    """
    for text in arms:
        if not any(text in label for label in labels):
            raise ValueError(f"arms: no arm has {excerpt(text)} in its label; labels are {listed(labels, most=3)}")


def _score(lines: Sequence[Line]) -> str:
    return "test_f1" if any(line["test_f1"] is not None for line in lines) else "val_f1"
