"""Faults of runs that go on, of exports, and of folders that somebody else handed over."""

import csv
import errno
import importlib
import json
import os
import pickle
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from filelock import FileLock
from safetensors import SafetensorError

from alft.cli.main import main
from alft.report import as_markdown, compare, load_runs

from .conftest import ROOT, summary_of
from .faults import Kill, differences, run
from .resuming import TINY, first_step_of, runs

QUIET = ["--trainer.enable_progress_bar", "false"]
FEW = ["--active.mode", "accumulate", "--active.budget", "Constant", "--active.budget.share", "0.2"]
"""A run that buys 13 of 64 rows in each epoch."""

GO_ON = [*TINY, *FEW, *QUIET, "--ckpt_path", "last"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_bert, tiny_data):
    """A finished run (version_0) and one that was killed in its second epoch (version_1), made once."""
    folder = tmp_path_factory.mktemp("runs")
    for name, target in {"tiny-bert": tiny_bert, "tiny-data": tiny_data, "configs": ROOT / "configs"}.items():
        (folder / name).symlink_to(target)
    ended = run([*TINY, *FEW, *QUIET], folder)
    assert ended.code == 0, ended.err
    assert run([*TINY, *FEW, *QUIET], folder, Kill("training", first_step_of(1, runs(folder)[0]))).code == -9
    return folder


@pytest.fixture
def finished(workplace, place, monkeypatch):
    """A copy of the finished run, in a folder whose modules can be imported, as with python -m."""
    monkeypatch.syspath_prepend(workplace)
    for name in ("evil", "theirs"):
        sys.modules.pop(name, None)
    return Path(shutil.copytree(place / "runs" / "tiny" / "version_0", "runs/tiny/version_0"))


@pytest.fixture
def stopped(workplace, place):
    """A copy of the stopped run, and of the data, which may be changed."""
    Path("tiny-data").unlink()
    shutil.copytree(place / "tiny-data", "tiny-data")
    return Path(shutil.copytree(place / "runs" / "tiny" / "version_1", "runs/tiny/version_0"))


def bought(stopped: Path) -> list[int]:
    return (first_used(stopped) >= 0).nonzero().squeeze(1).tolist()


def first_used(run: Path) -> torch.Tensor:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["TextPool"]["ledger"]["first_used"]


def relabel(change: Callable[[int, str], str]) -> None:
    """Change labels of the train file."""
    with Path("tiny-data/train.csv").open() as file:
        header, *rows = csv.reader(file)
    changed = [header, *([text, change(row, label)] for row, (text, label) in enumerate(rows))]
    with Path("tiny-data/train.csv").open("w", newline="") as file:
        csv.writer(file).writerows(changed)


def other(label: str) -> str:
    return {"negative": "positive", "positive": "negative"}[label]


def refused(arguments: list[str], capsys) -> str:
    """The one line with which a command is refused."""
    capsys.readouterr()
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


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
    line = refused(GO_ON, capsys)
    assert "data.source: " in line
    assert sentence in line
    assert not (stopped / "summary.json").exists()


def test_D1_labels_filled_in_are_refused(stopped, capsys):
    shutil.rmtree("runs")
    relabel(lambda row, label: "" if row < 6 else label)
    assert run([*TINY, *FEW, *QUIET], Path.cwd(), Kill("training", 4)).code == -9
    relabel(lambda row, label: label or "positive")
    assert "(58 rows then, 64 now" in refused(GO_ON, capsys)


def test_D1_labels_not_yet_bought_may_be_corrected(stopped):
    rows = bought(stopped)
    relabel(lambda row, label: label if row in rows else other(label))
    assert main(GO_ON) == 0


def without_digest(stopped: Path) -> None:
    """Make the checkpoint one of an earlier version, which kept nothing of the labels."""
    path = stopped / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["TextPool"]["labels"]
    torch.save(checkpoint, path)


def test_D1_a_checkpoint_of_an_earlier_version_goes_on(stopped):
    without_digest(stopped)
    assert main(GO_ON) == 0


def test_D1_sibling_bought_labels_that_are_gone_are_refused_for_an_earlier_version_too(stopped, capsys):
    without_digest(stopped)
    rows = bought(stopped)
    relabel(lambda row, label: "" if row in rows[:3] else label)
    assert f"have none any more (number {rows[0]}, {rows[1]}, {rows[2]}, from 0)" in refused(GO_ON, capsys)


