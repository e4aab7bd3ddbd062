"""Sweeps and notebooks: every value a sweep may try parses, every cell of a notebook runs on real run folders."""

import itertools
import json

import pytest
import yaml

from alft.report import compare_arms, load_epochs, load_runs
from alft.run.cli import main

from .conftest import ROOT

SWEEPS = sorted((ROOT / "sweeps").glob("*.yaml"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_value_of_a_sweep_parses(path, workplace, capsys):
    sweep = yaml.safe_load(path.read_text())
    names, values = zip(*((name, entry["values"]) for name, entry in sweep["parameters"].items()), strict=True)
    for row in itertools.zip_longest(*values):  # every value once, not every combination
        chosen = [f"--{name}={value}" for name, value in zip(names, row, strict=True) if value is not None]
        with pytest.raises(SystemExit) as stop:
            main(["fit", "--config=configs/maltese.yaml", *chosen, "--print_config"])
        assert stop.value.code == 0, capsys.readouterr().err


def test_reports_tell_arms_by_the_settings_that_differ(fit):
    for seed in ("0", "1"):
        fit("--seed_everything", seed, "--trainer.max_epochs", "1")
        fit("--seed_everything", seed, "--trainer.max_epochs", "1", "--active.enabled", "false")
    runs = load_runs("runs")
    assert len(runs) == 4
    assert sorted(runs.groupby("arm").size()) == [2, 2]
    assert all("budget" in arm and "lr" not in arm for arm in runs["arm"])
    table = compare_arms(runs)
    for (_, _, arm), line in table.iterrows():
        scores = runs[runs["arm"] == arm]["test_f1_macro"]
        assert line["count"] == 2
        assert line["mean"] == pytest.approx(scores.mean())
        assert line["std"] == pytest.approx(abs(scores.iloc[0] - scores.iloc[1]) / 2**0.5)
    epochs = load_epochs("runs")
    assert list(epochs["epoch"]) == [0] * 4
    assert set(epochs["bought"]) == {44, 64}


def test_no_finished_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no finished run"):
        load_runs(tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_every_cell_of_a_notebook_runs(path, fit, monkeypatch):
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    fit()
    fit("--seed_everything", "1")
    names: dict[str, object] = {}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    (number,) = plt.get_fignums()
    axes = plt.figure(number).axes[0]
    assert axes.get_xlabel() == "epoch"
    assert axes.get_ylabel() == "validation macro-F1"
    assert len(axes.lines[0].get_xdata()) == 3
    plt.close("all")
