"""The report: its sentences, the input it refuses, and each output format."""

import json
import sys
from io import StringIO
from types import SimpleNamespace

import pandas as pd
import pytest

from alft.cli.main import main
from alft.report import as_csv, as_terminal, compare, contrasts, load_epochs, load_runs
from alft.report.sheets import sections

from .report_material import BASELINE, RANDOM, WHOLE, line, sentences_of, text_of, write_run, write_study


@pytest.mark.parametrize("seeds", [1, 2])
def test_with_few_seeds_nothing_is_decided(tmp_path, seeds):
    write_study(tmp_path, seeds=seeds)
    told = sentences_of(tmp_path, "Entropy")
    common = f"not decidable: {seeds} pair{'s' * (seeds > 1)} of runs in common, 3 are needed."
    assert f"the comparison with random selection at the same budget is {common}" in told
    assert f"the comparison with the baseline (all labels) is {common}" in told
    assert "better than" not in text_of(tmp_path)


def test_sentences_say_what_the_figures_say(tmp_path):
    write_study(tmp_path, 5)
    text = text_of(tmp_path)
    found = line(compare(tmp_path), "Entropy")
    assert found["random_adjusted_p"] < 0.001
    assert found["random_low"] > 0 > found["baseline_low"]
    interval = f"[{100 * found['random_low']:+.1f}, {100 * found['random_high']:+.1f}]"
    unknown = "not known over texts; p below 0.001"
    figures = f"{100 * found['random_difference']:+.1f} F1 points, {interval} over 5 pairs of runs, {unknown}"
    on_baseline, on_random, at_equal_labels, *_ = sentences_of(tmp_path, "Entropy")
    assert on_baseline.startswith("not distinguishable from the baseline (all labels): ")
    missed = f"an effect below {100 * found['baseline_visible']:.1f} points was likely to be missed."
    assert on_baseline.endswith(f"p {found['baseline_adjusted_p']:.3f} after Holm for 2 comparisons; {missed}")
    assert on_random == f"better than random selection at the same budget: {figures}."
    assert at_equal_labels.startswith("better than random selection in validation F1 at equal labels (70): ")
    assert sentences_of(tmp_path, "Random")[0].startswith("worse than the baseline (all labels): ")
    assert "In recalculate mode" not in text
    assert "- baseline:" not in text


def test_missing_controls_are_said(tmp_path):
    write_run(tmp_path)
    told = sentences_of(tmp_path, "Entropy")
    assert "random selection at the same budget is not among these runs." in told
    assert "the baseline (all labels) with the same encoder and training is not among these runs." in told


def test_without_a_test_set_it_is_said_once(tmp_path):
    for seed in range(3):
        write_run(tmp_path, seed, test=None)
        write_run(tmp_path, seed, test=None, **RANDOM)
    text = text_of(tmp_path)
    assert text.count("There is no test set") == 1
    assert "at the same budget:" not in text
    assert (
        "not distinguishable from random selection in validation F1 at equal labels (70): +0.0 F1 points, [+0.0, +0.0]" in text
    )
    assert compare(tmp_path)[["test_f1", "collapsed", "random_difference"]].isna().all(axis=None)
    assert load_runs(tmp_path)["collapsed"].tolist() == [None] * 6


def test_runs_that_predict_one_class_are_counted(tmp_path):
    for seed, predicted in enumerate([(100, 0), (0, 100), (1, 99), (50, 50)]):
        write_run(tmp_path, seed, predicted=predicted)
    assert load_runs(tmp_path)["collapsed"].tolist() == [True, True, False, False]
    assert "; 50% of its runs predict one class only, of which no spread over epochs is taken." in text_of(tmp_path)


