"""Runs that go on: changed labels, damaged files, records to repeat, and the name of a run."""

import errno
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from filelock import FileLock

from alft.cli.main import main

from .conftest import summary_of
from .faults import Kill, differences, run
from .resuming import FEW, GO_ON_FEW, QUIET, TINY, as_folder, bought, cut_in_half, flip_a_byte, other, refused, relabel, runs

RELABELLED = {
    "D1 all inverted": (lambda rows: lambda row, label: other(label), "labels that were bought have changed"),
    "D1 one bought label inverted": (
        lambda rows: lambda row, label: other(label) if row == rows[0] else label,
        "labels that were bought have changed",
    ),
    "D1 a bought label emptied": (
        lambda rows: lambda row, label: "" if row == rows[0] else label,
        "pool rows whose label was bought have none any more (number ",
    ),
    "D1 an unbought label emptied": (
        lambda rows: lambda row, label: "" if row == min(set(range(64)) - set(rows)) else label,
        "other rows of the pool have a label than when the checkpoint was written (64 rows then, 63 now",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), RELABELLED.values(), ids=RELABELLED)
def test_other_labels_of_the_pool_are_refused(stopped, capsys, change, sentence):
    relabel(change(bought(stopped)))
    line = refused(GO_ON_FEW, capsys)
    assert "data.source: " in line
    assert sentence in line
    assert not (stopped / "summary.json").exists()


def test_D1_labels_filled_in_are_refused(stopped, capsys):
    shutil.rmtree("runs")
    relabel(lambda row, label: "" if row < 6 else label)
    assert run([*TINY, *FEW, *QUIET], Path.cwd(), Kill("training", 4)).code == -9
    relabel(lambda row, label: label or "positive")
    assert "(58 rows then, 64 now" in refused(GO_ON_FEW, capsys)


def test_D1_labels_not_yet_bought_may_be_corrected(stopped):
    rows = bought(stopped)
    relabel(lambda row, label: label if row in rows else other(label))
    assert main(GO_ON_FEW) == 0


def without_digest(stopped: Path) -> None:
    """Make the checkpoint one of an earlier version, which kept nothing of the labels."""
    path = stopped / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["TextPool"]["labels"]
    torch.save(checkpoint, path)


def test_D1_a_checkpoint_of_an_earlier_version_goes_on(stopped):
    without_digest(stopped)
    assert main(GO_ON_FEW) == 0


def test_D1_sibling_bought_labels_that_are_gone_are_refused_for_an_earlier_version_too(stopped, capsys):
    without_digest(stopped)
    rows = bought(stopped)
    relabel(lambda row, label: "" if row in rows[:3] else label)
    assert f"have none any more (number {rows[0]}, {rows[1]}, {rows[2]}, from 0)" in refused(GO_ON_FEW, capsys)


