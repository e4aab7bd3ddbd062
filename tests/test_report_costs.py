"""The report on labels, stability and cost; longer training is never reported as better selection."""

import math

import numpy as np
import pytest

from alft.report import compare
from alft.report.intervals import paired_difference
from alft.report.label_curve import last_validated

from .report_material import BASELINE, CURVE, RANDOM, WHOLE, line, sentences_of, text_of, write_run, write_study

LEARNING = (0.1, 0.3, 0.55, 0.7, 0.75)
SLOW, FAST = (75, 80, 84, 88, 92), (75, 94, 98, 99, 99)


def by_epoch(bought, f1=LEARNING):
    return tuple(zip(bought, f1, strict=True))


@pytest.mark.parametrize(("ours", "theirs"), [(SLOW, FAST), (FAST, SLOW)])
def test_arms_that_learn_alike_are_told_apart_by_nothing(tmp_path, ours, theirs):
    for seed in range(6):
        write_run(tmp_path, seed, curve=by_epoch(ours))
        write_run(tmp_path, seed, curve=by_epoch(theirs), **RANDOM)
        write_run(tmp_path, seed, curve=by_epoch([100] * 5), **BASELINE)
    text = text_of(tmp_path)
    sentence = "F1 at equal labels is not comparable with random selection: the labels were bought at other epochs"
    assert f"{sentence}, so one of them had trained less." in sentences_of(tmp_path, "Entropy")
    assert not any(word in text for word in ("better than", "worse than", "steadier than", "less steady than"))
    found = line(compare(tmp_path), "Entropy")
    assert (found["equal_pairs"], found["equal_other_epochs"]) == (0, 6)
    assert math.isnan(found["equal_difference"])
    assert math.isnan(found["equal_labels"])
    assert text.count("In recalculate mode arms buy the same labels at other epochs.") == 1


@pytest.mark.parametrize("mode", ["accumulate", "unseen"])
def test_where_all_buy_alike_labels_are_not_said_to_depend_on_the_pace(tmp_path, mode):
    for seed in range(6):
        write_run(tmp_path, seed, curve=by_epoch(SLOW), mode=mode)
        write_run(tmp_path, seed, curve=by_epoch(SLOW, np.subtract(LEARNING, 0.05)), mode=mode, **RANDOM)
        write_run(tmp_path, seed, curve=by_epoch([100] * 5), **BASELINE)  # its mode plays no part
    assert "In recalculate mode" not in text_of(tmp_path)
    assert line(compare(tmp_path), "Entropy")["equal_difference"] == pytest.approx(0.05)


def test_seeds_bought_at_other_epochs_are_left_out_of_equal_labels(tmp_path):
    for seed in range(4):
        write_run(tmp_path, seed, curve=by_epoch(SLOW))
        theirs = FAST if seed == 0 else (75, 90, 91, 92, 92)
        write_run(tmp_path, seed, curve=by_epoch(theirs, np.subtract(LEARNING, 0.02 * (seed + 1))), **RANDOM)
    found = line(compare(tmp_path), "Entropy")
    assert (found["equal_labels"], found["equal_pairs"], found["equal_other_epochs"]) == (92, 3, 1)
    assert found["equal_difference"] == pytest.approx((0.04 + 0.06 + 0.08) / 3)
    assert "; 1 pair of runs left out, as the labels were bought at other epochs." in text_of(tmp_path)


def test_a_curve_is_read_at_its_last_validated_epoch():
    epochs = [{"epoch": i, "bought": b, "val_f1_macro": f1} for i, (b, f1) in enumerate(((30, 0.1), (30, 0.2), (60, None)))]
    assert last_validated(epochs) == epochs[1]


def test_arms_without_a_seed_in_common_are_reported(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed)
        write_run(tmp_path, seed + 3, **RANDOM)
    told = sentences_of(tmp_path, "Entropy")
    undecided = "is not decidable: 0 pairs of runs in common, 3 are needed."
    assert f"the comparison with random selection in validation F1 at equal labels {undecided}" in told
    assert f"the comparison with random selection at the same budget {undecided}" in told


def test_each_sentence_on_a_difference_has_its_interval_p_and_what_could_have_been_seen(tmp_path):
    write_study(tmp_path, 4)
    decided = [sentence for sentence in text_of(tmp_path).splitlines() if " F1 points, " in sentence]
    assert len(decided) == 6  # random and the baseline, equal labels, two of stability
    assert all(" over 4 pairs of runs" in sentence and "; p " in sentence for sentence in decided)
    assert all(("likely to be missed" in sentence) is ("not distinguishable" in sentence) for sentence in decided)


def test_labels_are_told_in_one_sentence(tmp_path):
    for seed, last in enumerate((0.7, 0.7, 0.5)):
        write_run(tmp_path, seed, curve=(*CURVE[:3], (70, last)))
        write_run(tmp_path, seed, curve=by_epoch((30, 30, 60, 70), (0.1, 0.2, 0.3, 0.4)), **RANDOM)
        write_run(tmp_path, seed, curve=WHOLE, **BASELINE)
    start = "buys 70 of 100 labels, a saving of 30.0%, and trains on 70.0% fewer rows than with the whole pool in every epoch; "
    area = (30 * 0.5 + 10 * 0.6 + 30 * (0.7 + 0.7 + 0.5) / 3) / 100
    reached = "it stays as good as the baseline on validation from 70 labels on in 2 of 3 runs"
    assert f"{start}{reached}; its F1-labels curve has a mean height of {area:.3f}." in sentences_of(tmp_path, "Entropy")
    unreached = f"{start}none of its runs ends as good as the baseline on validation; its"
    assert any(sentence.startswith(unreached) for sentence in sentences_of(tmp_path, "Random"))
    assert "- baseline:" not in text_of(tmp_path)