EVIL = """\
from pathlib import Path
from lightning import Callback
Path(__file__).with_name("ran").touch()
class Thing(Callback): ...
"""


def handed_over(finished: Path, change: Callable[[dict], object] | str) -> Path:
    """The run as somebody else hands it over, with another config, and a module that tells when it is imported."""
    theirs = Path(shutil.move(finished, "theirs"))
    Path("evil.py").write_text(EVIL)
    importlib.invalidate_caches()
    config = theirs / "config.yaml"
    if isinstance(change, str):
        config.write_text(config.read_text() + change)
    else:
        settings = yaml.safe_load(config.read_text())
        change(settings)
        config.write_text(yaml.safe_dump(settings))
    return theirs


def trainer_class(name: str, path: str = "evil.Thing", many: bool = False) -> Callable[[dict], object]:
    value = {"class_path": path, "init_args": {}}
    return lambda settings: settings["trainer"].update({name: [value] if many else value})


NAMED = {
    "E1 logger": trainer_class("logger"),
    "E1 callback": trainer_class("callbacks", many=True),
    "E1 profiler": trainer_class("profiler"),
    "E1 strategy": trainer_class("strategy"),
    "E1 plugin": trainer_class("plugins", many=True),
    "E1 sibling: a word": lambda settings: settings["trainer"].update(strategy="evil.Thing"),
    "E1 sibling: nested": lambda settings: settings["trainer"].update(
        callbacks=[{"class_path": "ModelSummary", "init_args": {"max_depth": {"class_path": "evil.Thing"}}}]
    ),
}


@pytest.mark.parametrize("command", ["test", "validate"])
@pytest.mark.parametrize("change", NAMED.values(), ids=NAMED)
def test_foreign_classes_in_the_config_of_a_run_are_refused(finished, capsys, command, change):
    theirs = handed_over(finished, change)
    line = refused([command, "--ckpt_path", str(theirs / "checkpoints" / "last.ckpt")], capsys)
    assert "names the class 'evil.Thing', which is neither alft's nor Lightning's" in line
    assert line.endswith(f"add --config {theirs / 'config.yaml'}")
    assert not Path("ran").exists()


def test_E1_a_typed_config_is_a_program(finished):
    theirs = handed_over(finished, trainer_class("callbacks", many=True))
    main(["test", "--config", str(theirs / "config.yaml"), "--ckpt_path", str(theirs / "checkpoints" / "last.ckpt")])
    assert Path("ran").exists()


STRANGE = {
    "E1 YAML tag": ("\nextra: !!python/object/apply:os.mkdir [ran]\n", "config.yaml is no YAML file"),
    "E1 sibling: the data are a class": (
        lambda settings: settings.update(data={"class_path": "evil.Thing", "init_args": {"source": "tiny-data"}}),
        "data.init_args must be a plain value",
    ),
    "E1 sibling: the Trainer is a class": (
        lambda settings: settings.update(trainer={"class_path": "evil.Thing"}),
        "trainer.class_path",
    ),
    "E1 sibling: a block is a file": (lambda settings: settings.update(trainer="evil.yaml"), "trainer must be a block"),
    "E1 sibling: no settings": ("\0", "config.yaml is no YAML file"),
    "E1 sibling: data of nowhere": (
        lambda settings: settings["data"].update(source="/nowhere/secret.csv"),
        "data.source: no such file or folder: /nowhere/secret.csv",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), STRANGE.values(), ids=STRANGE)
def test_strange_configs_of_a_run_are_refused(finished, capsys, change, sentence):
    theirs = handed_over(finished, change)
    assert sentence in refused(["test", "--ckpt_path", str(theirs / "checkpoints" / "last.ckpt")], capsys)
    assert not Path("ran").exists()


