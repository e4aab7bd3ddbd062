"""Runs whose model diverged, and runs on other labels: what a report makes of them."""

import json
import shutil
from pathlib import Path

import pytest

from alft.cli.main import main
from alft.report import as_markdown, compare, load_runs

from .conftest import summary_of
from .faults import Kill, run
from .resuming import FEW, QUIET, TINY, other, refused, relabel, runs

DIVERGING = ["--model.lr", "1e18", "--trainer.gradient_clip_val", "null", "--model.warmup", "0"]
ARMS = {
    "D6 baseline": ["--active.enabled", "false"],
    "D6 selecting": FEW,
    "D6 random": [*FEW, "--active.acquire", "Random"],
    "D6 sibling: epinet": [*FEW, "--model.uncertainty", "epinet"],
    "D6 sibling: best": [*FEW, "--test_on", "best"],
}


@pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
def test_a_diverged_run_has_no_score_and_says_so(workplace, capsys, arm):
    assert main([*TINY, *QUIET, *arm, *DIVERGING]) == 0
    out = capsys.readouterr().out
    assert "the outputs of the model are not finite from epoch 0 on, so that training ended with it" in out
    summary = summary_of(Path("runs/tiny/version_0"))
    assert summary["diverged"] == 0
    assert summary["test"] == {"f1_macro": None, "accuracy": None, "loss": None, "predicted": None}
    assert summary["validation"] == {"f1_macro": None}
    assert [record["val_f1_macro"] for record in summary["epochs"]] == [None]
    assert main(["report", "runs"]) == 0
    assert "1 of its 1 runs diverged and have no score" in " ".join(capsys.readouterr().out.split())


def test_D6_a_diverged_run_is_in_no_mean(workplace):
    for seed in ("0", "1"):
        for arm in (ARMS["D6 baseline"], FEW):
            assert main([*TINY, *QUIET, *arm, "--seed_everything", seed]) == 0
    for folder in runs(workplace)[2:]:  # as if those of seed 1 had diverged in their last epoch
        summary = summary_of(folder) | {"diverged": 2, "validation": {"f1_macro": None}}
        summary["test"] |= {"f1_macro": None, "predicted": None}
        summary["epochs"][2]["val_f1_macro"] = None
        (folder / "summary.json").write_text(json.dumps(summary))
    table, each = compare("runs"), load_runs("runs")
    for arm in table.to_dict("records"):
        whole = each[(each["arm"] == arm["arm"]) & (each["seed"] == 0)].iloc[0]
        assert (arm["diverged"], arm["runs"], arm["test_f1"]) == (1, 2, whole["test_f1_macro"])
        assert arm["val_f1"] == whole["val_f1_macro"]
        assert arm["baseline_pairs"] == (arm["kind"] != "baseline")
    for form in ("table", "markdown", "csv", "csv_contrasts"):
        assert main(["report", "runs", "--format", form]) == 0
    assert main(["report", "runs", "--plots", "plots"]) == 0
    assert "1 of its 2 runs diverged and have no score; its scores are of the others" in as_markdown(table)


def test_D6_a_diverged_checkpoint_is_no_model(workplace, capsys):
    assert main([*TINY, *QUIET, *FEW, *DIVERGING]) == 0
    last = "runs/tiny/version_0/checkpoints/last.ckpt"
    for command in ("test", "validate"):
        capsys.readouterr()
        assert main([command, "--ckpt_path", last]) == 0
        assert "no score: for 24 of 24 rows the model gives outputs that are not finite" in capsys.readouterr().out
    line = refused(["predict", "--ckpt_path", last, "--data.predict", "tiny-data/test.csv", "--output", "out.csv"], capsys)
    assert "has diverged in training" in line
    assert "has diverged in training" in refused(["export", last, "model"], capsys)
    line = refused([*TINY, *QUIET, *FEW, *DIVERGING, "--export", "model"], capsys)
    assert "has diverged in training" in line
    assert "only its export is missing" not in line
    assert not Path("model").exists()


def test_D6_a_run_that_diverged_and_was_stopped_stays_stopped(workplace):
    command = [*TINY, *QUIET, "--active.enabled", "false", *DIVERGING]
    assert run(command, Path.cwd()).code == 0
    assert run(command, Path.cwd(), Kill("test", 1)).code == -9
    ended = run([*command, "--ckpt_path", "last"], Path.cwd())
    assert ended.code == 0, ended.err
    summary = summary_of(runs(Path.cwd())[1])
    assert summary["diverged"] == 0
    assert len(summary["epochs"]) == 1


def test_E4_runs_on_other_labels_of_the_pool_are_other_groups(workplace, tiny_data):
    Path("tiny-data").unlink()
    shutil.copytree(tiny_data, "tiny-data")
    for seed, change in (("0", lambda row, label: label), ("1", lambda row, label: other(label) if row % 5 == 0 else label)):
        relabel(change)
        for arm in (ARMS["D6 baseline"], FEW):
            assert main([*TINY, *QUIET, *arm, "--trainer.max_epochs", "1", "--seed_everything", seed]) == 0
    table = compare("runs")
    digests = [summary_of(run)["pool_labels"] for run in runs(workplace)]
    assert digests[0] == digests[1] != digests[2] == digests[3]
    assert sorted(table["arm"]) == ["Entropy", "Entropy", "baseline", "baseline"]
    assert len(set(table["fingerprint"])) == 2
    for line in table[table["kind"] == "selection"].to_dict("records"):
        assert (line["runs"], line["baseline_pairs"]) == (1, 1)
    assert main(["report", "runs"]) == 0


def test_E4_summaries_of_an_earlier_version_stay_with_the_others(workplace):
    for seed in ("0", "1"):
        assert main([*TINY, *QUIET, *FEW, "--trainer.max_epochs", "1", "--seed_everything", seed]) == 0
    first = runs(workplace)[0] / "summary.json"
    earlier = json.loads(first.read_text())
    del earlier["pool_labels"], earlier["diverged"]
    first.write_text(json.dumps(earlier))
    (line,) = compare("runs").to_dict("records")
    assert (line["runs"], line["arm"]) == (2, "Entropy")
    assert "pool_labels" not in line["settings"]
