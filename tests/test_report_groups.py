"""Groups of runs in a report: which are combined, which are compared, and which never."""

import shutil

import pandas as pd
import pytest

from alft.report import as_csv, as_terminal, compare, load_epochs, load_runs
from alft.report.names import name_arms

from .report_material import BASELINE, RANDOM, WHOLE, line, text_of, write_run, write_study


def test_arms_are_told_by_what_varies_among_those_that_select(tmp_path):
    write_run(tmp_path, **BASELINE)
    write_run(tmp_path, **RANDOM, lora={"r": 8, "alpha": 16})
    write_run(tmp_path)
    write_run(tmp_path, budget="Linear(start=1.0, stop=0.5)", max_unique=0.7)
    assert list(load_runs(tmp_path)["arm"]) == [
        "baseline",
        "Random",
        "Entropy, Constant",
        "Entropy, Linear",
    ]


def test_arms_have_the_names_that_their_runs_were_given(tmp_path):
    for seed in range(2):
        write_run(tmp_path, seed, more={"arm": "people"}, **BASELINE)
        write_run(tmp_path, seed, more={"arm": "doubt"})
        write_run(tmp_path, seed, more={"arm": "doubt"}, lr=0.1)
        write_run(tmp_path, seed, more={"arm": f"seed {seed}"}, lr=0.2)  # one name a run is none for the arm
    assert list(load_runs(tmp_path)["arm"].unique()) == ["people", "Entropy", "doubt, lr 0.001", "doubt, lr 0.1"]
    assert set(load_runs(tmp_path).query("arm == 'people'")["seed"]) == {0, 1}


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ((None, False, True), ["E", "E, balanced false", "E, balanced"]),
        (({"r": 8}, {"r": 8, "layers": None}, None), ["E, balanced(r=8)", "E, balanced(layers=null, r=8)", "E"]),
        ((1, 2, 3), ["E, balanced 1", "E, balanced 2", "E, balanced 3"]),
    ],
)
def test_names_differ_wherever_settings_do(values, names):
    assert name_arms([{"acquire": "E", "balanced": value} for value in values], [0.7] * 3) == names


def test_a_given_name_that_equals_another_gets_a_number():
    settings = [{"acquire": "E", "lr": 1}, {"acquire": "E", "lr": 2}, {"acquire": "E", "lr": 1, "cluster": "Ward"}]
    assert name_arms(settings, [0.7] * 3, [None, None, "E, lr 1"]) == ["E, lr 1", "E, lr 2", "E, lr 1 (2)"]


def test_a_name_that_is_none_is_refused(tmp_path):
    write_run(tmp_path, more={"arm": 7})
    with pytest.raises(ValueError, match="arm must be str or null, got 7"):
        load_runs(tmp_path)


def test_a_setting_that_older_summaries_lack_is_null(tmp_path):
    write_run(tmp_path, seed=0, decay=None)
    write_run(tmp_path, seed=1)
    write_run(tmp_path, seed=2, decay="pool")
    write_run(tmp_path, seed=3, epochs=4)  # as many as the others have
    assert list(load_runs(tmp_path).groupby("arm")["seed"].apply(list).items()) == [
        ("Entropy", [0, 1, 3]),
        ("Entropy, decay pool", [2]),
    ]


def test_E4_runs_whose_pool_labels_differ_are_kept_apart(tmp_path):
    write_run(tmp_path, seed=0, more={"pool_labels": "a" * 16})
    write_run(tmp_path, seed=1)
    assert list(load_runs(tmp_path).groupby("fingerprint")["seed"].apply(list)) == [[0, 1]], "an earlier run may be of these"
    write_run(tmp_path, seed=0, more={"pool_labels": "b" * 16})
    runs = load_runs(tmp_path)
    assert sorted(runs.groupby("fingerprint")["seed"].apply(list)) == [[0], [0], [1]]
    assert len({fingerprint[:8] for fingerprint in runs["fingerprint"]}) == 3, "their titles and files differ, too"


def test_runs_of_other_data_are_never_compared(tmp_path):
    for seed in range(5):
        write_run(tmp_path, seed)
        write_run(tmp_path, seed, fingerprint="e" * 64, **RANDOM)
        write_run(tmp_path, seed, fingerprint="d" * 64, **BASELINE)
    table = compare(tmp_path)
    assert len(table) == 3
    assert table[["baseline", "random"]].isna().all(axis=None)
    assert not table[["baseline_pairs", "random_pairs", "equal_pairs"]].any(axis=None)


def test_runs_of_the_same_data_are_compared_whatever_config_they_were_started_with(tmp_path):
    for seed in range(5):
        write_run(tmp_path, seed)
        write_run(tmp_path, seed, name="base", **BASELINE)
    table = compare(tmp_path)
    assert list(table["name"]) == ["base, tiny"] * 2
    assert list(table["baseline_pairs"]) == [0, 5]


def test_another_group_changes_nothing(tmp_path):
    write_study(tmp_path / "a")
    alone = compare(tmp_path / "a")
    write_study(tmp_path / "b", seeds=2, fingerprint="e" * 64, lr=0.1)
    both = compare(tmp_path)
    kept = both[both["fingerprint"] == "f" * 64].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, alone)
    assert as_csv(kept) == as_csv(alone)


