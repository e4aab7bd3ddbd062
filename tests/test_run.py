"""The command line as it is used: fit, test, validate, and what they leave behind."""

import csv
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from alft.run.cli import COMMANDS, AlftCLI, main
from alft.run.summary import write_atomically

from .conftest import ROOT

SUMMARY_KEYS = {
    *("name", "version", "seed", "fingerprint", "settings", "test", "validation", "labels"),
    *("seconds", "memory_mib", "break_even", "controls", "epochs"),
}
SETTINGS_KEYS = {
    *("backbone", "uncertainty", "lora", "lr", "batch_size", "precision", "acquire", "budget", "mode", "max_unique"),
    *("cluster", "embedding", "recluster", "allocate", "warm_start", "length_grouped"),
}


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def test_a_fit_leaves_a_complete_run_folder(fit, capsys):
    folder = fit()
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "config.yaml",
        "metrics.csv",
        "selection.parquet",
        "summary.json",
    ]
    summary = summary_of(folder)
    assert set(summary) == SUMMARY_KEYS
    assert set(summary["settings"]) == SETTINGS_KEYS
    assert summary["name"] == "tiny"
    assert summary["labels"]["pool"] == 64
    assert summary["labels"]["bought"] == 44  # floor(0.7 * 64): the cap
    assert summary["labels"]["unique_saving"] == pytest.approx(1 - 44 / 64)
    assert [record["selected"] for record in summary["epochs"]] == [44, 44, 32]
    assert summary["labels"]["exposure_saving"] == pytest.approx(1 - (44 + 44 + 32) / 3 / 64)
    assert sum(summary["test"]["predicted"].values()) == 24
    assert summary["validation"]["f1_macro"] == summary["epochs"][-1]["val_f1_macro"]
    assert all(seconds > 0 for stage, seconds in summary["seconds"].items())
    assert summary["break_even"] < 1
    assert 0 < summary["controls"]["majority_f1"] < 0.5
    out = capsys.readouterr().out
    for words in (
        "Plan: 3 epochs, 64 labelled rows",
        "44 of 64",
        "unique saving",
        "exposure saving",
        "TF-IDF",
        str(folder.name),
    ):
        assert words in out


