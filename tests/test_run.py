"""A fit as started by a user, and the files it writes."""

import csv
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from inspect import signature
from pathlib import Path

import pandas as pd
import pytest
import torch

from alft.cli.main import main
from alft.models.classifier import Classifier
from alft.record.same_run import TRAINING
from alft.selection.policy import Policy
from alft.system.control_names import keys_of

from .conftest import ROOT, summary_of, write_csv

SUMMARY_KEYS = {
    *("name", "version", "seed", "fingerprint", "settings", "test", "validation", "labels"),
    *("seconds", "memory_mib", "break_even", "controls", "epochs", "tested_epoch", "texts", "words_found", "gpu_memory_mib"),
    *("pool_labels", "fold", "remarks", "diverged", "stopped", "arm"),
}
SETTINGS = {
    "data": {"batch_size", "max_length", "length_grouped", "task", "noise", "skip"},
    "model": set(signature(Classifier).parameters) - {"label_names", "task"},
    "training": {*TRAINING, "test_on"},
    "selection": {field.name for field in fields(Policy)} - {"seed"} | {"replay"},
}


def test_a_fit_leaves_a_complete_run_folder(fit, capsys):
    folder = fit("--controls", "all")
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "config.yaml",
        "metrics.csv",
        "predictions.parquet",
        "selection.parquet",
        "summary.json",
        "suspects.csv",
    ]
    summary = summary_of(folder)
    assert set(summary) == SUMMARY_KEYS
    assert {group: set(settings) for group, settings in summary["settings"].items()} == SETTINGS
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
    assert set(summary["controls"]) == set(keys_of(words=False))
    assert all(0 < figure <= 1 for figure in summary["controls"].values())
    out = capsys.readouterr().out
    for words in (
        "Plan: 3 epochs, 64 labelled rows",
        "44 of 64",
        "unique saving",
        "exposure saving",
        "controls: TF-IDF and the frozen encoder with logistic regression, at most 10 s",
        "majority class ",
        "TF-IDF + logistic regression, all labels",
        "frozen encoder + TF-IDF + logistic regression, labels bought",
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
    assert list(table.columns) == ["epoch", "row", "cluster", "score", "first_used", "learned"]
    assert table["epoch"].dtype == table["row"].dtype == "int64"
    assert table.groupby("epoch").size().tolist() == [44, 44, 32]
    assert table["cluster"].between(0, 3).all()
    assert (table["first_used"] <= table["epoch"]).all()
    assert table["row"].nunique() == 44


def test_the_baseline_selects_nothing_and_leaves_the_same_files(fit):
    ignored = ["--active.max_unique", "7", "--active.acquire", "Bald", "--active.embedding", "FirstToken"]
    folder = fit("--active.enabled", "false", *ignored)
    summary = summary_of(folder)
    table = pd.read_parquet(folder / "selection.parquet")
    assert summary["labels"]["unique_saving"] == summary["labels"]["exposure_saving"] == 0
    assert summary["settings"]["selection"]["acquire"] is None
    assert summary["settings"]["selection"]["budget"] == "Full"
    assert summary["settings"]["selection"]["embedding"] == "MeanTokens"
    assert summary["seconds"]["score"] < 0.05
    assert summary["break_even"] is None
    assert table["score"].isna().all()
    assert table["cluster"].isna().all()
    assert len(table) == 3 * 64


def test_a_saved_config_runs_again_and_gives_the_same_run(fit):
    first = fit("--active.acquire", "Bald", "--active.acquire.passes", "3", "--active.cluster.clusters", "5")
    assert main(["fit", "--config", str(first / "config.yaml")]) == 0
    second = Path("runs/tiny/version_1")
    assert (first / "metrics.csv").read_bytes() == (second / "metrics.csv").read_bytes()
    assert pd.read_parquet(first / "selection.parquet").equals(pd.read_parquet(second / "selection.parquet"))


def test_another_seed_makes_another_run_on_the_same_pool(fit):
    first, second = summary_of(fit()), summary_of(fit("--seed_everything", "1"))
    assert first["fingerprint"] == second["fingerprint"]
    assert first["epochs"] != second["epochs"]
    assert (first["seed"], second["seed"]) == (0, 1)


def test_the_best_epoch_can_be_tested_instead_of_the_last(fit, capsys):
    restless = ["--model.lr", "5e-3", "--model.warmup", "0", "--model.decay", "pool", "--trainer.max_epochs", "10"]
    for seed in range(6):  # until a run's best epoch is not its last: else nothing would be tested here
        folder = fit("--test_on", "best", "--active.enabled", "false", "--seed_everything", str(seed), *restless)
        summary, scores = summary_of(folder), [record["val_f1_macro"] for record in summary_of(folder)["epochs"]]
        if max(scores) > scores[-1]:
            break
    assert max(scores) > scores[-1]
    assert summary["validation"]["f1_macro"] == max(scores)
    checkpoint = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
    assert checkpoint["epoch"] == scores.index(max(scores))
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(folder / "checkpoints" / "best.ckpt")]) == 0
    shown = {name: float(value) for name, value in re.findall(r"test_(loss|f1_macro)\D+([\d.]+)", capsys.readouterr().out)}
    assert shown == {name: pytest.approx(summary["test"][name], abs=1e-5) for name in ("loss", "f1_macro")}