WRITERS = {
    "logger": {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": "written"}},
    "profiler": {"class_path": "lightning.pytorch.profilers.SimpleProfiler", "init_args": {"dirpath": "written"}},
    "callbacks": [{"class_path": "lightning.pytorch.callbacks.ModelCheckpoint", "init_args": {"dirpath": "written"}}],
    "default_root_dir": "written",
}


def test_E1_an_evaluation_takes_data_and_plain_values_and_tells_where_from(finished, capsys):
    theirs = handed_over(finished, lambda settings: settings["trainer"].update(WRITERS))
    before = set(Path.cwd().rglob("*"))
    assert main(["test", "--ckpt_path", str(theirs / "checkpoints" / "last.ckpt")]) == 0
    out = capsys.readouterr().out
    assert "settings of the data and of the Trainer: theirs/config.yaml (data.source 'tiny-data')" in out
    assert summary_of(theirs)["test"]["f1_macro"] == pytest.approx(float(re.search(r"test_f1_macro\W+([\d.]+)", out)[1]))
    assert set(Path.cwd().rglob("*")) == before


def test_E1_sibling_the_selection_of_a_run_is_not_needed(finished):
    theirs = handed_over(finished, lambda settings: settings["active"].update(acquire={"class_path": "evil.Thing"}))
    assert main(["validate", "--ckpt_path", str(theirs / "checkpoints" / "last.ckpt"), *QUIET]) == 0
    assert not Path("ran").exists()


SETTINGS = {
    "E1 sibling: lora is a class": {"lora": {"class_path": "evil.Thing"}},
    "E1 sibling: lora is a file": {"lora": "evil.yaml"},
    "E1 sibling: the model is a class": {"_class_path": "evil.Thing"},
    "E1 sibling: a backbone inside their folder": {"backbone": "package:theirs.inside/model"},
}


@pytest.mark.parametrize("command", ["test", "predict", "export"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_classes_in_a_checkpoint_are_refused(finished, capsys, command, settings):
    theirs = handed_over(finished, lambda settings: None)
    (theirs / "inside").mkdir()
    (theirs / "__init__.py").write_text(EVIL.replace('"ran"', '"../ran"'))
    path = theirs / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["hyper_parameters"] |= settings
    torch.save(checkpoint, path)
    arguments = {
        "test": ["test", "--ckpt_path", str(path)],
        "predict": ["predict", "--ckpt_path", str(path), "--data.predict", "tiny-data/test.csv", "--output", "out.csv"],
        "export": ["export", str(path), "model"],
    }
    assert "theirs" in refused(arguments[command], capsys)
    assert not Path("ran").exists()


def test_E1_sibling_a_sweep_runs_fit_and_no_other_program(workplace, capsys):
    sweep = {"program": "evil.py", "method": "grid", "parameters": {"seed_everything": {"values": ["0"]}}}
    Path("evil.py").write_text(EVIL)
    for command in (["python", "evil.py", "${args}"], ["sh", "-c", "touch ran", "fit", "${args}", "--config", "nowhere.yaml"]):
        Path("sweep.yaml").write_text(yaml.safe_dump({**sweep, "command": command}))
        refused(["grid", "sweep.yaml"], capsys)
    assert not Path("ran").exists()


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


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
    line = refused(GO_ON, capsys)
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


def test_D3_going_on_from_the_best_checkpoint_ends_as_the_whole_run(place, stopped):
    cut_in_half(stopped / "checkpoints" / "last.ckpt")
    assert main([*TINY, *FEW, *QUIET, "--ckpt_path", str(stopped / "checkpoints" / "best.ckpt")]) == 0
    assert differences(place / "runs" / "tiny" / "version_0", stopped) == []


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
    assert "config.yaml" in refused(GO_ON, capsys)
    if (stopped / "config.yaml").is_file():
        line = refused(["test", "--ckpt_path", str(stopped / "checkpoints" / "last.ckpt")], capsys)
        assert "config.yaml" in line or "--data.source" in line


@pytest.mark.parametrize("damage", [cut_in_half, Path.unlink, flip_a_byte], ids=["half", "missing", "one byte"])
def test_D3_sibling_best_weights_that_are_damaged_are_told_before_the_training(stopped, capsys, damage):
    config = stopped / "config.yaml"
    config.write_text(config.read_text().replace("test_on: last", "test_on: best"))
    damage(stopped / "checkpoints" / "best.ckpt")
    line = refused([*GO_ON, "--test_on", "best"], capsys)
    assert line.startswith("alft: error: test_on best")
    assert f"{stopped}/checkpoints/best.ckpt" in line


def test_D3_sibling_best_weights_of_another_epoch_are_not_tested(stopped, capsys):
    config, best = stopped / "config.yaml", stopped / "checkpoints" / "best.ckpt"
    config.write_text(config.read_text().replace("test_on: last", "test_on: best"))
    checkpoint = torch.load(best, weights_only=True)
    torch.save({**checkpoint, "epoch": 7}, best)
    assert f"test_on best: {best} holds epoch 7, but the best one was" in refused([*GO_ON, "--test_on", "best"], capsys)


def test_D3_sibling_weights_of_another_architecture_are_refused(stopped, capsys):
    last = stopped / "checkpoints" / "last.ckpt"
    without("state_dict", "network.classifier.bias")(last)
    for command in (GO_ON, ["test", "--ckpt_path", str(last)]):
        assert "is not of the architecture that the checkpoint was trained with (network.classifier.bias" in refused(
            command, capsys
        )


def test_D3_sibling_a_run_folder_that_cannot_be_written_to(stopped, capsys, monkeypatch):
    def refuse(lock, **options):
        raise PermissionError(errno.EACCES, "Permission denied", lock.lock_file)

    monkeypatch.setattr(FileLock, "acquire", refuse)
    told = refused(GO_ON, capsys)
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


@pytest.fixture
def full(monkeypatch):
    """A disk that is full when weights are exported, until it is emptied."""

    def save(*args, **options):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as disk:
        disk.setattr("transformers.modeling_utils.safe_save_file", save)
        yield disk


@pytest.mark.parametrize("test_on", ["last", "best"])
def test_D4_an_export_that_failed_is_all_that_is_done_again(workplace, full, capsys, test_on):
    command = [*TINY, *FEW, *QUIET, "--test_on", test_on, "--export", "my model"]
    line = refused(command, capsys)
    assert "the disk is full (" in line
    run, checkpoint = Path("runs/tiny/version_0"), f"runs/tiny/version_0/checkpoints/{test_on}.ckpt"
    advice = f"python -m alft export {checkpoint} 'my model'"
    assert line.endswith(f"the run is finished, only its export is missing: {advice}")
    assert (run / "summary.json").is_file()
    assert [path.name for path in Path.cwd().glob(".my model*")] == []
    full.undo()
    assert main(shlex.split(advice)[3:]) == 0
    by_export = (Path("my model") / "README.md").read_text()
    shutil.rmtree("my model")
    for again in ("last", checkpoint):
        capsys.readouterr()
        assert main([*command, "--force", "--ckpt_path", again]) == 0
        out = capsys.readouterr().out
        assert f"the run in {run} is finished and has the same settings, so it is only exported" in out
        assert "model: my model" in out
        assert "Plan" not in out
        assert (Path("my model") / "README.md").read_text() == by_export
        assert len(runs(Path.cwd())) == 1
    assert f"| macro-F1 | {summary_of(run)['test']['f1_macro']:.4f} |" in by_export


def test_D4_sibling_what_is_not_the_same_run_is_not_exported_in_its_place(finished, capsys):
    other = [*TINY, *FEW, *QUIET, "--model.lr", "2e-3", "--trainer.max_epochs", "1", "--export", "model"]
    checkpoint = finished / "checkpoints" / "last.ckpt"
    assert "is finished, there is nothing to go on with" in refused([*other, "--ckpt_path", str(checkpoint)], capsys)
    assert main([*other, "--ckpt_path", "last"]) == 0
    assert "so a new one starts" in capsys.readouterr().out
    assert len(runs(Path.cwd())) == 2


def test_D4_sibling_a_place_that_cannot_be_written_to_any_more(workplace, capsys, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(errno.EACCES, "Permission denied", "model")

    monkeypatch.setattr("alft.use.export._write_network", refuse)
    line = refused([*TINY, *FEW, *QUIET, "--trainer.max_epochs", "1", "--export", "model"], capsys)
    assert "only its export is missing: python -m alft export runs/tiny/version_0/checkpoints/last.ckpt model" in line


@pytest.fixture
def exported(finished):
    """A finished run, and its export."""
    assert main(["export", str(finished / "checkpoints" / "last.ckpt"), "model"]) == 0
    return ["export", str(finished / "checkpoints" / "last.ckpt"), "model", "--force"]


OWN = ["tokenizer_notes.txt", "other.safetensors", "my.model", "vocab_of_mine", ".hidden", "thesis.txt", "config.json.bak"]


@pytest.mark.parametrize("earlier", [False, True], ids=["D5", "D5 of an earlier version"])
def test_files_that_no_export_wrote_are_not_deleted(exported, capsys, earlier):
    if earlier:
        Path("model/alft_export.json").unlink()
    assert main(exported) == 0, "nothing foreign is in it"
    for name in OWN:
        place = Path("model", name)
        place.write_text("years of work")
        if earlier:
            Path("model/alft_export.json").unlink(missing_ok=True)
        assert f"move away or choose another folder: {name}" in refused(exported, capsys)
        assert place.read_text() == "years of work"
        place.unlink()
    Path("model/runs").mkdir()
    assert refused(exported, capsys).endswith("folder: runs")
    Path("model/runs").rmdir()
    assert main(exported) == 0


LISTS = {
    "D5 sibling: a list that is damaged": "{",
    "D5 sibling: a list of something else": "[1]",
    "D5 sibling: a list without names": '{"files": 3}',
    "D5 sibling: a list that is nested": "[" * 5000,
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_list_that_cannot_be_read_protects_everything(exported, capsys, text):
    Path("model/alft_export.json").write_text(text)
    before = sorted(path.name for path in Path("model").iterdir())
    assert "holds more than an earlier export" in refused(exported, capsys)
    assert sorted(path.name for path in Path("model").iterdir()) == before


def test_D5_sibling_a_folder_in_the_place_of_an_exported_file_is_kept(exported, capsys):
    as_folder(Path("model/config.json"))
    Path("model/config.json/thesis.txt").write_text("years of work")
    assert refused(exported, capsys).endswith("folder: config.json")


DEAD = 2**22 + 1
"""A number that no process has."""


def test_D5_killed_between_the_renames_is_mended_by_the_next_call(exported, capsys):
    Path("model").rename(f".model.old.{DEAD}")
    shutil.copytree(f".model.old.{DEAD}", f".model.new.{DEAD}")
    assert "model is there already" in refused(exported[:-1], capsys)
    assert Path("model/model.safetensors").is_file()
    assert main(exported) == 0
    assert list(Path.cwd().glob(".model.*")) == []


def test_D5_killed_before_and_after_the_renames_leaves_nothing(exported):
    for kind in ("new", "old"):
        shutil.copytree("model", f".model.{kind}.{DEAD}")
    shutil.copytree("model", f".model.new.{os.getpid()}.kept")
    assert main(exported) == 0
    assert [path.name for path in Path.cwd().glob(".model.*")] == [f".model.new.{os.getpid()}.kept"]


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
        assert (arm["diverged"], arm["seeds"], arm["test_f1"]) == (1, 2, whole["test_f1_macro"])
        assert arm["val_f1"] == whole["val_f1_macro"]
        assert arm["baseline_seeds"] == (arm["kind"] != "baseline")
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


def test_B5_a_run_killed_in_the_control_does_only_the_rest(place, workplace):
    assert run([*TINY, *FEW, *QUIET], workplace, Kill("summary", 1)).code == -9
    assert not (runs(workplace)[0] / "summary.json").exists()
    ended = run(GO_ON, workplace)
    assert ended.code == 0, ended.err
    assert differences(place / "runs" / "tiny" / "version_0", runs(workplace)[0]) == []


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
        assert (line["seeds"], line["baseline_seeds"]) == (1, 1)
    assert main(["report", "runs"]) == 0


def test_E4_summaries_of_an_earlier_version_stay_with_the_others(workplace):
    for seed in ("0", "1"):
        assert main([*TINY, *QUIET, *FEW, "--trainer.max_epochs", "1", "--seed_everything", seed]) == 0
    first = runs(workplace)[0] / "summary.json"
    earlier = json.loads(first.read_text())
    del earlier["pool_labels"], earlier["diverged"]
    first.write_text(json.dumps(earlier))
    (line,) = compare("runs").to_dict("records")
    assert (line["seeds"], line["arm"]) == (2, "Entropy")
    assert "pool_labels" not in line["settings"]


@pytest.mark.parametrize("command", ["test", "validate"])
@pytest.mark.parametrize("more", [[], ["--ckpt_path", "runs/none.ckpt"]], ids=["E1 sibling: none", "E1 sibling: missing"])
def test_an_evaluation_without_a_checkpoint_asks_for_it(workplace, capsys, command, more):
    assert "ckpt_path must be the checkpoint file of a run" in refused([command, *more], capsys)
