"""The commands around a fit: help, configs, demo texts, and evaluating a checkpoint."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from alft.cli.fit_command import AlftCLI
from alft.cli.main import COMMANDS, main
from alft.cli.presets import preset_files

from .conftest import ROOT, summary_of


def test_test_and_validate_find_the_config_beside_the_checkpoint(fit, capsys):
    folder = fit("--data.max_length", "20")
    capsys.readouterr()
    for command, score in (("test", "test"), ("validate", "validation")):
        assert main([command, "--ckpt_path", str(folder / "checkpoints" / "last.ckpt")]) == 0
        shown = re.search(r"f1_macro\D+([\d.]+)", capsys.readouterr().out)
        assert float(shown[1]) == pytest.approx(summary_of(folder)[score]["f1_macro"], abs=1e-6)
    assert len(list(Path("runs/tiny").iterdir())) == 1, "an evaluation leaves no run folder"


CONFIGS = [*sorted((ROOT / "configs").glob("*.yaml")), preset_files()["demo"]]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_parses(config, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--config", str(config), "--print_config"])
    assert stop.value.code == 0
    assert yaml.safe_load(capsys.readouterr().out)["trainer"]["max_epochs"] >= 3


PRESETS = {
    "base": ("recalculate", "Constant(share=0.75)", [44, 44, 44]),  # 48 of 64, of which 44 may be bought
    "linear": ("recalculate", "Linear(start=1.0, stop=0.5)", [44, 44, 32]),
    "dif_build": ("accumulate", "DifBuild(total=0.7, opens='rows')", [30, 44, 44]),  # 30 and 15 more
    "dif_build_clusters": ("recalculate", "DifBuild(total=0.7, opens='clusters')", [15, 30, 44]),
}


def test_every_preset_is_tested():
    assert set(preset_files()) == {*PRESETS, "demo"}


@pytest.mark.parametrize(("name", "expected"), PRESETS.items())
def test_a_preset_runs_as_a_second_config(fit, name, expected):
    summary = summary_of(fit("--config", f"preset:{name}"))
    selected = [record["selected"] for record in summary["epochs"]]
    selection = summary["settings"]["selection"]
    assert (selection["mode"], selection["budget"], selected) == expected
    assert summary["name"] == "tiny"


def test_python_dash_m_tells_all_commands():
    shown = subprocess.run([sys.executable, "-m", "alft", "--help"], capture_output=True, text=True, check=True, cwd=ROOT)
    for name in COMMANDS:
        assert f"\n  {name} " in shown.stdout


@pytest.mark.parametrize("command", AlftCLI.subcommands())
def test_help_explains_every_setting_of_ours(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = capsys.readouterr().out
    ours = shown[: shown.index("--trainer CONFIG")]
    for entry in re.split(r"\n  (?=-)", ours[ours.index("--data.batch_size") :])[1:]:
        name = entry.split()[0]
        if name.startswith("--") and not name.endswith(".help") and name.count(".") == 1:
            text = re.sub(r"\(.*", "", " ".join(entry.split()[2:]))
            assert len(text) > 20, f"{name} is not explained"


def test_the_demo_texts_are_the_same_everywhere_and_never_overwrite(tmp_path, capsys):
    assert main(["demo", str(tmp_path / "a")]) == 0
    assert main(["demo", str(tmp_path / "a")]) == 0, "writing the same again is no harm"
    sizes = [len(pd.read_csv(tmp_path / "a" / f"{split}.csv")) for split in ("train", "validation", "test")]
    assert sum(sizes) == 1500
    train = pd.read_csv(tmp_path / "a" / "train.csv")
    assert 0.6 < (train["label"] == "positive").mean() < 0.85
    assert main(["demo", str(tmp_path / "a"), "--seed", "1"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert len(pd.read_csv(tmp_path / "a" / "train.csv").merge(train)) >= len(train)