def without(*keys: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        checkpoint = torch.load(path, weights_only=True)
        owner = checkpoint
        for key in keys[:-1]:
            owner = owner[key]
        del owner[keys[-1]]
        torch.save(checkpoint, path)

    return change


DAMAGE = {
    "D3 half": cut_in_half,
    "D3 empty": lambda path: path.write_bytes(b""),
    "D3 folder": as_folder,
    "D3 text": lambda path: path.write_text("no weights"),
    "D3 other pickle": lambda path: path.write_bytes(pickle.dumps({"state_dict": {}})),
    "D3 other tensors": lambda path: torch.save({"state_dict": {}}, path),
    "D3 no optimizer": without("optimizer_states"),
    "D3 no ledger": without("TextPool", "ledger"),
    "D3 no metrics": without("TextPool", "ledger", "metrics"),
    "D3 sibling: one byte": flip_a_byte,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_named_with_what_to_do(stopped, capsys, damage):
    last = stopped / "checkpoints" / "last.ckpt"
    damage(last)
    line = refused(GO_ON_FEW, capsys)
    assert line.startswith("alft: error: ckpt_path last")
    assert str(last) in line
    assert f"give one such as {stopped}/checkpoints/best.ckpt, or move the folder {stopped} away" in line or last.is_dir()
    for command in (["test"], ["predict", "--data.predict", "tiny-data/test.csv", "--output", "out.csv"], [*TINY, *FEW]):
        assert str(last) in refused([*command, "--ckpt_path", str(last)], capsys)
    assert str(last) in refused(["export", str(last), "model"], capsys)
    best = [*TINY, *FEW, *QUIET, "--ckpt_path", str(stopped / "checkpoints" / "best.ckpt")]
    if last.is_dir():
        assert f"{last} is a folder, where the run writes its newest epoch; move it away" in refused(best, capsys)
    else:
        assert main(best) == 0


def test_D3_going_on_from_the_best_checkpoint_ends_as_the_whole_run(two_runs, stopped):
    cut_in_half(stopped / "checkpoints" / "last.ckpt")
    assert main([*TINY, *FEW, *QUIET, "--ckpt_path", str(stopped / "checkpoints" / "best.ckpt")]) == 0
    assert differences(two_runs / "runs" / "tiny" / "version_0", stopped) == []


CONFIGS = {
    "D3 sibling: config.yaml is missing": Path.unlink,
    "D3 sibling: config.yaml is half": cut_in_half,
    "D3 sibling: config.yaml is no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "D3 sibling: config.yaml is a list": lambda path: path.write_text("[1, 2]"),
    "D3 sibling: config.yaml has other blocks": lambda path: path.write_text("{trainer: [1], data: 3}"),
    "D3 sibling: config.yaml is nested": lambda path: path.write_text("[" * 5000),
}


@pytest.mark.parametrize("damage", CONFIGS.values(), ids=CONFIGS)
def test_a_damaged_config_is_named(stopped, capsys, damage):
    damage(stopped / "config.yaml")
    assert "config.yaml" in refused(GO_ON_FEW, capsys)
    if (stopped / "config.yaml").is_file():
        line = refused(["test", "--ckpt_path", str(stopped / "checkpoints" / "last.ckpt")], capsys)
        assert "config.yaml" in line or "--data.source" in line


@pytest.mark.parametrize("damage", [cut_in_half, Path.unlink, flip_a_byte], ids=["half", "missing", "one byte"])
def test_D3_sibling_best_weights_that_are_damaged_are_told_before_the_training(stopped, capsys, damage):
    config = stopped / "config.yaml"
    config.write_text(config.read_text().replace("test_on: last", "test_on: best"))
    damage(stopped / "checkpoints" / "best.ckpt")
    line = refused([*GO_ON_FEW, "--test_on", "best"], capsys)
    assert line.startswith("alft: error: test_on best")
    assert f"{stopped}/checkpoints/best.ckpt" in line


def test_D3_sibling_best_weights_of_another_epoch_are_not_tested(stopped, capsys):
    config, best = stopped / "config.yaml", stopped / "checkpoints" / "best.ckpt"
    config.write_text(config.read_text().replace("test_on: last", "test_on: best"))
    checkpoint = torch.load(best, weights_only=True)
    torch.save({**checkpoint, "epoch": 7}, best)
    assert f"test_on best: {best} holds epoch 7, but the best one was" in refused([*GO_ON_FEW, "--test_on", "best"], capsys)


def test_D3_sibling_weights_of_another_architecture_are_refused(stopped, capsys):
    last = stopped / "checkpoints" / "last.ckpt"
    without("state_dict", "network.classifier.bias")(last)
    for command in (GO_ON_FEW, ["test", "--ckpt_path", str(last)]):
        assert "is not of the architecture that the checkpoint was trained with (network.classifier.bias" in refused(
            command, capsys
        )


def test_D3_sibling_a_run_folder_that_cannot_be_written_to(stopped, capsys, monkeypatch):
    def refuse(lock, **options):
        raise PermissionError(errno.EACCES, "Permission denied", lock.lock_file)

    monkeypatch.setattr(FileLock, "acquire", refuse)
    told = refused(GO_ON_FEW, capsys)
    assert f"ckpt_path: the run folder {stopped} cannot be written to (permission denied); change its permissions" in told


def test_D3_sibling_runs_below_a_file(workplace, capsys):
    Path("file").write_text("")
    line = refused([*TINY, "--trainer.default_root_dir", "file"], capsys)
    assert "trainer.default_root_dir: no run folder can be made in file (not a directory)" in line


def changed_sets(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], object]:
    return lambda run: change(pd.read_parquet(run / "selection.parquet")).to_parquet(run / "selection.parquet")


def of_selection(change: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda run: change(run / "selection.parquet")


RECORDS = {
    "D3 sibling: selection half": (of_selection(cut_in_half), "cannot be read"),
    "D3 sibling: selection a folder": (of_selection(as_folder), "cannot be read"),
    "D3 sibling: selection text": (of_selection(lambda path: path.write_text("epoch,row")), "cannot be read"),
    "D3 sibling: no rows": (changed_sets(lambda table: table.drop(columns="row")), "cannot be read"),
    "D3 sibling: rows as words": (changed_sets(lambda table: table.assign(row="a")), "cannot be read"),
    "D3 sibling: rows from the end": (changed_sets(lambda table: table.assign(row=-table["row"])), "holds other rows"),
    "D3 sibling: rows twice": (changed_sets(lambda table: table.assign(row=table["row"] // 2)), "holds other rows"),
    "D3 sibling: more epochs": (changed_sets(lambda table: table.assign(epoch=table["epoch"] * 2)), "no set for an epoch"),
    "D3 sibling: rows beyond the pool": (changed_sets(lambda table: table.assign(row=table["row"] + 64)), "do not have"),
    "D3 sibling: summary nested": (lambda run: (run / "summary.json").write_text("[" * 5000), "cannot be read"),
    "D3 sibling: summary without epochs": (lambda run: (run / "summary.json").write_text('{"epochs": 3}'), "cannot be read"),
}


@pytest.mark.parametrize(("damage", "sentence"), RECORDS.values(), ids=RECORDS)
def test_damaged_records_of_a_run_are_not_repeated(finished, capsys, damage, sentence):
    damage(finished)
    line = refused([*TINY, *QUIET, "--active.replay", str(finished)], capsys)
    assert "active.replay" in line
    assert sentence in line
    assert [run.name for run in Path("runs/tiny").iterdir()] == ["version_0"]


@pytest.mark.parametrize("earlier", [False, True], ids=["D3", "D3 of an earlier version"])
def test_repeated_sets_that_changed_while_the_run_was_stopped_are_refused(finished, capsys, earlier):
    replay = [*TINY, *QUIET, "--active.replay", str(finished)]
    assert run(replay, Path.cwd(), Kill("training", 4)).code == -9
    stopped = runs(Path.cwd())[1]
    if earlier:
        without("callbacks", "ActiveLearning")(stopped / "checkpoints" / "last.ckpt")
    kept = (finished / "selection.parquet").read_bytes()
    changed_sets(lambda table: table.drop(table.index[table["epoch"] == (0 if earlier else 2)][-1]))(finished)
    assert "active.replay: the sets in runs/tiny/version_0 have changed" in refused([*replay, "--ckpt_path", "last"], capsys)
    (finished / "selection.parquet").write_bytes(kept)
    assert main([*replay, "--ckpt_path", "last"]) == 0


NAMES = {
    "D7": ["--config", "runs/tiny/version_0/config.yaml"],
    "D7 with another": ["--config", "runs/tiny/version_0/config.yaml", "--config", "more.yaml"],
    "D7 sibling: with an equals sign": ["--config=runs/tiny/version_0/config.yaml"],
    "D7 sibling: absolute": ["--config", "{here}/runs/tiny/version_0/config.yaml"],
}


@pytest.mark.parametrize("arguments", NAMES.values(), ids=NAMES)
def test_a_run_made_from_the_config_of_a_run_keeps_its_name(finished, arguments):
    Path("more.yaml").write_text("{model: {lr: 2.0e-3}}")
    given = [argument.format(here=Path.cwd()) for argument in arguments]
    assert main(["fit", *given, "--trainer.max_epochs", "1", "--ckpt_path", "last"]) == 0
    assert [run.name for run in runs(Path.cwd())] == ["version_0", "version_1"]
    assert summary_of(Path("runs/tiny/version_1"))["name"] == "tiny"
    assert [path.name for path in Path("runs").iterdir()] == ["tiny"]


def test_D7_sibling_inside_the_run_folder(finished, monkeypatch):
    for name in ("tiny-bert", "tiny-data"):
        (finished / name).symlink_to(Path(name).resolve())
    monkeypatch.chdir(finished)
    assert main(["fit", "--config", "config.yaml", "--trainer.max_epochs", "1", "--trainer.default_root_dir", "../.."]) == 0
    assert summary_of(Path("../version_1"))["name"] == "tiny"


def test_B5_a_run_killed_in_the_control_does_only_the_rest(two_runs, workplace):
    assert run([*TINY, *FEW, *QUIET], workplace, Kill("summary", 1)).code == -9
    assert not (runs(workplace)[0] / "summary.json").exists()
    ended = run(GO_ON_FEW, workplace)
    assert ended.code == 0, ended.err
    assert differences(two_runs / "runs" / "tiny" / "version_0", runs(workplace)[0]) == []