def test_the_order_of_folders_changes_nothing(tmp_path):
    write_study(tmp_path / "a")
    for number, folder in enumerate(sorted((tmp_path / "a").iterdir(), reverse=True)):
        shutil.copytree(folder, tmp_path / f"b{number % 2}" / f"{number:03}")
    halves = (tmp_path / "b1", tmp_path / "b0")
    text = as_terminal(compare(tmp_path / "a"))
    assert as_terminal(compare(*halves)) == as_terminal(compare(*reversed(halves))) == text
    assert as_terminal(compare(*halves, tmp_path / "b0")) == text  # found twice, counted once
    for load in (load_runs, load_epochs):
        pd.testing.assert_frame_equal(load(*halves).drop(columns="run"), load(tmp_path / "a").drop(columns="run"))


@pytest.mark.parametrize(
    "key",
    [
        *("backbone", "lora", "lr", "batch_size", "precision", "max_length", "decay", "test_on"),
        *("weight_decay", "warmup", "accumulate_grad_batches", "gradient_clip_val"),
    ],
)
def test_arms_that_train_otherwise_are_no_controls(tmp_path, key):
    write_run(tmp_path, **{key: "other"})
    write_run(tmp_path, **BASELINE)
    write_run(tmp_path, **RANDOM)
    found = compare(tmp_path).to_dict("records")[-1]
    assert found["kind"] == "selection"
    assert pd.isna(found["baseline"])
    assert pd.isna(found["random"])


@pytest.mark.parametrize("key", ["max_epochs", "budget", "mode", "max_unique", "warm_start"])
def test_another_budget_is_no_random_control_and_does_not_matter_to_the_baseline(tmp_path, key):
    write_run(tmp_path, **{key: 9})
    write_run(tmp_path, **BASELINE)
    write_run(tmp_path, **RANDOM)
    found = compare(tmp_path).to_dict("records")[-1]
    assert found["baseline"] == "baseline"
    assert found["baseline_differs"] == (key if key == "max_epochs" else "")
    assert pd.isna(found["random"])


def test_of_several_controls_the_most_alike_is_taken(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed, test=0.8)
        write_run(tmp_path, seed, test=0.7, **RANDOM)
        write_run(tmp_path, seed, test=0.1, **RANDOM, cluster="Whole")
        write_run(tmp_path, seed, test=0.6, curve=WHOLE, **BASELINE)
        write_run(tmp_path, seed, test=0.2, curve=WHOLE[:2], **BASELINE)
    found = line(compare(tmp_path), "Entropy")
    assert found["random"] == "Random, Ward"
    assert found["random_difference"] == pytest.approx(0.1)
    assert (found["baseline"], found["baseline_differs"]) == ("baseline, max_epochs 4", "")
    assert found["baseline_difference"] == pytest.approx(0.2)


def test_what_else_tells_an_arm_from_its_control_is_said(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed, test=0.8)
        write_run(tmp_path, seed, test=0.7, **RANDOM, cluster="Whole")
        write_run(tmp_path, seed, test=0.8, curve=WHOLE[:2], **BASELINE)
    text = text_of(tmp_path)
    assert "over 3 pairs of runs, not known over texts; p 0.250; that control differs in cluster too." in text
    assert "; the baseline differs in max_epochs too." in text


def test_a_baseline_is_told_from_an_arm_by_all_but_the_selection(tmp_path):
    selecting = {"embedding": "MeanTokens", "recluster": "once", "allocate": "equal", "scoring_precision": "16"}
    for seed in range(3):
        write_run(tmp_path, seed, uncertainty="epinet", replay="tiny seed 3 (4f0c2a1b)", max_unique=0.7, **selecting)
        write_run(tmp_path, seed, curve=WHOLE, uncertainty="dropout", mode="accumulate", warm_start=0.5, **BASELINE)
    assert line(compare(tmp_path), "Entropy")["baseline_differs"] == "uncertainty"
    assert "; the baseline differs in uncertainty too." in text_of(tmp_path)


def test_without_a_test_set_another_baseline_is_told_with_stability(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed, test=None, uncertainty="epinet")
        write_run(tmp_path, seed, test=None, curve=WHOLE, uncertainty="dropout", **BASELINE)
    (sentence,) = [part for part in text_of(tmp_path).splitlines() if "in its last epochs" in part]
    assert sentence.endswith("; the baseline differs in uncertainty too.")


def test_a_repeated_arm_is_compared_with_random_selection_repeated_alike_or_else_with_any(tmp_path):
    replay = "tiny seed 3 (4f0c2a1b)"
    for seed in range(3):
        write_run(tmp_path, seed, test=0.8, replay=replay, recluster="once")
        write_run(tmp_path, seed, test=0.7, recluster="once", **RANDOM)
    found = line(compare(tmp_path), "Entropy")
    assert (found["random"], found["random_differs"]) == ("Random", "replay")
    assert found["random_difference"] == pytest.approx(0.1)
    assert "; that control differs in replay too." in text_of(tmp_path)
    for seed in range(3):
        write_run(tmp_path, seed, test=0.6, replay=replay, recluster="each", cluster="Whole", **RANDOM)
    found = compare(tmp_path).set_index("kind").loc["selection"]
    assert (found["random_differs"], found["random_difference"]) == ("cluster, recluster", pytest.approx(0.2))
