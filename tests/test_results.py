"""The documents contain exactly the tables of the committed runs."""

import csv
from pathlib import Path

import pytest
import yaml

from alft.cli.main import main
from alft.report import budgets
from alft.report.summaries import find_runs

from .conftest import ROOT

WEAK = ROOT / "results" / "2026-11-weak-trainer" / "runs"
SELECTIONS = ROOT / "results" / "selections" / "runs"


@pytest.mark.parametrize(("runs", "document"), [(WEAK, "results_weak_trainer"), (SELECTIONS, "results_tables")])
def test_the_tables_of_the_document_are_those_of_the_report(runs, document, capsys):
    assert main(["report", str(runs), "--format", "markdown"]) == 0
    assert capsys.readouterr().out in (ROOT / "docs" / f"{document}.md").read_text(encoding="utf-8")


def test_the_tables_of_the_overview_are_those_of_the_runs(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results")
    module = __import__("overview")
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    for made in (module.table, module.lora, module.counts):
        assert made() in text


@pytest.mark.parametrize("run", find_runs(WEAK, SELECTIONS), ids=lambda run: Path(run.folder).parents[1].name)
def test_a_committed_run_has_its_metrics_and_its_command_and_tells_no_text(run):
    lines = (Path(run.folder) / "metrics.csv").read_text().splitlines()
    assert len(lines) == 1 + len(run.epochs) + 1  # header, epochs, test
    command = (Path(run.folder).parents[1] / "command.txt").read_text()
    assert command.startswith("python -m alft fit --config results/")
    for path in Path(run.folder).rglob("*"):
        assert path.name in {"config.yaml", "metrics.csv", "predictions.parquet", "selection.parquet", "summary.json"}


def test_the_tables_of_selections_are_those_of_the_runs(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results" / "selections")
    module = __import__("budgets_table")
    text = (ROOT / "docs" / "selections.md").read_text(encoding="utf-8")
    found = budgets(module.RUNS)
    assert set(found["runs"]) == {3}
    for _, lines in found.groupby("name"):
        assert module.table(lines) in text


def test_the_table_of_recipes_is_that_of_the_runs(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results" / "recipes")
    module = __import__("table")
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    found = module.read(module.RUNS)
    assert module.table(module.in_common(found)) in text
    assert module.later_table(found) in text


def test_the_table_of_probes_is_that_of_the_figures(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results" / "recipes")
    module = __import__("probes")
    lines = list(csv.DictReader(module.FIGURES.read_text(encoding="utf-8").splitlines()))
    assert module.table(lines) in (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "name", "document"),
    [
        ("recipes", "final_table", "recipes"),
        ("recipes", "levers_table", "recipes"),
        ("adapt", "folds", "adapt"),
        ("rehearse", "rounds_table", "rehearse"),
        ("tags", "arms_table", "tags"),
    ],
)
def test_the_table_of_a_document_is_that_of_its_runs(monkeypatch, folder, name, document):
    monkeypatch.syspath_prepend(ROOT / "results" / folder)
    assert __import__(name).table() in (ROOT / "docs" / f"{document}.md").read_text(encoding="utf-8")


def test_every_lever_is_in_its_table(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results" / "recipes")
    levers = __import__("levers_table").LEVERS
    assert len(levers) == 1 + len(list((ROOT / "results" / "recipes" / "levers" / "candidates").glob("*.yaml")))


def test_the_table_of_the_campaigns_is_that_of_their_scores(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "results" / "campaign")
    module = __import__("story")
    lines = list(csv.DictReader(module.SCORES.read_text(encoding="utf-8").splitlines()))
    assert len(lines) == module.SEEDS * (1 + module.ROUNDS * len(module.POLICIES))
    assert module.table(lines) in (ROOT / "docs" / "annotate.md").read_text(encoding="utf-8")


def test_every_candidate_is_in_every_sweep_and_explained():
    folder = ROOT / "results" / "recipes"
    candidates = {path.stem for path in (folder / "candidates").glob("*.yaml")}
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    for name in candidates:
        assert f"\n| {name} | " in text
    for sweep in (folder / "sweeps").glob("*.yaml"):
        assert {Path(value).stem for value in yaml.safe_load(sweep.read_text())["parameters"]["config"]["values"]} == candidates
