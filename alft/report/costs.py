"""What did an arm cost, and how steady was it, in plain sentences? One on its labels, one on stability, one on its seconds."""

from alft.report.phrases import SPREAD, Line, compared


def on_labels(line: Line) -> str:
    """Labels bought, both savings, and what the F1-labels curve says of them; nothing on the baseline, which buys all."""
    if line["kind"] == "baseline":
        return ""
    return (
        f"buys {line['bought']:.0f} of {line['pool']:.0f} labels, a saving of {line['unique_saving']:.1%}, and trains on "
        f"{line['exposure_saving']:.1%} fewer rows than with the whole pool in every epoch{_on_curve(line)}."
    )


def on_stability(line: Line, baseline: Line | None) -> str:
    """The spread over the last epochs against the baseline's, that over seeds, and how many runs predict one class."""
    found = []
    if baseline and line["val_f1_last_std"] is not None and baseline["val_f1_last_std"] is not None:
        untold = other_baseline(line) if line["test_f1"] is None else ""  # else it was told with the scores
        found.append(compared(line, "spread", "the baseline in its last epochs (spread of validation F1)", SPREAD) + untold)
    if line["kind"] != "baseline" and line["test_f1_std"] is not None:
        theirs = baseline["test_f1_std"] if baseline else None
        found.append(
            f"over seeds its test F1 has a standard deviation of {100 * line['test_f1_std']:.1f} points"
            + ("" if theirs is None else f", the baseline's of {100 * theirs:.1f}")
        )
    if line["collapsed"]:
        found.append(f"{line['collapsed']:.0%} of its runs predict one class only, of which no spread over epochs is taken")
    return "; ".join(found) + "." if found else ""


def on_cost(line: Line, baseline: Line | None) -> str:
    """Seconds of a run, and whether the selection can pay for itself; nothing on the baseline, which selects nothing."""
    if line["kind"] == "baseline":
        return ""
    theirs = f", the baseline {baseline['seconds']:.1f}" if baseline else ""
    return f"takes {line['seconds']:.1f} seconds a run{theirs}{_on_break_even(line['break_even'])}."


def other_baseline(line: Line) -> str:
    """In what the baseline differs besides the selection, where it does."""
    return f"; the baseline differs in {line['baseline_differs']} too" if line["baseline_differs"] else ""


def _on_curve(line: Line) -> str:
    """Labels at equal F1 and the area; nothing if the curve is a single step, which says nothing."""
    if line["one_step"]:
        return ""
    area = f"; its F1-labels curve has a mean height of {line['area']:.3f}"
    runs, seeds = line["labels_at_equal_f1_runs"], line["seeds"]
    if runs is None:
        return area
    if not runs:
        return f"; none of its runs ends as good as the baseline on validation{area}"
    those = "" if runs == seeds else f" in {runs:.0f} of {seeds} runs"
    return f"; it stays as good as the baseline on validation from {line['labels_at_equal_f1']:.0f} labels on{those}{area}"


def _on_break_even(share: float | None) -> str:
    """Where choosing costs as much as it saves.

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
