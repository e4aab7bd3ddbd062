"""Sweep files: every value parses in any order, and no two cells are the same run."""

import itertools
import json
import re

import pytest
import yaml

from alft.cli.fit_settings import FitSettings
from alft.grid.sweep_file import Cell, read_sweep
from alft.system.quiet import quieten

from .conftest import ROOT

SWEEPS = [*sorted((ROOT / "sweeps").glob("*.yaml")), *sorted((ROOT / "results" / "sweeps").glob("*.yaml"))]


def settings_of(cell: Cell) -> dict:
    quieten()
    asked = FitSettings(list(cell.arguments))
    if "WordVectors" in "".join(cell.arguments):  # a file that users fetch
        with pytest.raises(ValueError, match=r"active\.embedding\.path: no such file"):
            asked.refuse_out_of_range()
    else:
        asked.refuse_out_of_range()
    settings = asked.plain
    return {block: settings[block] for block in ("seed_everything", "data", "model", "active", "trainer")}


def few_of(cells: list[Cell]) -> list[Cell]:
    """Cells that hold every value once, where all would be too many for a test."""
    seen: set[tuple[str, str]] = set()
    few = []
    for cell in cells:
        if not seen.issuperset(cell.chosen):
            few.append(cell)
            seen.update(cell.chosen)
    return few


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_value_of_a_sweep_parses_in_either_order(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    cells = read_sweep(path)
    few = few_of(cells)
    assert {pair for cell in few for pair in cell.chosen} == {pair for cell in cells for pair in cell.chosen}
    found = [settings_of(cell) for cell in few]
    for cell, settings in zip(few, found, strict=True):
        fixed, given = cell.arguments[: -len(cell.chosen)], cell.arguments[-len(cell.chosen) :]
        turned = Cell((*fixed, *reversed(given)), cell.chosen)  # W&B promises no order
        assert settings_of(turned) == settings, cell.label
    for one, other in itertools.combinations(found, 2):
        assert one != other


RECIPES = sorted((ROOT / "results" / "recipes" / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("path", [*SWEEPS, *RECIPES], ids=lambda path: path.stem)
def test_a_sweep_file_is_what_wandb_expects(path):
    sweep = yaml.safe_load(path.read_text())
    assert sweep["command"][:5] == ["${env}", "python", "-m", "alft", "fit"]
    assert sweep["command"][-1] == "${args}"
    for name, entry in sweep["parameters"].items():
        assert all(isinstance(value, str) for value in entry["values"]), f"{name} must be strings, as typed"
    cells = read_sweep(path)
    assert re.search(rf"(?<!\d){len(cells)} runs", path.read_text().replace("\n# ", " "))
    assert len({cell.name for cell in cells}) == len(cells)


def write_sweep(tmp_path, **changes):
    sweep = {
        "method": "grid",
        "command": ["${env}", "python", "-m", "alft", "fit", "--config", "configs/tiny.yaml", "${args}"],
        "parameters": {"seed_everything": {"values": ["0", "1"]}, "model.lr": {"value": "1e-3"}},
    }
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml.safe_dump(sweep | changes, sort_keys=False))
    return path


def test_cells_are_the_product_with_the_last_parameter_changing_fastest(tmp_path):
    parameters = {"seed_everything": {"values": ["0", "1"]}, "active.acquire": {"values": ["Bald", "Random"]}}
    cells = read_sweep(write_sweep(tmp_path, parameters=parameters))
    chosen = [dict(cell.chosen) for cell in cells]
    assert [(c["seed_everything"], c["active.acquire"]) for c in chosen] == [
        ("0", "Bald"),
        ("0", "Random"),
        ("1", "Bald"),
        ("1", "Random"),
    ]
    assert cells[0].arguments == ("--config", "configs/tiny.yaml", "--seed_everything=0", "--active.acquire=Bald")


def test_the_distributions_of_given_values_are_known(tmp_path):
    parameters = {
        "seed_everything": {"values": ["0", "1"], "distribution": "categorical"},
        "model.lr": {"value": "1", "distribution": "constant"},
    }
    assert len(read_sweep(write_sweep(tmp_path, parameters=parameters))) == 2


def test_a_sweep_names_its_arms_and_a_name_changes_no_run(tmp_path):
    parameters = {"active.acquire": {"values": ["Bald", "Random"]}, "active.max_unique": {"values": ["0.7", "0.4"]}}
    plain = read_sweep(write_sweep(tmp_path, parameters=parameters))
    names = {"active.acquire": {"Bald": "disagreement"}, "active.max_unique": {0.7: "70 % of labels"}}  # as YAML reads it
    named = read_sweep(write_sweep(tmp_path, parameters=parameters, names=names))
    assert [cell.name for cell in named] == [cell.name for cell in plain]
    assert [cell.arguments[len(one.arguments) :] for cell, one in zip(named, plain, strict=True)] == [
        ("--arm=disagreement, 70 % of labels",),
        ("--arm=disagreement",),
        ("--arm=70 % of labels",),
        (),
    ]


def test_long_values_make_names_that_a_file_system_takes_and_tells_apart(tmp_path):
    long = [json.dumps({"class_path": "Linear" * 50, "init_args": {"x/y": number}}) for number in range(3)]
    cells = read_sweep(write_sweep(tmp_path, parameters={"active.budget": {"values": long}}))
    names = {cell.name for cell in cells}
    assert len(names) == 3
    assert all(len(name) < 100 and "/" not in name for name in names)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "bayes"}, "method must be grid, got bayes"),
        ({"parameters": {"model.lr": {"min": 0, "max": 1}}}, "parameters.model.lr must have value or a list of"),
        ({"parameters": {"model": {"parameters": {"lr": {"value": "1"}}}}}, "parameters.model must have value or a list of"),
        ({"parameters": {"model.lr": {"values": ["1", "2"], "distribution": "q_uniform"}}}, "and nothing else in a grid"),
        ({"parameters": {"model.lr": {"values": ["1", "1"]}}}, "parameters.model.lr has a value twice"),
        ({"run_cap": 3}, "run_cap is for W&B's server"),
        ({"method": None}, "method must be grid, got None"),
        ({"parameters": {"model.lora": {"values": [None]}}}, "parameters.model.lora must be written as typed"),
        ({"parameters": {"active.enabled": {"values": [True]}}}, "active.enabled must be written as typed.*got True"),
        ({"parameters": {"active.acquire": {"values": []}}}, "parameters.active.acquire has no values"),
        ({"names": ["a"]}, "names must map parameters to their values, and these to words"),
        ({"names": {"1e-3": "slow"}}, "names must map parameters to their values, and these to words"),
        ({"names": {"model.lr": {"1e-3": ""}}}, "names must map parameters .*, got '' for '1e-3'"),
        ({"names": {"model.lr": {"1e-4": "slow"}}}, "names.model.lr has '1e-4', no value of that parameter"),
        ({"names": {"model.rate": {"1e-3": "slow"}}}, "names.model.rate has '1e-3', no value of that parameter"),
        ({"parameters": {"arm": {"values": ["a", "b"]}}}, "parameters.arm would make runs of one name only"),
        ({"parameters": None}, "it has no parameters"),
        ({"command": ["python", "train.py"]}, "command must be a list such as"),
        ({"command": ["python", "fit", "${args_json}", "${args}"]}, r"\$\{args_json\}, of W&B's macros only"),
    ],
)
def test_what_is_no_grid_of_fits_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        read_sweep(write_sweep(tmp_path, **changes))


@pytest.mark.parametrize("text", ["a: [", "just words", "[1, 2]"])
def test_what_is_no_sweep_file_is_refused(tmp_path, text):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"sweep\.yaml (is no|.*no parameters)"):
        read_sweep(path)
