"""The report's table of test scores by labels bought: a row per arm, a column per number of labels."""

import json

import numpy as np
import pytest

from alft.cli.main import main
from alft.report import as_markdown, as_terminal, budgets, compare
from alft.report.arms import gather
from alft.report.intervals import difference_of
from alft.report.sheets import sections

from .conftest import summary_of
from .report_material import RANDOM, write_run

CURVE = ((10, 0.4), (10, 0.45), (30, 0.5), (30, 0.6))
TESTED = {1: 0.5, 3: 0.7}
"""Scores of the last epoch of each set."""


def write_tested(root, seed, scores, fold=None, **settings):
    if fold is not None:  # folds have other texts
        settings = {"fingerprint": f"{fold}" * 64, "more": {"fold": {"folds": 3, "fold": fold}}, **settings}
    folder = write_run(root, seed, scores[max(scores)], CURVE, mode="accumulate", **settings)
    summary = summary_of(folder)
    for epoch, score in scores.items():
        summary["epochs"][epoch]["test_f1_macro"] = score
    (folder / "summary.json").write_text(json.dumps(summary))


@pytest.fixture
def study(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.01, (2, 5))
    for seed in range(5):
        write_tested(tmp_path, seed, {1: 0.5 + noise[0, seed], 3: 0.7 + noise[1, seed]})
        write_tested(tmp_path, seed, TESTED | {3: 0.65}, **RANDOM)
    return tmp_path, noise


def test_means_and_paired_differences_at_equal_labels(study):
    root, noise = study
    table = budgets(root).set_index(["arm", "bought"])
    assert list(table.index) == [("Random", 10), ("Random", 30), ("Entropy", 10), ("Entropy", 30)]
    last = table.loc[("Entropy", 30)]
    assert last["test_f1"] == pytest.approx(0.7 + noise[1].mean())
    assert last["random_difference"] == pytest.approx(0.05 + noise[1].mean())
    expected = difference_of(0.7 + noise[1] - 0.65)
    assert (last["random_low"], last["random_high"]) == pytest.approx((expected.low, expected.high))
    assert last["test_f1_error"] == pytest.approx(noise[1].std(ddof=1) / 5**0.5)
    assert (last["random"], last["random_pairs"], last["runs"], last["pool"], last["folds"]) == ("Random", 5, 5, 100, 1)
    assert table.loc[("Random", 30)]["random_pairs"] == 0


def test_the_table_for_reading(study):
    root, noise = study
    (section,) = sections(compare(root), budgets=budgets(root))
    (sheet,) = [sheet for sheet in section.sheets if sheet.title.startswith("Test macro-F1 by labels bought")]
    assert sheet.header == ("arm", "10\n(10%)", "30\n(30%)")
    (random, entropy) = sheet.rows
    assert random == ("Random", "0.500 ±0.000 (5)", "0.650 ±0.000 (5)")
    error = noise[1].std(ddof=1) / 5**0.5
    found = difference_of(0.05 + noise[1])
    low, high = found.low, found.high
    assert entropy[2] == (
        f"{0.7 + noise[1].mean():.3f} ±{error:.3f} (5)\n"
        f"{5 + 100 * noise[1].mean():+.1f} [{100 * low:+.1f}, {100 * high:+.1f}] (5)"
    )
    assert "| Random | 0.500 ±0.000 (5) | 0.650 ±0.000 (5) |" in " ".join(
        as_markdown(compare(root), budgets=budgets(root)).split()
    )
    assert "by labels bought" in as_terminal(compare(root), budgets=budgets(root))


def test_seeds_of_which_one_has_no_score_are_no_pair(study):
    root, _ = study
    write_tested(root, 9, {3: 0.9})
    table = budgets(root).set_index(["arm", "bought"])
    assert (table.loc[("Entropy", 30)]["runs"], table.loc[("Entropy", 30)]["random_pairs"]) == (6, 5)
    assert table.loc[("Entropy", 10)]["runs"] == 5


def test_only_arms_that_are_asked_for_are_shown(study):
    root, _ = study
    (section,) = sections(compare(root), arms=["Entropy"], budgets=budgets(root))
    (sheet,) = [sheet for sheet in section.sheets if "by labels bought" in sheet.title]
    assert [row[0] for row in sheet.rows] == ["Entropy"]


