"""Sentences that state the figures of an arm, and their limits."""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from alft.report.phrases import SPREAD, Line, compared, count
from alft.report.rounds import on_rounds

BASELINE = "the baseline (all labels)"
RANDOM = "random selection at the same budget"
AT_EQUAL_LABELS = "random selection in validation F1 at equal labels"


def sentences_on(line: Line, group: Mapping[str, Line], tested: bool) -> list[str]:
    """All sentences about one arm, which is their subject; they do not contain its name.

    Args:
        line: The arm.
        group: All arms of its group, by label.
        tested: Whether the runs of its group have a test set; without one there are no sentences about test scores.
    """
    baseline = group.get(line["baseline"] or "")
    found = [about(line) for about in (_on_baseline, _on_random) if tested]
    found += [
        _on_equal_labels(line),
        _on_labels(line),
        on_rounds(line),
        _on_stability(line, baseline),
        _on_cost(line, baseline),
    ]
    return [sentence for sentence in found if sentence]


def sentences_on_group(lines: Sequence[Line]) -> list[str]:
    """Limits of the curves of a group; the baseline's curves are always uninformative, so it is not named."""
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
    """How to read the figures of a report."""
    found = [
        "Differences are arm minus control, paired by fold and seed, in F1 points (hundredths), each with a t interval of 95 % "
        "over the luck of training. A verdict takes a p of 0.05 or less after Holm's method, over the arms of the group that "
        'have the same control; "smallest visible" is what would then have been seen with a probability of 80 %. Seconds '
        "compare only where all runs had the same machine."
    ]
    if table[["baseline_texts_low", "random_texts_low"]].notna().any(axis=None):
        found.append(
            "The interval over texts draws the rows of the test set anew, and the seeds; p is the larger one of both tests. "
            "Without predictions.parquet of both arms there is none, and a verdict says nothing of other texts."
        )
    if (table["folds"] > 1).any():
        found.append(
            "Runs of several folds share training rows: their intervals have the variance of the corrected resampled t test "
            "(Nadeau and Bengio 2003)."
        )
    return found


def _recalculates(line: Line) -> bool:
    return bool(json.loads(line["settings"]).get("mode") == "recalculate")


def _on_labels(line: Line) -> str:
    """Labels bought, both savings, and figures of the F1-labels curve; empty for the baseline, which buys all labels."""
    if line["kind"] == "baseline":
        return ""
    return (
        f"buys {line['bought']:.0f} of {line['pool']:.0f} labels, a saving of {line['unique_saving']:.1%}, and trains on "
        f"{line['exposure_saving']:.1%} fewer rows than with the whole pool in every epoch{_on_curve(line)}."
    )


def _on_stability(line: Line, baseline: Line | None) -> str:
    """The spread over the last epochs compared with the baseline, the spread over runs, and the collapsed runs."""
    found = []
    if baseline and line["val_f1_last_std"] is not None and baseline["val_f1_last_std"] is not None:
        reference = _other_baseline(line) if line["test_f1"] is None else ""  # else stated with the scores
        found.append(compared(line, "spread", "the baseline in its last epochs (spread of validation F1)", SPREAD) + reference)
    if line["kind"] != "baseline" and line["test_f1_std"] is not None:
        theirs = baseline["test_f1_std"] if baseline else None
        found.append(
            f"over runs its test F1 has a standard deviation of {100 * line['test_f1_std']:.1f} points"
            + ("" if theirs is None else f", the baseline's of {100 * theirs:.1f}")
        )
    if line["collapsed"]:
        found.append(f"{line['collapsed']:.0%} of its runs predict one class only, of which no spread over epochs is taken")
    if line["diverged"]:
        found.append(f"{line['diverged']} of its {line['runs']} runs diverged and have no score; its scores are of the others")
    return "; ".join(found) + "." if found else ""


def _on_cost(line: Line, baseline: Line | None) -> str:
    """Seconds of a run, and whether the selection can pay off; empty for the baseline, which selects nothing."""
    if line["kind"] == "baseline":
        return ""
    theirs = f", the baseline {baseline['seconds']:.1f}" if baseline else ""
    return f"takes {line['seconds']:.1f} seconds a run{theirs}{_on_break_even(line['break_even'])}."


def _other_baseline(line: Line) -> str:
    """Settings besides the selection in which the baseline differs, if any."""
    return f"; the baseline differs in {line['baseline_differs']} too" if line["baseline_differs"] else ""


def _on_curve(line: Line) -> str:
    """Labels at equal F1 and the area; empty if the curve is a single step, which is uninformative."""
    if line["one_step"] or line["area"] is None:
        return ""
    area = f"; its F1-labels curve has a mean height of {line['area']:.3f}"
    reached, runs = line["labels_at_equal_f1_runs"], line["runs"]
    if reached is None:
        return area
    if not reached:
        return f"; none of its runs ends as good as the baseline on validation{area}"
    those = "" if reached == runs else f" in {reached:.0f} of {runs} runs"
    return f"; it stays as good as the baseline on validation from {line['labels_at_equal_f1']:.0f} labels on{those}{area}"


def _on_break_even(share: float | None) -> str:
    """The share of the pool at which the selection costs as much as it saves.

    >>> _on_break_even(0.6), _on_break_even(None)
    ('; its selection pays below a mean share of 0.60 of the pool', '')
    >>> _on_break_even(-0.1)
    '; no budget pays for this selection (break-even -0.10)'
    """
    if share is None:
        return ""
    if share <= 0:
        return f"; no budget pays for this selection (break-even {share:.2f})"
    return f"; its selection pays below a mean share of {share:.2f} of the pool"


def _on_baseline(line: Line) -> str:
    if line["kind"] == "baseline":
        return ""
    if not line["baseline"]:
        return f"{BASELINE} with the same encoder and training is not among these runs."
    return f"{compared(line, 'baseline', BASELINE)}{_other_baseline(line)}."


def _on_random(line: Line) -> str:
    if line["kind"] != "selection":
        return ""
    if not line["random"]:
        return f"{RANDOM} is not among these runs."
    other = f"; that control differs in {line['random_differs']} too" if line["random_differs"] else ""
    return compared(line, "random", RANDOM) + f"{other}."


def _on_equal_labels(line: Line) -> str:
    """F1 at equal labels; runs that end at different epochs or labels form no pair, so there may be none to compare."""
    if not line["random"] or line["one_step"]:
        return ""
    pairs, others = line["equal_pairs"], line["equal_other_epochs"]
    if others and not pairs:
        return (
            "F1 at equal labels is not comparable with random selection: the labels were bought at other epochs, so one of "
            "them had trained less."
        )
    labels = "" if line["equal_labels"] is None else f" ({line['equal_labels']:.0f})"
    left_out = f"; {count(others)} left out, as the labels were bought at other epochs" if others else ""
    return f"{compared(line, 'equal', AT_EQUAL_LABELS + labels)}{left_out}."