def test_metrics_hold_one_validation_per_epoch_and_no_seconds(fit):
    with (fit() / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len([row for row in rows if row["val_f1_macro"]]) == 3
    assert [row["labels_bought"] for row in rows if row["labels_bought"]] == ["44.0", "44.0", "44.0"]
    assert len([row for row in rows if row["test_f1_macro"]]) == 1
    assert not [name for name in rows[0] if "second" in name or "memory" in name]


def test_the_selection_file_says_everything_about_every_set(fit):
    folder = fit()
    table = pd.read_parquet(folder / "selection.parquet")
    assert list(table.columns) == ["epoch", "row", "cluster", "score", "first_used"]
    assert table["epoch"].dtype == table["row"].dtype == "int64"
    assert table.groupby("epoch").size().tolist() == [44, 44, 32]
    assert table["cluster"].between(0, 3).all()
    assert (table["first_used"] <= table["epoch"]).all()
    assert table["row"].nunique() == 44


def test_the_baseline_selects_nothing_and_leaves_the_same_files(fit):
    folder = fit("--active.enabled", "false", "--active.max_unique", "0.1", "--active.acquire", "Bald")
    summary = summary_of(folder)
    table = pd.read_parquet(folder / "selection.parquet")
    assert summary["labels"]["unique_saving"] == summary["labels"]["exposure_saving"] == 0
    assert summary["settings"]["acquire"] is None
    assert summary["settings"]["budget"] == "Full"
    assert summary["seconds"]["score"] < 0.05
    assert summary["break_even"] is None
    assert table["score"].isna().all()
    assert table["cluster"].isna().all()
    assert len(table) == 3 * 64


def test_a_saved_config_runs_again_and_gives_the_same_run(fit):
    first = fit("--active.acquire", "Bald", "--active.acquire.passes", "3", "--active.cluster.clusters", "5")
    assert main(["fit", "--config", str(first / "config.yaml")]) == 0
    second = Path("runs/config/version_0")
    assert (first / "metrics.csv").read_bytes() == (second / "metrics.csv").read_bytes()
    assert pd.read_parquet(first / "selection.parquet").equals(pd.read_parquet(second / "selection.parquet"))


def test_another_seed_makes_another_run_on_the_same_pool(fit):
    first, second = summary_of(fit()), summary_of(fit("--seed_everything", "1"))
    assert first["fingerprint"] == second["fingerprint"]
    assert first["epochs"] != second["epochs"]
    assert (first["seed"], second["seed"]) == (0, 1)


def test_test_and_validate_find_the_config_beside_the_checkpoint(fit, capsys):
    folder = fit("--data.max_length", "20")
    capsys.readouterr()
    for command, score in (("test", "test"), ("validate", "validation")):
        assert main([command, "--ckpt_path", str(folder / "checkpoints" / "last.ckpt")]) == 0
        shown = re.search(r"f1_macro\D+([\d.]+)", capsys.readouterr().out)
        assert float(shown[1]) == pytest.approx(summary_of(folder)[score]["f1_macro"], abs=1e-6)
    assert len(list(Path("runs/tiny").iterdir())) == 1, "an evaluation leaves no run folder"


def test_the_best_epoch_can_be_tested_instead_of_the_last(fit):
    folder = fit("--test_on", "best", "--model.lr", "1e-2")
    summary = summary_of(folder)
    best = max(record["val_f1_macro"] for record in summary["epochs"])
    assert summary["validation"]["f1_macro"] == best
    checkpoint = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    assert checkpoint["epoch"] == [record["val_f1_macro"] for record in summary["epochs"]].index(best)


@pytest.mark.parametrize(
    ("arguments", "sizes", "bought"),
    [
        (["--active.mode", "accumulate", "--active.budget", "Base", "--active.budget.share", "0.2"], [13, 26, 39, 44, 44], 44),
        (["--active.mode", "recalculate", "--active.budget", "Base", "--active.budget.share", "0.5"], [32] * 5, None),
        (["--active.mode", "unseen", "--active.budget", "Base", "--active.budget.share", "0.1"], [6] * 5, 30),
    ],
)
@pytest.mark.parametrize("acquire", ["Entropy", "Furthest"])
def test_every_mode_has_its_planned_sizes_and_keeps_the_cap(fit, arguments, sizes, bought, acquire):
    folder = fit(*arguments, "--active.acquire", acquire, "--trainer.max_epochs", "5", "--model.lr", "1e-2")
    summary, table = summary_of(folder), pd.read_parquet(folder / "selection.parquet")
    assert table.groupby("epoch").size().tolist() == sizes
    assert table["row"].nunique() == summary["labels"]["bought"] <= math.floor(0.7 * 64)
    assert bought in (None, summary["labels"]["bought"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--active.acquire", "Bald", "--active.recluster", "every_epoch", "--active.cluster", "KMeans"],
        ["--active.acquire", "Variance", "--active.allocate", "difficulty", "--model.lora.r", "4"],
        ["--active.acquire", "Random", "--active.allocate", "equal", "--active.embedding", "FirstToken"],
        ["--active.budget", '{"class_path": "DifBuild", "init_args": {"opens": "clusters"}}', "--active.warm_start", "0.2"],
        ["--active.cluster", "Whole", "--active.acquire", "Margin", "--active.scoring_precision", "bf16"],
        ["--trainer.precision", "bf16-mixed", "--trainer.accumulate_grad_batches", "2", "--model.decay", "pool"],
    ],
    ids=lambda arguments: arguments[1],
)
def test_the_settings_work_together(fit, arguments):
    summary = summary_of(fit(*arguments))
    assert summary["labels"]["bought"] <= 44
    assert summary["test"]["f1_macro"] is not None


def test_without_a_test_set_there_are_no_test_scores(fit, workplace, tiny_data):
    (workplace / "no-test").mkdir()
    for split in ("train", "validation"):
        shutil.copy(tiny_data / f"{split}.csv", workplace / "no-test")
    summary = summary_of(fit("--data.source", "no-test"))
    assert summary["test"] == {"f1_macro": None, "accuracy": None, "loss": None, "predicted": None}
    assert summary["controls"] == {"majority_f1": None, "tfidf_f1": None}


def test_rows_without_a_label_are_counted_and_never_selected(fit, workplace, tiny_data):
    folder = workplace / "partly"
    shutil.copytree(tiny_data, folder)
    lines = (folder / "train.csv").read_text().splitlines()
    lines[3] = lines[3].rsplit(",", 1)[0] + ","
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    run = fit("--data.source", "partly", "--active.enabled", "false")
    assert summary_of(run)["labels"]["unlabelled"] == 1
    assert summary_of(run)["labels"]["pool"] == 63
    assert 2 not in pd.read_parquet(run / "selection.parquet")["row"].tolist()


def test_a_sweep_run_logs_to_wandb_beside_the_csv(fit, monkeypatch, workplace):
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    folder = fit("--trainer.max_epochs", "1")
    assert (folder / "metrics.csv").is_file()


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(target, fail)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


@pytest.mark.parametrize("config", sorted((ROOT / "configs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_config_parses(config, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--config", str(config), "--print_config"])
    assert stop.value.code == 0
    assert yaml.safe_load(capsys.readouterr().out)["trainer"]["max_epochs"] >= 3


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
    for entry in re.split(r"\n  (?=-)", ours[ours.index("--data.source") :])[1:]:
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