def test_no_table_without_such_scores(tmp_path, capsys):
    write_run(tmp_path)
    assert budgets(tmp_path).empty
    assert main(["report", str(tmp_path)]) == 0
    assert "by labels bought" not in capsys.readouterr().out


def test_the_command_shows_it(study, capsys):
    root, _ = study
    for form in ("table", "markdown"):
        assert main(["report", str(root), "--format", form]) == 0
        assert "Test macro-F1 by labels bought" in capsys.readouterr().out


def test_a_score_that_is_none_is_refused(study, capsys):
    root, _ = study
    write_tested(root, 7, {1: 1.5, 3: 0.7})
    assert main(["report", str(root)]) == 2
    assert "epochs.1.test_f1_macro must be at least 0 and at most 1, got 1.5" in capsys.readouterr().err


@pytest.fixture
def folds(tmp_path):
    noise = np.random.default_rng(1).normal(0, 0.01, (3, 2))
    for fold in range(3):
        for seed in range(2):
            write_tested(tmp_path, seed, {1: 0.5, 3: 0.7 + 0.1 * fold + noise[fold, seed]}, fold)
            write_tested(tmp_path, seed, {1: 0.5, 3: 0.65 + 0.1 * fold}, fold, **RANDOM)
    return tmp_path, noise


def test_folds_and_seeds_are_repetitions_of_one_setting(folds):
    root, noise = folds
    last = budgets(root).set_index(["arm", "bought"]).loc[("Entropy", 30)]
    scores = 0.7 + np.array([0.0, 0.1, 0.2])[:, None] + noise
    assert (last["runs"], last["folds"], last["random_pairs"]) == (6, 3, 6)
    assert last["test_f1"] == pytest.approx(scores.mean())
    assert last["test_f1_error"] == pytest.approx(scores.mean(axis=1).std(ddof=1) * (1 / 3 + 1 / 2) ** 0.5)
    # paired within folds, so that their difficulty is not in the interval
    expected = difference_of(0.05 + noise.mean(axis=1), shared=1 / 2)
    assert (last["random_low"], last["random_high"]) == pytest.approx((expected.low, expected.high))
    assert len(gather(root)) == 2


def test_the_folds_of_a_data_set_are_one_section(folds, capsys):
    root, _ = folds
    (section,) = sections(compare(root), budgets=budgets(root))
    assert section.title.split(" (")[0] == "tiny, 3 folds, pool of about 100"
    assert any("by labels bought" in sheet.title for sheet in section.sheets)
    for form in ("table", "markdown"):
        assert main(["report", str(root), "--format", form, "--arms", "Entropy"]) == 0
        shown = capsys.readouterr().out
        assert shown.count("by labels bought") == 1
        assert "Shown are the 1 of 2 arms that were asked for." in shown


def test_folds_of_equal_cuts_are_taken_together_whatever_their_names(tmp_path):
    for fold, cut, name in ((0, "a", "one"), (1, "a", "other"), (0, "b", "one"), (1, "b", "one")):
        more = {"fold": {"folds": 2, "fold": fold, "cut": cut * 16}}
        write_run(tmp_path, name=name, fingerprint=f"{cut}{fold}" * 32, more=more)
    assert [(arm.name, len(arm.runs)) for arm in gather(tmp_path)] == [("one", 2), ("one, other", 2)]


def test_equal_names_of_several_data_sets_are_not_taken_together(folds):
    root, _ = folds
    write_tested(root, 7, TESTED, 2, fingerprint="e" * 64)  # a second data set, of which fold 2 was run, too
    assert (budgets(root)["folds"] == 1).all()
    assert len(set(budgets(root)["fingerprint"])) == 4


@pytest.mark.parametrize(
    ("fold", "told"),
    [
        (3, "fold must be dict or null, got 3"),
        ({"fold": 1}, "fold.folds is missing"),
        ({"folds": 2, "fold": "1"}, "must be int"),
        ({"folds": 1, "fold": 0}, "fold.folds must be at least 2, got 1"),
        ({"folds": 2, "fold": 0, "cut": 7}, "fold.cut must be str, got 7"),
    ],
)
def test_a_fold_that_is_none_is_refused(tmp_path, capsys, fold, told):
    write_run(tmp_path, more={"fold": fold})
    assert main(["report", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err
