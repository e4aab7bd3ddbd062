"""What do the figures of an arm say in plain sentences? Better, worse, not distinguishable; and what not to read into them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from alft.report.intervals import FEWEST_SEEDS, HONEST_SEEDS

Line = Mapping[str, Any]
"""One line of the table of :func:`alft.report.compare`; what does not exist is None."""

BASELINE = "the baseline (all labels)"
RANDOM = "random selection at the same budget"


def points(value: float | None, low: float | None, high: float | None) -> str:
    """A difference of F1 in points, hundredths, with its interval where there is one.

    >>> points(0.021, 0.004, 0.038), points(-0.01, None, None), points(None, None, None)
    ('+2.1 [+0.4, +3.8]', '-1.0', '-')
    """
    if value is None:
        return "-"
    return f"{100 * value:+.1f}" if low is None or high is None else f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def verdict(low: float, high: float) -> str:
    """What an interval of ours minus theirs says.

    >>> verdict(0.004, 0.038), verdict(-0.02, -0.01), verdict(-0.01, 0.03), verdict(0.0, 0.0)
    ('better than', 'worse than', 'not distinguishable from', 'not distinguishable from')
    """
    return "better than" if low > 0 else "worse than" if high < 0 else "not distinguishable from"


def sentences_on(line: Line, tested: bool) -> list[str]:
    """All sentences about one arm.

    Args:
        line: The arm.
        tested: Whether the runs of its group have a test set; without one there is nothing to say about test scores.
    """
    found = [tell(line) for tell in (_on_baseline, _on_random) if tested]
    found += [tell(line) for tell in (_on_equal_labels, _on_collapse)]
    return [f"{line['arm']}: {sentence}" for sentence in found if sentence]


def on_one_step(lines: Sequence[Line]) -> list[str]:
    """Which arms of a group have a curve that says nothing; the baseline's never does, so it is not named."""
    arms = [line["arm"] for line in lines if line["one_step"] and line["kind"] != "baseline"]
    if not arms:
        return []
    return [
        "All labels were bought in epoch 0, so that the F1-labels curve is a single step, and its area, F1 at equal labels and "
        f"labels at equal F1 say nothing about learning with fewer labels: {'; '.join(arms)}."
    ]


def sentences_on_all(table: pd.DataFrame) -> list[str]:
    """How the differences of a whole report are to be read."""
    seeds = table[["baseline_seeds", "random_seeds", "equal_seeds"]].to_numpy()
    found = [
        "Differences are arm minus control, paired by seed, in F1 points (hundredths), with a bootstrap 95 % interval "
        "in brackets and the number of seeds in common. Each interval stands for itself: of 20 comparisons without any effect, "
        "one is expected to look like one."
    ]
    if ((seeds >= FEWEST_SEEDS) & (seeds < HONEST_SEEDS)).any():
        found.append(
            "With 3, 4 or 5 seeds in common no such interval reaches 95 %: by chance alone all differences have the same "
            f"sign in 1 of 4, 8 or 16 cases. {HONEST_SEEDS} seeds or more are the remedy."
        )
    return found


def _on_baseline(line: Line) -> str:
    if line["kind"] == "baseline":
        return ""
    if not line["baseline"]:
        return f"{BASELINE} with the same encoder and training is not among these runs."
    other = "" if line["baseline_same_epochs"] else "; the baseline has another number of epochs"
    return _compared(line, "baseline", BASELINE) + f"{other}."


def _on_random(line: Line) -> str:
    if line["kind"] != "selection":
        return ""
    if not line["random"]:
        return f"{RANDOM} is not among these runs."
    other = f"; that control differs in {line['random_differs']} too" if line["random_differs"] else ""
    return _compared(line, "random", RANDOM) + f"{other}."


def _on_equal_labels(line: Line) -> str:
    if not line["random"]:
        return ""
    return f"in validation F1 at equal labels ({line['equal_labels']:.0f}) {_compared(line, 'equal', 'random selection')}."


def _on_collapse(line: Line) -> str:
    share = line["collapsed"]
    return f"{share:.0%} of its runs predict one class only." if share else ""


def _compared(line: Line, name: str, control: str) -> str:
    """One comparison; the sentence goes on."""
    seeds = line[f"{name}_seeds"]
    if seeds < FEWEST_SEEDS:
        return f"the comparison with {control} is not decidable: {_count(seeds)} in common, {FEWEST_SEEDS} are needed"
    low, high = line[f"{name}_low"], line[f"{name}_high"]
    difference = points(line[f"{name}_difference"], low, high)
    return f"{verdict(low, high)} {control}: {difference} F1 points, {_count(seeds)} in common"


def _count(seeds: int) -> str:
    return f"{seeds} seed{'' if seeds == 1 else 's'}"