@pytest.mark.parametrize(
    ("arguments", "sizes", "bought"),
    [
        (
            ["--active.mode", "accumulate", "--active.budget", "Constant", "--active.budget.share", "0.2"],
            [13, 26, 39, 44, 44],
            44,
        ),
        (["--active.mode", "recalculate", "--active.budget", "Constant", "--active.budget.share", "0.5"], [32] * 5, None),
        (["--active.mode", "unseen", "--active.budget", "Constant", "--active.budget.share", "0.1"], [6] * 5, 30),
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


def test_every_epoch_has_its_cost(fit):
    summary = summary_of(fit())
    stages = {"train", "score", "cluster", "select", "validate"}
    for record in summary["epochs"]:
        assert set(record["seconds"]) == stages
        assert 0 < record["memory_mib"] <= summary["memory_mib"]
        assert (record["gpu_memory_mib"] is None) == (not torch.cuda.is_available())
    for stage in stages:
        assert summary["seconds"][stage] == pytest.approx(sum(record["seconds"][stage] for record in summary["epochs"]))


def test_length_grouped_training_is_an_option_and_stated(fit):
    plain, grouped = (fit("--data.length_grouped", switch) for switch in ("false", "true"))
    assert [summary_of(run)["settings"]["data"]["length_grouped"] for run in (plain, grouped)] == [False, True]
    assert [record["selected"] for record in summary_of(grouped)["epochs"]] == [44, 44, 32]
    assert (plain / "metrics.csv").read_text() != (grouped / "metrics.csv").read_text()


def test_without_a_test_set_there_are_no_test_scores(fit, workplace, tiny_data):
    (workplace / "no-test").mkdir()
    for split in ("train", "validation"):
        shutil.copy(tiny_data / f"{split}.csv", workplace / "no-test")
    summary = summary_of(fit("--data.source", "no-test"))
    assert summary["test"] == {"f1_macro": None, "accuracy": None, "loss": None, "predicted": None}
    assert summary["controls"] == dict.fromkeys(keys_of(words=False))


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


def test_the_progress_bar_and_the_checkpoints_can_be_switched_off(fit):
    folder = fit("--trainer.enable_progress_bar", "false", "--trainer.enable_checkpointing", "false")
    assert not (folder / "checkpoints").exists()
    assert (folder / "summary.json").is_file()


def test_a_diverged_run_keeps_its_books(fit):
    summary = summary_of(fit("--active.enabled", "false", "--model.lr", "1e30", "--trainer.gradient_clip_val", "null"))
    assert summary["test"] == {"f1_macro": None, "accuracy": None, "loss": None, "predicted": None}
    assert summary["labels"]["bought"] == 64


def test_a_corpus_of_emoji_has_controls(fit, workplace):
    rows = [("🎉 🎉", "up"), ("💔 !", "down")] * 12
    for split in ("train", "validation", "test"):
        Path("emoji").mkdir(exist_ok=True)
        write_csv(Path("emoji", f"{split}.csv"), rows)
    assert summary_of(fit("--data.source", "emoji"))["controls"]["tfidf_f1"] == 1


def clusters_of(folder: Path) -> pd.Series:
    table = pd.read_parquet(folder / "selection.parquet")
    return table[table["epoch"] == 0].set_index("row")["cluster"]


def test_embedding_and_scoring_precision_reach_the_scores(fit):
    plain, first_token, bf16 = (
        fit("--trainer.max_epochs", "2", "--active.budget", "Constant", "--active.max_unique", "null", *more)
        for more in ([], ["--active.embedding", "FirstToken"], ["--active.scoring_precision", "bf16"])
    )
    rows = clusters_of(plain).index.intersection(clusters_of(first_token).index)
    assert not clusters_of(plain)[rows].equals(clusters_of(first_token)[rows])
    scores = [pd.read_parquet(folder / "selection.parquet").set_index(["epoch", "row"])["score"] for folder in (plain, bf16)]
    both = scores[0].index.intersection(scores[1].index)
    assert not scores[0][both].equals(scores[1][both])
    assert (scores[0][both] - scores[1][both]).abs().max() < 0.05


def test_two_processes_select_the_rows_of_one_and_leave_one_folder(fit, workplace):
    """Equal weights (a learning rate of 0) see equal pools: the number of processes changes no selection."""
    settings = ["--active.acquire", "Bald", "--active.recluster", "every_epoch", "--active.budget.start", "0.5"]
    settings += ["--model.lr", "0"]
    one = fit(*settings)
    command = [sys.executable, "-m", "alft", "fit", "--config", "configs/tiny.yaml", *settings]
    command += ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert ended.returncode == 0, ended.stderr
    assert [folder.name for folder in sorted(one.parent.iterdir())] == ["version_0", "version_1"]
    table_of_one, table_of_two = (pd.read_parquet(one.parent / v / "selection.parquet") for v in ("version_0", "version_1"))
    assert table_of_one[["epoch", "row", "cluster"]].equals(table_of_two[["epoch", "row", "cluster"]])
    labels = [summary_of(one.parent / v)["labels"] for v in ("version_0", "version_1")]
    assert labels[0] == labels[1]