def test_a_curve_of_one_step_is_said_to_tell_nothing(tmp_path):
    write_run(tmp_path, curve=WHOLE, budget="Linear(start=1.0, stop=0.5)")
    write_run(tmp_path, budget="Constant(share=0.3)")
    write_run(tmp_path, curve=WHOLE, **BASELINE)
    (sentence,) = [part for part in text_of(tmp_path).splitlines() if "bought in epoch 0" in part]
    assert sentence.endswith("fewer labels: Entropy, 100 % of labels.")
    assert text_of(tmp_path).count(" one step |") == 2 * 4  # the baseline's too


# What is refused


def test_no_finished_run_is_an_error(tmp_path, capsys):
    with pytest.raises(ValueError, match="no finished run"):
        load_runs(tmp_path)
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"alft: error: no finished run (a folder with summary.json) below {tmp_path}\n"
    with pytest.raises(ValueError, match="runs: there is no folder"):
        compare(tmp_path / "misspelt")


def test_a_run_counted_twice_is_refused_naming_both(tmp_path):
    folders = [write_run(tmp_path / "a", seed=3), write_run(tmp_path / "b", seed=3)]
    with pytest.raises(ValueError, match=f"{folders[0]} and {folders[1]} have the same settings and seed 3"):
        load_epochs(tmp_path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": {"pool": 100}}, "labels.bought is missing"),
        ({"seed": "x"}, 'seed must be int, got "x"'),
        ({"test": {"f1_macro": True, "predicted": None}}, "test.f1_macro must be int or float or null, got true"),
        ({"epochs": [{"epoch": 0}]}, "epochs.0.share is missing"),
        ({"epochs": []}, "epochs hold no val_f1_macro"),
        (
            {"labels": {"pool": 0, "bought": 0, "unique_saving": 0, "exposure_saving": 0}},
            r"labels.bought must be in \[1, labels.pool=0\], got 0",
        ),
    ],
)
def test_a_foreign_summary_is_refused_naming_what_is_wrong(tmp_path, change, sentence):
    path = write_run(tmp_path) / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=f"{path} is not the summary of a run: {sentence}"):
        compare(tmp_path)


