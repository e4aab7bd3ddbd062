"""What do the figures of an arm say in plain sentences, and what is not to be read into them?"""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from alft.report.costs import on_cost, on_labels, on_stability, other_baseline
from alft.report.intervals import FEWEST_SEEDS, HONEST_SEEDS, attainable_level
from alft.report.phrases import Line, compared, count

BASELINE = "the baseline (all labels)"
RANDOM = "random selection at the same budget"
AT_EQUAL_LABELS = "random selection in validation F1 at equal labels"


def sentences_on(line: Line, group: Mapping[str, Line], tested: bool) -> list[str]:
    """All sentences about one arm, which is their subject; its name is left to the reader of the list.

    Args:
        line: The arm.
        group: All arms of its group, by label.
        tested: Whether the runs of its group have a test set; without one there is nothing to say about test scores.
    """
    baseline = group.get(line["baseline"] or "")
    found = [tell(line) for tell in (_on_baseline, _on_random) if tested]
    found += [_on_equal_labels(line), on_labels(line), on_stability(line, baseline), on_cost(line, baseline)]
    return [sentence for sentence in found if sentence]


def sentences_on_group(lines: Sequence[Line]) -> list[str]:
    """What the curves of a group cannot say; the baseline's never say anything, so it is not named."""
    selecting = [line for line in lines if line["kind"] != "baseline"]
    one_step = [line["arm"] for line in selecting if line["one_step"]]
    found = []
    if any(_recalculates(line) and not line["one_step"] for line in selecting):
        found.append(
            "In recalculate mode arms buy the same labels at other epochs. The slower buyer has trained longer at each number "
            "of labels, so the area under its F1-labels curve and its labels at equal F1 look better for that alone."
        )
    if one_step:
        found.append(
            "All labels were bought in epoch 0, so that the F1-labels curve is a single step, and its area, F1 at equal labels "
            f"and labels at equal F1 say nothing about learning with fewer labels: {'; '.join(one_step)}."
        )
    return found


def sentences_on_all(table: pd.DataFrame) -> list[str]:
    """How the figures of a whole report are to be read."""
    seeds = table[["baseline_seeds", "random_seeds", "equal_seeds", "spread_seeds"]].to_numpy()
    found = [
        "Differences are arm minus control, paired by seed, in F1 points (hundredths), with a bootstrap 95 % interval "
        "in brackets and the number of seeds in common. Each interval stands for itself: of 20 comparisons without any effect, "
        "one or more are expected to look like one. Seconds compare only where all runs had the same machine."
    ]
    if ((seeds >= FEWEST_SEEDS) & (seeds < HONEST_SEEDS)).any():
        few = range(FEWEST_SEEDS, HONEST_SEEDS)
        levels = ", ".join(f"{100 * attainable_level(pairs):.0f}" for pairs in few)
        chance = ", ".join(f"{20 * (1 - attainable_level(pairs)):.1f}" for pairs in few)
        found.append(
            f"With {', '.join(map(str, few))} seeds in common an interval reaches {levels} % at most, so that of 20 "
            f"comparisons without any effect {chance} or more look like one. More seeds are the remedy, from {HONEST_SEEDS} on."
        )
    return found


def _recalculates(line: Line) -> bool:
    return bool(json.loads(line["settings"]).get("mode") == "recalculate")


def _on_baseline(line: Line) -> str:
    if line["kind"] == "baseline":
        return ""
    if not line["baseline"]:
        return f"{BASELINE} with the same encoder and training is not among these runs."
    return f"{compared(line, 'baseline', BASELINE)}{other_baseline(line)}."


def _on_random(line: Line) -> str:
    if line["kind"] != "selection":
        return ""
    if not line["random"]:
        return f"{RANDOM} is not among these runs."
    other = f"; that control differs in {line['random_differs']} too" if line["random_differs"] else ""
    return compared(line, "random", RANDOM) + f"{other}."


def _on_equal_labels(line: Line) -> str:
    """Seeds whose curves are read at other epochs are no pairs; if all are like that, there is nothing to compare."""
    if not line["random"] or line["one_step"]:
        return ""
    pairs, others = line["equal_seeds"], line["equal_other_epochs"]
    if others and not pairs:
        return (
            "F1 at equal labels is not comparable with random selection: the labels were bought at other epochs, so one of "
            "them had trained less."
        )
    labels = "" if line["equal_labels"] is None else f" ({line['equal_labels']:.0f})"
    left_out = f"; {count(others)} left out, as the labels were bought at other epochs" if others else ""
    return f"{compared(line, 'equal', AT_EQUAL_LABELS + labels)}{left_out}."
