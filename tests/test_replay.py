"""``active.replay``: the recorded sets are repeated row by row, for any model; other data are refused."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from alft.cli.main import main
from alft.loop.recorded import read_recorded
from alft.selection.replay import Replay

from .conftest import summary_of


def how(summary: dict) -> dict:
    """The settings of the selection, whatever recorded it and however exact its passes were."""
    return {
        name: value for name, value in summary["settings"]["selection"].items() if name not in ("replay", "scoring_precision")
    }


def sets_of(run: Path) -> list[tuple[int, int]]:
    table = pd.read_parquet(run / "selection.parquet")
    return list(zip(table["epoch"], table["row"], strict=True))


@pytest.mark.parametrize(
    "settings",
    [
        ("--active.acquire", "Bald"),
        ("--active.mode", "accumulate", "--active.budget", "Constant", "--active.budget.share", "0.2"),
        ("--active.enabled", "false"),
    ],
)
def test_another_seed_and_model_train_on_the_recorded_rows(fit, settings):
    recorded = fit(*settings)
    again = fit("--active.replay", str(recorded), "--seed_everything", "7", "--model.uncertainty", "epinet")
    assert sets_of(again) == sets_of(recorded)
    before, after = summary_of(recorded), summary_of(again)
    assert after["labels"] == before["labels"]
    assert [e["bought"] for e in after["epochs"]] == [e["bought"] for e in before["epochs"]]
    assert how(after) == how(before)
    assert before["settings"]["selection"]["replay"] is None
    assert after["settings"]["selection"]["replay"].startswith("tiny seed 0 (")
    assert after["break_even"] is None
    assert after["seconds"]["cluster"] < 0.1  # nothing is scored or clustered
    weights = [torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in (recorded, again)]
    assert not torch.equal(*(w["network.bert.encoder.layer.0.attention.self.query.weight"] for w in weights))


def test_the_same_seed_and_settings_give_the_same_run(fit):
    recorded = fit()
    again = fit("--active.replay", str(recorded))
    states = [torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in (recorded, again)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_replay_that_was_stopped_goes_on(fit, workplace):
    recorded = fit()
    whole = fit("--active.replay", str(recorded), "--seed_everything", "1")
    broken = Path("runs/tiny/version_2")
    shutil.copytree(whole, broken)
    (broken / "summary.json").unlink()
    config = ["--config", str(broken / "config.yaml"), "--ckpt_path", str(broken / "checkpoints" / "last.ckpt")]
    assert main(["fit", *config]) == 0
    assert sets_of(broken) == sets_of(whole)


def test_other_data_other_epochs_and_what_is_no_run_are_refused(fit, workplace, capsys):
    recorded = fit()
    command = ["fit", "--config", "configs/tiny.yaml", "--active.replay"]
    for arguments, words in (
        ([str(recorded), "--data.limit", "40"], f"active.replay: {recorded} selected from other data"),
        ([str(recorded), "--trainer.max_epochs", "5"], "trainer.max_epochs must be 3, as in the run of active.replay, got 5"),
        (["nowhere"], "active.replay must be the folder of a finished run, but nowhere/summary.json is not there"),
    ):
        assert main([*command, *arguments]) == 2
        assert words in capsys.readouterr().err
    assert [run.name for run in Path("runs/tiny").iterdir()] == ["version_0"]
    (recorded / "summary.json").write_text(json.dumps({"settings": {}}))
    assert main([*command, str(recorded)]) == 2
    assert f"active.replay: the files of the run in {recorded} cannot be read ('fingerprint')" in capsys.readouterr().err


def test_rows_that_lost_their_label_and_runs_without_sets_are_refused(fit, workplace, capsys):
    recorded = fit("--active.mode", "accumulate", "--active.budget", "Constant", "--active.budget.share", "0.2")
    first = sets_of(recorded)[0][1]
    lines = Path("tiny-data/train.csv").read_text().splitlines()
    Path("mine").mkdir()
    for split in ("validation", "test"):
        shutil.copy(f"tiny-data/{split}.csv", "mine")
    lines[1 + first] = lines[1 + first].rpartition(",")[0] + ","
    Path("mine/train.csv").write_text("\n".join(lines) + "\n")
    command = ["fit", "--config", "configs/tiny.yaml", "--active.replay", str(recorded)]
    assert main([*command, "--data.source", "mine"]) == 2
    assert "selected rows that have no label any more" in capsys.readouterr().err
    pd.read_parquet(recorded / "selection.parquet").head(0).to_parquet(recorded / "selection.parquet")
    assert main(command) == 2
    assert f"active.replay: the run in {recorded} recorded no set for an epoch" in capsys.readouterr().err


def test_the_settings_of_the_selection_are_ignored(fit):
    recorded = fit()
    again = fit("--active.replay", str(recorded), "--active.embedding", "TfIdf", "--active.recluster", "every_epoch")
    assert sets_of(again) == sets_of(recorded)
    assert summary_of(again)["settings"]["selection"]["embedding"] == "MeanTokens"


def test_sets_are_read_in_the_order_of_the_epochs(fit):
    recorded = read_recorded(str(fit()))
    plan = Replay(sets=recorded.sets).plan(3, 64)
    assert plan.sizes == (44, 44, 32)
    assert plan.bought == ((44, 44), (44, 44), (44, 44))
    assert plan.shares == (44 / 64, 44 / 64, 0.5)
