"""Folders that somebody else handed over: their settings are data, and no class in them is run unasked."""

import importlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from alft.cli.main import main

from .conftest import summary_of
from .resuming import QUIET, refused

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


@pytest.mark.parametrize("command", ["test", "validate"])
@pytest.mark.parametrize("more", [[], ["--ckpt_path", "runs/none.ckpt"]], ids=["E1 sibling: none", "E1 sibling: missing"])
def test_an_evaluation_without_a_checkpoint_asks_for_it(workplace, capsys, command, more):
    assert "ckpt_path must be the checkpoint file of a run" in refused([command, *more], capsys)
