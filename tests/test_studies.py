"""Sweeps: every value a sweep may try parses."""

import itertools

import pytest
import yaml

from alft.run.cli import main

from .conftest import ROOT

SWEEPS = sorted((ROOT / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_value_of_a_sweep_parses(path, workplace, capsys):
    sweep = yaml.safe_load(path.read_text())
    names, values = zip(*((name, entry["values"]) for name, entry in sweep["parameters"].items()), strict=True)
    for row in itertools.zip_longest(*values):  # every value once, not every combination
        chosen = [f"--{name}={value}" for name, value in zip(names, row, strict=True) if value is not None]
        with pytest.raises(SystemExit) as stop:
            main(["fit", "--config=configs/maltese.yaml", *chosen, "--print_config"])
        assert stop.value.code == 0, capsys.readouterr().err