@pytest.mark.parametrize("content", [b'{"name": ', b"\xff\xfe"])
def test_a_broken_summary_is_refused_in_one_line(tmp_path, content, capsys):
    path = write_run(tmp_path) / "summary.json"
    path.write_bytes(content)
    assert main(["report", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"alft: error: {path} is not JSON: ")
    assert error.count("\n") == 1


def test_outputs_are_not_written_over(tmp_path, capsys):
    write_study(tmp_path / "runs", seeds=1)
    output = tmp_path / "report.md"
    arguments = ["report", str(tmp_path / "runs"), "--format", "markdown", "--output", str(output)]
    assert main(arguments) == 0
    assert output.read_text() == text_of(tmp_path / "runs")
    assert main(arguments) == 2
    assert "output: " in capsys.readouterr().err
    output.write_text("old")
    assert main([*arguments, "--force"]) == 0
    assert output.read_text() == text_of(tmp_path / "runs")
    for place, reason in {tmp_path: "is a folder", tmp_path / "no" / "x": "there is no folder"}.items():
        assert main([*arguments[:-1], str(place)]) == 2
        assert reason in capsys.readouterr().err
    assert main(["report", str(tmp_path / "runs"), "--output", str(tmp_path / "new.md"), "--plots", str(output)]) == 2
    assert f"plots must be a folder, and {output} is a file" in capsys.readouterr().err
    assert not (tmp_path / "new.md").exists()
    assert main(["report", str(tmp_path / "runs"), "--format", "xml"]) == 2
    assert "format must be one of table, markdown, csv, csv_contrasts, csv_suspects, got xml" in capsys.readouterr().err


def test_plots_are_drawn_from_the_two_tables(tmp_path, monkeypatch, capsys):
    write_study(tmp_path / "runs", seeds=1)
    drawn = []

    def draw_all(runs, epochs, folder):
        drawn.append((runs, epochs))
        return [folder / "a.png", folder / "b.png"]

    monkeypatch.setitem(
        sys.modules, "alft.report.plots.draw", SimpleNamespace(draw_all=draw_all, draw_ranks=lambda table, folder: [])
    )
    assert main(["report", str(tmp_path / "runs"), "--format", "csv", "--plots", str(tmp_path / "plots" / "new")]) == 0
    pd.testing.assert_frame_equal(drawn[0][0], load_runs(tmp_path / "runs"))
    pd.testing.assert_frame_equal(drawn[0][1], load_epochs(tmp_path / "runs"))
    told = capsys.readouterr()
    assert told.err == f"plots: 2 files in {tmp_path}/plots/new\n"
    assert told.out == as_csv(compare(tmp_path / "runs"))
    assert (tmp_path / "plots" / "new").is_dir()


# What it looks like


@pytest.mark.parametrize("width", [100, 128])
def test_tables_are_readable_in_a_terminal(tmp_path, width):
    write_study(tmp_path, seeds=3, budget="Linear(start=1.0, stop=0.5)", embedding="MeanTokens")
    write_study(tmp_path, seeds=3, budget="Exponential(start=1.0, stop=0.25)", embedding="WordVectors(path=words.vec)")
    text = as_terminal(compare(tmp_path), contrasts(tmp_path), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    figures = {
        cell
        for section in sections(compare(tmp_path))
        for sheet in section.sheets
        for row in sheet.rows
        for cell in row[sheet.words :]
    }
    assert len(figures) > 30
    assert all(f" {figure} " in text for figure in figures)  # whole, not broken


def test_markdown_keeps_its_columns_whatever_a_label_holds(tmp_path):
    write_run(tmp_path, backbone="a|b")
    write_run(tmp_path, backbone="*c*")
    rows = [row for row in text_of(tmp_path).splitlines() if row.startswith("|")]
    assert len(rows) == 5 * 4 + 3  # sheets of a header, a rule and two arms, and what their one difference does
    assert len({row.replace("\\|", "").count("|") for row in rows[:4]}) == 1
    assert any("Entropy, backbone \\*c\\*" in row for row in rows)


def test_csv_has_all_figures_unrounded(tmp_path):
    write_study(tmp_path)
    table = compare(tmp_path)
    again = pd.read_csv(StringIO(as_csv(table)), dtype=str, keep_default_na=False)
    assert list(again.columns) == list(table.columns)
    for column in table.select_dtypes(float):
        assert again[column].tolist() == ["" if pd.isna(value) else repr(value) for value in table[column].tolist()]
    assert json.loads(again["settings"][0])["acquire"] is None


def test_real_runs_are_reported_in_every_format(fit, capsys):
    for seed in ("0", "1"):
        fit("--seed_everything", seed, "--trainer.max_epochs", "1")
        fit("--seed_everything", seed, "--trainer.max_epochs", "1", "--active.enabled", "false", "--arm", "every label")
    runs, epochs = load_runs("runs"), load_epochs("runs")
    assert list(runs["arm"]) == ["every label", "every label", "Entropy", "Entropy"]
    assert list(epochs["epoch"]) == [0] * 4
    assert list(epochs["bought"]) == [64, 64, 44, 44]
    found = line(compare("runs"), "Entropy")
    means = runs.groupby("arm")["test_f1_macro"].mean()
    assert found["test_f1"] == pytest.approx(means["Entropy"])
    assert found["baseline_difference"] == pytest.approx(means["Entropy"] - means["every label"])
    for form, beginning in {
        "table": "tiny, pool of 64 (",
        "markdown": "## tiny, pool of 64 (",
        "csv": "name,fingerprint,arm,",
    }.items():
        capsys.readouterr()
        assert main(["report", "runs", "--format", form]) == 0
        assert capsys.readouterr().out.startswith(beginning)
    capsys.readouterr()
    assert main(["report", "runs"]) == 0
    out = capsys.readouterr().out
    assert "- Entropy:\n  - the comparison with the baseline (all labels) is not decidable: 2 pairs of runs in common" in out
    assert "majority class 0." in out
