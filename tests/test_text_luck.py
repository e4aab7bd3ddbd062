"""Intervals over texts: macro-F1 of draws, folds together, and files of predictions that cannot be read."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from alft.report import compare
from alft.report.predictions import Pooled, drawn_counts, read_predictions

from .report_material import RANDOM, line, rows, sentences_of, text_of, write_predictions, write_run

NAMES = ("negative", "positive")


def test_macro_f1_of_draws_is_that_of_scikit_learn(tmp_path):
    folder = write_run(tmp_path)
    truth, predicted = rows(3)
    write_predictions(folder, truth, predicted)
    held = Pooled({-1: read_predictions(str(folder), NAMES)})
    assert held.f1 == pytest.approx(f1_score(truth, predicted, average="macro"))
    counts_BN = drawn_counts(200, -1, 4000)
    assert (counts_BN.sum(axis=1) == 200).all()
    for draw in (0, 7, 3999):
        again = np.repeat(np.arange(200), counts_BN[draw])
        assert held.drawn_f1[draw] == pytest.approx(f1_score(truth[again], predicted[again], average="macro"))


def test_a_class_that_is_not_there_counts_as_0(tmp_path):
    folder = write_run(tmp_path)
    truth, predicted = rows(3)
    write_predictions(folder, truth, predicted)
    held = Pooled({-1: read_predictions(str(folder), ("negative", "neutral", "positive"))})
    assert held.f1 == pytest.approx(f1_score(truth, predicted, average="macro") * 2 / 3)


def write_two_arms(root, seeds, lift=0.1, **more):
    """Random selection, and entropy that is right more often by ``lift``, with their predictions."""
    for seed in range(seeds):
        truth, worse = rows(10 + seed)
        better = np.where(np.random.default_rng(50 + seed).random(len(truth)) < 5 * lift, truth, worse)
        for settings, predicted in ((RANDOM, worse), ({}, better)):
            score = float(f1_score(truth, predicted, average="macro"))
            write_predictions(write_run(root, seed, score, **settings, **more), truth, predicted)


def test_the_interval_over_texts_agrees_with_a_plain_bootstrap(tmp_path):
    write_two_arms(tmp_path, seeds=3)
    found = line(compare(tmp_path), "Entropy")
    random, drawn = np.random.default_rng(9), []
    arms = [[rows(10 + seed) for seed in range(3)]]
    arms.append([(t, np.where(np.random.default_rng(50 + s).random(200) < 0.5, t, p)) for s, (t, p) in enumerate(arms[0])])
    for _ in range(800):
        again, seeds = random.integers(0, 200, 200), random.integers(0, 3, 3)
        theirs, ours = (
            np.mean([f1_score(arm[seed][0][again], arm[seed][1][again], average="macro") for seed in seeds]) for arm in arms
        )
        drawn.append(ours - theirs)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found["random_texts_low"], found["random_texts_high"]) == pytest.approx((low, high), abs=0.008)
    assert found["random_texts_error"] == pytest.approx(np.std(drawn), rel=0.1)
    assert found["random_texts_difference"] == pytest.approx(found["random_difference"])


def test_predictions_of_folds_are_pooled(tmp_path):
    parts, folds = [], 3
    for fold in range(folds):
        truth, predicted = (column[fold::folds] for column in rows(3))
        parts.append((truth, predicted))
        more = {"fold": {"folds": folds, "fold": fold, "cut": "c" * 16}}
        folder = write_run(
            tmp_path, 0, float(f1_score(truth, predicted, average="macro")), fingerprint=f"{fold}" * 64, more=more
        )
        write_predictions(folder, truth, predicted)
    found = line(compare(tmp_path), "Entropy")
    whole = [np.concatenate(column) for column in zip(*parts, strict=True)]
    assert found["pooled_f1"] == pytest.approx(f1_score(*whole, average="macro"))
    assert found["test_f1"] == pytest.approx(np.mean([f1_score(*part, average="macro") for part in parts]))
    assert (found["folds"], found["runs"]) == (3, 3)
    assert "## tiny, 3 folds, pool of about 100 (" in text_of(tmp_path)
    assert "corrected resampled t test" in text_of(tmp_path)


def test_the_folds_that_both_arms_have_are_compared_and_only_all_of_them_are_a_pooled_score(tmp_path):
    truth, worse = rows(3)
    better = np.where(np.arange(200) % 3 == 0, truth, worse)
    for fold in range(3):
        settings = {"fingerprint": f"{fold}" * 64, "more": {"fold": {"folds": 4, "fold": fold, "cut": "c" * 16}}}
        part = slice(fold * 50, fold * 50 + 50)
        write_predictions(write_run(tmp_path, 0, 0.8, **settings), truth[part], better[part])
        if fold < 2:
            write_predictions(write_run(tmp_path, 0, 0.7, **RANDOM, **settings), truth[part], worse[part])
    found = line(compare(tmp_path), "Entropy")
    assert pd.isna(found["pooled_f1"])
    expected = [f1_score(truth[:100], predicted[:100], average="macro") for predicted in (better, worse)]
    assert found["random_texts_difference"] == pytest.approx(expected[0] - expected[1])
    assert found["random_texts_seeds"] == 1


def test_without_predictions_of_both_arms_there_is_no_interval_over_texts(tmp_path):
    write_two_arms(tmp_path, seeds=3)
    for path in tmp_path.glob("*/predictions.parquet"):
        path.unlink()
        break
    found = line(compare(tmp_path), "Entropy")
    assert (found["random_pairs"], math.isnan(found["random_texts_low"])) == (3, False), "two seeds have them"
    for path in tmp_path.glob("*/predictions.parquet"):
        path.unlink()
    found = line(compare(tmp_path), "Entropy")
    assert math.isnan(found["random_texts_low"])
    assert found["random_both_p"] == found["random_p"]
    assert "3 pairs of runs, not known over texts; p " in sentences_of(tmp_path, "Entropy")[1]


def test_a_model_that_diverged_has_no_predictions(tmp_path):
    folder = write_run(tmp_path)
    write_predictions(folder, ["negative", "positive"], ["negative", None])
    assert read_predictions(str(folder), NAMES) is None


def test_other_labels_for_the_same_rows_are_left_out_and_told(tmp_path):
    write_two_arms(tmp_path, seeds=3)
    first = sorted(tmp_path.glob("*/predictions.parquet"))[0]
    table = pd.read_parquet(first)
    table["label"] = table["label"].to_numpy()[::-1]
    table.to_parquet(first, index=False)
    assert math.isnan(line(compare(tmp_path), "Entropy")["random_texts_low"])
    assert "are not compared, since they hold other labels for the same test set" in text_of(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda table: table.assign(row=table["row"] + 1),
            "its test rows are not all rows from 0 on",
        ),
        (lambda table: table.assign(label="neither"), "'neither' is no class of the run"),
        (lambda table: table.drop(columns="predicted"), "is not a file of predictions"),
        (lambda table: None, "is not a file of predictions"),
    ],
)
def test_a_broken_file_of_predictions_is_left_out_and_told(tmp_path, change, told):
    write_two_arms(tmp_path, seeds=3)
    first = sorted(tmp_path.glob("*/predictions.parquet"))[0]
    table = pd.read_parquet(first).query("split == 'test'")
    if (changed := change(table)) is None:
        first.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    else:
        changed.to_parquet(first, index=False)
    found = line(compare(tmp_path), "Entropy")
    assert (found["random_pairs"], found["random_texts_seeds"]) == (3, 2)
    assert told in text_of(tmp_path)


def test_rows_and_columns_may_stand_in_any_order(tmp_path):
    write_two_arms(tmp_path, seeds=3)
    before = line(compare(tmp_path), "Entropy")["random_texts_low"]
    first = sorted(tmp_path.glob("*/predictions.parquet"))[0]
    table = pd.read_parquet(first).assign(probability_highest=1.0)
    table[table.columns[::-1]].sample(frac=1, random_state=0).to_parquet(first, index=False)
    assert line(compare(tmp_path), "Entropy")["random_texts_low"] == before
