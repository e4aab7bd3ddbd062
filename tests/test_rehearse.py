"""``alft rehearse``: rounds out of a file with labels, several policies and seeds, and what each would have saved."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from alft.cli.main import main
from alft.cli.parser import SentenceParser, setting_names
from alft.cli.rehearse_command import _add_arguments, _divided
from alft.grid.cell_folder import CellFolder
from alft.grid.policies import read_policies
from alft.report import as_markdown, as_rehearsal, budgets, compare
from alft.report.intervals import difference_of
from alft.report.savings import SHARE

from . import faults
from .conftest import ROOT, summary_of
from .report_material import BASELINE, RANDOM, WHOLE, line, write_run
from .test_grid import SameProcess

TINY = ("rehearse", "--config", "configs/tiny.yaml", "--rounds", "3", "--count", "6", "--trainer.max_epochs", "1")


class Forked:
    """The process of a cell, forked from a server that has imported everything: a second instead of ten."""

    def __init__(self, cell: CellFolder) -> None:
        self.cell = cell
        self.process = faults.start(["fit", *cell.arguments, "--trainer.enable_progress_bar=false"], Path.cwd())
        self.pid = self.process.pid

    @property
    def returncode(self):
        return self.process.exitcode

    def poll(self):
        if self.returncode is not None:
            ended = faults.finish(self.process, Path.cwd())
            (self.cell.path / "log.txt").write_text(ended.out + ended.err)
        return self.returncode


@pytest.fixture
def rehearse(workplace, monkeypatch, capsys):
    """Run the command in this process, and its runs in forked ones; returns exit code, output and errors."""
    monkeypatch.setattr("alft.cli.grid_command.SettingsService", SameProcess)
    monkeypatch.setattr("alft.cli.rehearse_command.SettingsService", SameProcess)
    monkeypatch.setattr(CellFolder, "start", lambda cell, threads: Forked(cell))
    monkeypatch.setenv("COLUMNS", "140")

    def run(*arguments):
        capsys.readouterr()
        code = main([*TINY, *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_a_rehearsal_of_two_policies_and_two_seeds_from_end_to_end(rehearse):
    more = ("--policies", "Margin", "--seeds", "2", "--noise", "0.1", "--skip", "0.2", "--data.limit", "48")
    code, out, err = rehearse(*more)
    assert code == 0, err
    told = " ".join(out.split())
    assert (
        "rehearsal: 2 policies x 2 seeds, 3 rounds of 6 texts out of 48, each trained 1 epoch from the pretrained weights; and "
        "2 runs with all 48 labels"
    ) in told
    # 4 runs of 6 + 12 + 18 texts, 2 of 48
    assert "work: 6 runs that train on 240 texts in all" in told
    assert "at most 12 passes over the pool to choose from it, and 12 over the 24 texts of the test set" in told
    assert "rehearsal: 6 runs, 0 finished, 6 to do in runs/rehearse-tiny" in told
    runs = {
        (s["settings"]["selection"]["acquire"], s["seed"]): s for s in map(summary_of, Path("runs").glob("*/*/tiny/version_0"))
    }
    assert set(runs) == {(acquire, seed) for acquire in ("Random", "Margin", None) for seed in (0, 1)}
    for (acquire, _), summary in runs.items():
        assert (summary["settings"]["data"]["noise"], summary["settings"]["data"]["skip"]) == (0.1, 0.2)
        bought = [record["bought"] for record in summary["epochs"]]
        assert bought == ([48] if acquire is None else [6, 12, 18])
        if acquire is not None:
            assert summary["settings"]["selection"]["restart"] == "each_set"
            assert all(record["test_f1_macro"] is not None for record in summary["epochs"])
    assert not list(Path("runs").rglob("*.ckpt"))
    assert "\nTest macro-F1 after each round: mean over runs, below it the 95 % interval\n" in out
    assert "Savings over the rounds, by test macro-F1" in out
    every = np.mean([runs[None, seed]["test"]["f1_macro"] for seed in (0, 1)])
    assert f"With all 48 labels the test F1 is {every:.3f} (2 runs); 95% of it is {0.95 * every:.3f}." in told
    for acquire in ("Random", "Margin"):
        means = np.mean([[r["test_f1_macro"] for r in runs[acquire, seed]["epochs"]] for seed in (0, 1)], axis=0)
        assert f"- {acquire}: over the rounds its test F1 has a mean of {np.mean([means[:2], means[1:]]):.3f}" in told
        row = next(part for part in out.splitlines() if part.startswith(f"│ {acquire} "))
        assert [f"{mean:.3f}" for mean in means] == row.split()[3:8:2]
    files = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("summary.json")}
    code, again, err = rehearse(*more)  # nothing is left to run, and the table is the same
    assert code == 0, err
    assert "6 runs, 6 finished, 0 to do" in again
    assert again[again.index("tiny, pool of 48") :] == out[out.index("tiny, pool of 48") :]
    assert {path: path.stat().st_mtime_ns for path in Path("runs").rglob("summary.json")} == files
    assert main(["report", "runs/rehearse-tiny"]) == 0  # the ordinary report reads the same runs


MISTAKES = [
    (("--rounds", "1"), "rounds must be at least 2, got 1"),
    (("--seeds", "0"), "seeds must be at least 1, got 0"),
    (("--count", "30"), "rounds x count must be at most the 64 labelled texts of the pool, got 3 x 30 = 90"),
    (("--policies", "Margn"), "active.acquire: there is no Margn; did you mean Margin?"),
    (("--policies", "Margin", "Margin"), "policies: 'Margin' is there twice"),
    (("--policies", "Bald", "Bald(passes=10)"), "policies: Bald(passes=10) and Bald are the same settings"),
    (("--policies", "Switch(Margin)"), "policies must be a class such as Margin, a call such as"),
    (("--policies", "none.yaml"), "policies: none.yaml cannot be read"),
    (("--noise", "2"), "data.noise must be a share in [0, 1], got 2"),
    (("--model.lrr", "1"), "there is no setting --model.lrr; did you mean --model.lr?"),
    (("--round", "3"), "there is no setting --round"),
    (("--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=val_loss"), "EarlyStopping would end a rehearsal"),
    (("--export", "here"), "export: every run of a rehearsal would write here"),
    (("--active.budget=Full",), "--active.budget is determined by a rehearsal"),
    (("--active.acquire.passes", "3"), "--active.acquire.passes is determined by a rehearsal"),
    (("--active.drop_unlearned", "1"), "active.drop_unlearned must be below trainer.max_epochs=1 in a rehearsal"),
    (("--seed_everything", "3"), "--seed_everything is determined by a rehearsal"),
]


@pytest.mark.parametrize(("more", "told"), MISTAKES, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_mistakes_are_told_before_anything_runs(rehearse, more, told):
    code, _, err = rehearse(*more)
    assert code == 2
    assert told in err
    assert not Path("runs").exists()


def test_data_without_a_test_set_are_refused(rehearse):
    shutil.copytree("tiny-data", "untested")
    Path("untested/test.csv").unlink()
    code, _, err = rehearse("--data.source", "untested")
    assert code == 2
    assert "data.source has no test set, and a rehearsal is measured on one" in err


def test_rounds_and_count_are_required(rehearse, capsys):
    assert main(["rehearse", "--config", "configs/tiny.yaml", "--rounds", "3"]) == 2
    assert "count" in capsys.readouterr().err


def test_policies_are_read_in_every_form(in_a_folder):
    nested = "Mixture(a=Switch(first=TypiClust, then=Margin, at=40, unit='labels'), b=my_scores.Mine, share=0.25)"
    block = {"acquire": "Margin", "cluster": "Whole", "allocate": "equal"}
    Path("mine.yaml").write_text(yaml.safe_dump({"whole": block}, sort_keys=False))
    five = '{"class_path": "Bald", "init_args": {"passes": 5}}'
    found = read_policies(["Random", nested, five, "mine.yaml"])
    assert [policy.name for policy in found] == ["Random", nested, five, "whole"]
    switch = {"first": {"class_path": "TypiClust"}, "then": {"class_path": "Margin"}, "at": 40, "unit": "labels"}
    mixed = {"a": {"class_path": "Switch", "init_args": switch}, "b": {"class_path": "my_scores.Mine"}, "share": 0.25}
    assert found[1].settings == {"acquire": {"class_path": "Mixture", "init_args": mixed}}
    assert json.loads(found[1].arguments[0].removeprefix("--active.acquire=")) == found[1].settings["acquire"]
    whole = ['--active.acquire={"class_path": "Margin"}', '--active.cluster={"class_path": "Whole"}', "--active.allocate=equal"]
    assert found[3].arguments == [*whole, "--arm=whole"]
    Path("empty.yaml").write_text("margin: Margin")
    with pytest.raises(ValueError, match="must map names to settings of active"):
        read_policies(["empty.yaml"])


def test_a_policy_that_sets_what_the_rounds_determine_is_refused(rehearse):
    Path("mine.yaml").write_text("mine: {acquire: Margin, mode: unseen}")
    code, _, err = rehearse("--policies", "mine.yaml")
    assert code == 2
    assert "policies: mine sets active.mode, which the rounds of a rehearsal determine" in err


SCORES = {
    "Random": [(0.40, 0.50, 0.60), (0.42, 0.52, 0.66), (0.44, 0.54, 0.62)],
    "Margin": [(0.45, 0.60, 0.70), (0.50, 0.62, 0.68), (0.48, 0.50, 0.72)],
}
COUNTS = (10, 20, 40)


@pytest.fixture
def study(tmp_path):
    """Three seeds; with all labels 0.68, 0.70 and 0.66, so that 95 % of their mean is 0.646."""
    for seed in range(3):
        write_run(tmp_path, seed, 0.68 + (0.0, 0.02, -0.02)[seed], WHOLE, **BASELINE)
        for acquire, scores in SCORES.items():
            curve = [(count, 0.5) for count in COUNTS]
            folder = write_run(tmp_path, seed, scores[seed][-1], curve, **{**RANDOM, "acquire": acquire, "mode": "accumulate"})
            summary = summary_of(folder)
            for record, score in zip(summary["epochs"], scores[seed], strict=True):
                record["test_f1_macro"] = score
            (folder / "summary.json").write_text(json.dumps(summary))
    return tmp_path


def ends_of(values):
    found = difference_of(values)
    return found.low, found.high


def test_figures_are_those_computed_by_hand(study):
    table = compare(study)
    margin, random = line(table, "Margin"), line(table, "Random")
    assert margin["rounds_target"] == pytest.approx(SHARE * 0.68) == pytest.approx(0.646)
    # (10 x mean of the first two + 20 x mean of the last two) / 30, by seed
    areas = {
        "Margin": [(10 * 0.525 + 20 * 0.65) / 30, (10 * 0.56 + 20 * 0.65) / 30, (10 * 0.49 + 20 * 0.61) / 30],
        "Random": [(10 * 0.45 + 20 * 0.55) / 30, (10 * 0.47 + 20 * 0.59) / 30, (10 * 0.49 + 20 * 0.58) / 30],
    }
    assert margin["rounds_area"] == pytest.approx(np.mean(areas["Margin"]))
    assert random["rounds_area"] == pytest.approx(np.mean(areas["Random"]))
    assert (margin["rounds_area_low"], margin["rounds_area_high"]) == pytest.approx(ends_of(np.array(areas["Margin"])))
    differences = np.array(areas["Margin"]) - np.array(areas["Random"])
    assert margin["rounds_random_area_difference"] == pytest.approx(differences.mean())
    ends = (margin["rounds_random_area_low"], margin["rounds_random_area_high"])
    assert ends == pytest.approx(ends_of(differences))
    # Margin gets there with 40, 40 and 40 labels; Random with seed 1 alone, the others count with their last 40.
    assert (margin["rounds_labels"], margin["rounds_missed"], margin["rounds_runs"]) == (40, 0, 3)
    assert (random["rounds_labels"], random["rounds_missed"]) == (40, 2)
    assert (margin["rounds_random_labels_difference"], margin["rounds_random_labels_pairs"]) == (0, 3)
    assert margin["rounds_random_missed"] == 2
    assert np.isnan(random["rounds_random_area_difference"])
    assert line(table, "baseline")["rounds_runs"] == 0


def test_a_run_that_gets_there_only_for_a_while_does_not_count(study):
    for folder in study.glob("run_*"):
        summary = summary_of(folder)
        if summary["settings"]["selection"]["acquire"] == "Margin":
            summary["epochs"][0]["test_f1_macro"] = 0.66
            summary["epochs"][1]["test_f1_macro"] = 0.66 if summary["seed"] else 0.60
            (folder / "summary.json").write_text(json.dumps(summary))
    margin = line(compare(study), "Margin")
    assert margin["rounds_labels"] == pytest.approx((40 + 10 + 10) / 3)
    assert margin["rounds_random_labels_difference"] == pytest.approx(-20)


def test_the_tables_and_sentences_for_reading(study):
    text = as_rehearsal(compare(study), budgets(study), 140)
    assert "With all 100 labels the test F1 is 0.680 (3 runs); 95% of it is 0.646." in text
    told = " ".join(text.replace("┃", " ").replace("│", " ").split())
    assert "Random 0.420 0.520 0.627 0.37-0.47 0.47-0.57 0.55-0.70" in told
    assert "labels bought (10%) (20%) (40%)" in told
    assert "Random 0.539 - at least 40 - 0.491-0.587 (2 of 3 not there)" in told
    random, margin = (next(line for line in told.split("- ") if line.startswith(f"{name}: ")) for name in SCORES)
    assert random.startswith(
        "Random: over the rounds its test F1 has a mean of 0.539; it needs at least 40 labels for a test F1 of 0.646 (2 of 3 "
        "runs did not get there)."
    )
    assert margin.startswith(
        "Margin: over the rounds its test F1 has a mean of 0.599; not distinguishable from random selection in that mean: +6.1 "
        "F1 points, [-3.1, +15.2] over 3 pairs of runs; p 0.104; an effect below 12.0 points was likely to be missed; it needs "
        "40 labels for a test F1 of 0.646; in labels not distinguishable from random selection: +0 [+0, +0] (3), p 1.000, "
        "which did not get there in 2 of 3 runs."
    )
    report = as_markdown(compare(study), budgets=budgets(study))
    assert "### Savings over the rounds, by test macro-F1" in report
    assert "over the rounds its test F1 has a mean of 0.599" in report


def test_eight_rounds_fit_into_a_page(tmp_path):
    for seed in range(3):
        for acquire in ("Random", "Switch(first=TypiClust(), then=Margin(), at=40, unit='labels')"):
            curve = [(12 * round_, 0.5) for round_ in range(1, 9)]
            folder = write_run(tmp_path, seed, 0.5, curve, more={"arm": acquire}, **{**RANDOM, "acquire": acquire})
            summary = summary_of(folder)
            for number, record in enumerate(summary["epochs"]):
                record["test_f1_macro"] = 0.5 + number / 100 + seed / 1000
            (folder / "summary.json").write_text(json.dumps(summary))
    text = as_rehearsal(compare(tmp_path), budgets(tmp_path), 128)
    assert max(map(len, text.splitlines())) <= 128
    for number in range(8):
        assert f"{0.501 + number / 100:.3f}" in text
    assert text.count("0.50-0.50") == 2
    assert "unit='labels')" in text


def test_runs_that_ended_early_and_other_numbers_of_labels_are_not_compared(study):
    for folder in study.glob("run_*"):
        summary = summary_of(folder)
        if summary["settings"]["selection"]["acquire"] == "Margin":
            summary["settings"]["training"]["max_epochs"] = 3
            if summary["seed"] == 2:  # it ended before its last round
                summary["epochs"] = summary["epochs"][:2]
            summary["epochs"][1]["bought"] = 25
            (folder / "summary.json").write_text(json.dumps(summary))
    margin = line(compare(study), "Margin")
    assert margin["rounds_runs"] == 2
    assert margin["rounds_random_area_pairs"] == 0
    assert np.isnan(margin["rounds_random_labels_difference"])


def test_the_page_names_every_argument_and_its_policies_can_be_read(in_a_folder):
    page = (ROOT / "docs" / "rehearse.md").read_text(encoding="utf-8")
    parser = SentenceParser()
    _add_arguments(parser)
    assert all(f"`--{name}`" in page for name in setting_names(parser))
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    Path("policies.yaml").write_text(block)
    assert [policy.name for policy in read_policies(["policies.yaml"])] == ["margin in clusters", "margin everywhere"]
    assert "--arm=margin in clusters" in read_policies(["policies.yaml"])[0].arguments, "which is what the report calls it"
    (call,) = re.findall(r'"(Switch\(.*?\))"', page)
    assert read_policies([call])[0].settings["acquire"]["class_path"] == "Switch"
    commands = re.findall(r"alft rehearse (.*)", page.replace("\\\n", " "))
    divided = [_divided(command.split(), setting_names(parser)) for command in commands]
    assert [parser.parse_args(ours).count for ours, _ in divided] == [40, 40]
    assert [of_fit[:2] for _, of_fit in divided] == [["--config", "configs/maltese.yaml"], ["--config", "configs/slovak.yaml"]]
    assert parser.parse_args(divided[1][0]).root == "results/rehearse/runs"
