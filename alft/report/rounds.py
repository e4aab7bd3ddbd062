"""Shows what a policy saves over rounds of labelling: sheets and sentences on the figures of :mod:`alft.report.savings`."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from alft.report.budgets import shown_budgets
from alft.report.cells import Cell, Sheet, difference, lines_of, sheet_of
from alft.report.intervals import FEWEST_PAIRS
from alft.report.phrases import Line, Verdicts, adjusted, compared, verdict
from alft.report.savings import SHARE

LABELS = Verdicts("needs more labels than", "needs fewer labels than", "in labels not distinguishable from")
RANDOM = "random selection"


def rounds_sheet(by_labels: Sequence[Line]) -> Sheet:
    """Test macro-F1 of each arm after each round, its mean over runs with the interval.

    Args:
        by_labels: Lines of the table of :func:`alft.report.budgets`, of one group.
    """
    counts, mean = shown_budgets(by_labels), _mean("test_f1", "test_low", "test_high", digits=2)
    cells: dict[str, dict[int, str]] = {}
    for line in by_labels:
        cells.setdefault(line["arm"], {})[line["bought"]] = mean(line)
    header = ("labels bought", *(f"{bought}\n({bought / by_labels[0]['pool']:.0%})" for bought in counts))
    rows = tuple((arm, *(found.get(bought, "-") for bought in counts)) for arm, found in cells.items())
    return Sheet("Test macro-F1 after each round: mean over runs, below it the 95 % interval", header, rows)


def savings_sheet(lines: Sequence[Line]) -> list[Sheet]:
    """The sheet of areas, and of labels to a share of the score with all labels; none without test curves."""
    known = [line for line in lines if line["rounds_area"] is not None]
    columns = {
        "mean over\nthe rounds,\n95 %": _mean("rounds_area", "rounds_area_low", "rounds_area_high"),
        "that to random,\npoints [95 %]\n(pairs)": difference("rounds_random_area"),
        f"labels to {SHARE:.0%}\nof all labels' F1": _labels,
        "that to random,\nlabels [95 %]\n(pairs)": _labels_difference,
    }
    return [sheet_of("Savings over the rounds, by test macro-F1", columns, known)] if known else []


def on_rounds(line: Line) -> str:
    """A sentence on what an arm saves; empty without a test curve."""
    if line["rounds_area"] is None:
        return ""
    found = [f"over the rounds its test F1 has a mean of {line['rounds_area']:.3f}"]
    if line["kind"] == "selection" and line["rounds_random_area_pairs"]:
        found.append(compared(line, "rounds_random_area", f"{RANDOM} in that mean"))
    if line["rounds_labels"] is not None:
        found.append(_on_labels(line))
    return "; ".join(found) + "."


def rehearsal_parts(table: pd.DataFrame, budgets: pd.DataFrame) -> Iterator[str | Sheet]:
    """What a rehearsal tells: sheets, then a sentence on each arm and how to read them.

    Args:
        table: Result of :func:`alft.report.compare` for the runs of one rehearsal.
        budgets: Result of :func:`alft.report.budgets` for them.
    """
    lines, names = lines_of(table), set(budgets["arm"])
    first = lines[0]
    yield f"{first['name']}, pool of {first['pool']:.0f} ({first['fingerprint'][:8]})"
    yield rounds_sheet(lines_of(budgets))
    yield from savings_sheet(lines)
    yield from (_on_all_labels(line) for line in lines if line["kind"] == "baseline" and line["test_f1"] is not None)
    yield ""
    yield from (f"- {line['arm']}: {on_rounds(line)}" for line in lines if line["arm"] in names and on_rounds(line))
    yield (
        f'\nThe mean over the rounds is the area under the test curve. "labels to {SHARE:.0%}": fewest labels from which on a '
        "run stays at or above that score; one that never does counts with its last number of labels, so that a true "
        "difference may be larger. Differences are paired by seed, with t intervals; p is adjusted by Holm's method for the "
        "policies that are compared with random selection."
    )


def _on_all_labels(line: Line) -> str:
    score, runs = line["test_f1"], line["runs"] - line["diverged"]
    mean = f"{score:.3f} ({runs} run{'' if runs == 1 else 's'})"
    return f"With all {line['pool']:.0f} labels the test F1 is {mean}; {SHARE:.0%} of it is {SHARE * score:.3f}."


def _on_labels(line: Line) -> str:
    missed = line["rounds_missed"]
    least = "at least " if missed else ""
    those = f" ({missed:.0f} of {line['rounds_runs']} runs did not get there)" if missed else ""
    told = f"it needs {least}{line['rounds_labels']:.0f} labels for a test F1 of {line['rounds_target']:.3f}{those}"
    pairs = line["rounds_random_labels_pairs"]
    if line["kind"] != "selection" or pairs < FEWEST_PAIRS:
        return told
    words, theirs = verdict(line, "rounds_random_labels", LABELS), line["rounds_random_missed"]
    ends = f", which did not get there in {theirs:.0f} of {pairs} runs" if theirs else ""
    return f"{told}; {words} {RANDOM}: {_labels_difference(line)}, {adjusted(line, 'rounds_random_labels')}{ends}"


def _mean(value: str, low: str, high: str, digits: int = 3) -> Cell:
    """A mean, and below it its interval, if there is one: short, so that eight rounds stand side by side."""

    def cell(line: Mapping[str, float | None]) -> str:
        interval = "" if line[low] is None else f"\n{line[low]:.{digits}f}-{line[high]:.{digits}f}"
        return "-" if line[value] is None else f"{line[value]:.3f}{interval}"

    return cell


def _labels(line: Line) -> str:
    if line["rounds_labels"] is None:
        return "-"
    if not line["rounds_missed"]:
        return f"{line['rounds_labels']:.0f}"
    return f"at least {line['rounds_labels']:.0f}\n({line['rounds_missed']:.0f} of {line['rounds_runs']} not there)"


def _labels_difference(line: Line) -> str:
    pairs, low, high = (line[f"rounds_random_labels_{part}"] for part in ("pairs", "low", "high"))
    if not pairs:
        return "-"
    interval = "" if low is None else f" [{low:+.0f}, {high:+.0f}]"
    return f"{line['rounds_random_labels_difference']:+.0f}{interval} ({pairs})"