def test_a_curve_of_one_step_has_no_part_in_the_sentence_on_labels(tmp_path):
    write_run(tmp_path, curve=WHOLE)
    text = text_of(tmp_path)
    assert "fewer rows than with the whole pool in every epoch.\n" in text
    assert "In recalculate mode" not in text


@pytest.mark.parametrize(
    ("wave", "words"), [(0.001, "steadier than"), (0.2, "less steady than"), (0.05, "not distinguishable from")]
)
def test_stability_is_compared_with_the_baseline_by_seed(tmp_path, wave, words):
    ours, theirs = {}, {}
    for seed in range(6):
        half = 0.05 + (-1) ** seed * 0.001 * (seed + 1)
        write_run(tmp_path, seed, 0.7 + seed / 100, by_epoch((30, 40, 50, 60), (0.0, 0.5, 0.5 + wave, 0.5)))
        write_run(tmp_path, seed, 0.7 + seed / 50, by_epoch([100] * 4, (0.0, 0.5, 0.5 + half, 0.5)), **BASELINE)
        ours[-1, seed], theirs[-1, seed] = (np.std([0.5, 0.5 + height, 0.5], ddof=1) for height in (wave, half))
    found = line(compare(tmp_path), "Entropy")
    expected = paired_difference(ours, theirs)
    for name in ("difference", "low", "high"):
        assert found[f"spread_{name}"] == pytest.approx(getattr(expected, name))
    assert found["spread_pairs"] == 6
    over_seeds = [100 * np.std(np.arange(6) / part, ddof=1) for part in (100, 50)]
    (told,) = [sentence for sentence in sentences_of(tmp_path, "Entropy") if "in its last epochs" in sentence]
    assert told.startswith(
        f"{words} the baseline in its last epochs (spread of validation F1): {100 * expected.difference:+.1f} F1 points, ["
    )
    assert told.endswith(f"a standard deviation of {over_seeds[0]:.1f} points, the baseline's of {over_seeds[1]:.1f}.")


def test_one_epoch_says_nothing_of_stability(tmp_path):
    write_run(tmp_path, curve=CURVE[:1])
    write_run(tmp_path, curve=WHOLE[:1], **BASELINE)
    assert line(compare(tmp_path), "Entropy")["spread_pairs"] == 0
    assert "last epochs (" not in text_of(tmp_path)


@pytest.mark.parametrize(
    ("pays", "end"),
    [
        (0.6, "; its selection pays below a mean share of 0.60 of the pool."),
        (0.0, "; no budget pays for this selection (break-even 0.00)."),
        (-0.2, "; no budget pays for this selection (break-even -0.20)."),
        (None, "."),
    ],
)
def test_seconds_and_break_even_are_told_in_one_sentence(tmp_path, pays, end):
    write_run(tmp_path, 4, pays=pays)
    assert f"takes 14.0 seconds a run{end}" in sentences_of(tmp_path, "Entropy")
    write_run(tmp_path, 2, curve=WHOLE, **BASELINE)
    assert f"takes 14.0 seconds a run, the baseline 12.0{end}" in sentences_of(tmp_path, "Entropy")


def test_a_run_that_predicts_one_class_is_not_called_steady(tmp_path):
    for seed in range(6):
        write_run(tmp_path, seed, curve=by_epoch((30, 40, 50, 60), (0.4,) * 4), predicted=(100, 0))
        write_run(tmp_path, seed, curve=by_epoch([100] * 4, (0.5, 0.6, 0.7, 0.6)), **BASELINE)
    found = line(compare(tmp_path), "Entropy")
    assert (found["spread_pairs"], found["collapsed"]) == (0, 1)
    assert math.isnan(found["val_f1_last_std"])
    assert "steadier" not in text_of(tmp_path)


def test_only_a_curve_that_stays_as_good_as_the_mean_baseline_counts_as_equal(tmp_path):
    for seed, (theirs, ours) in enumerate([(0.6, (0.8, 0.5)), (0.7, (0.66, 0.65)), (0.65, (0.6, 0.9))]):
        write_run(tmp_path, seed, curve=by_epoch((30, 40), ours))
        write_run(tmp_path, seed, curve=by_epoch([100] * 2, (0.5, theirs)), **BASELINE)
    found = line(compare(tmp_path), "Entropy")
    assert (found["labels_at_equal_f1"], found["labels_at_equal_f1_runs"]) == ((30 + 40) / 2, 2)


def test_if_one_run_bought_all_at_once_its_arm_says_nothing_on_equal_labels(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed, curve=WHOLE if seed else CURVE)
        write_run(tmp_path, seed, curve=WHOLE if seed else CURVE, **RANDOM)
    assert "at equal labels (" not in text_of(tmp_path)
