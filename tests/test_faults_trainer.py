"""Settings of the Trainer that would break the books, that this machine cannot do, or that make no sense; lost processes."""

import contextlib
import os
import signal
import subprocess
import sys
from functools import wraps
from pathlib import Path

import lightning.pytorch.loggers
import psutil
import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.strategies import StrategyRegistry

from alft import ActiveLearning, TextPool, trainer
from alft.cli.main import main
from alft.loop.guards import refuse_trainer_settings

from .conftest import ROOT
from .faults import run, wait_for
from .mistakes import arguments, check_mistake
from .resuming import TINY, runs

PART = "cannot be used, no summary could tell a part of an evaluation set from the whole"

MISTAKES = {
    "C5 part of the validation set": (("limit_val_batches", "0.5"), f"{PART}, got 0.5; use data.limit_validation"),
    "C5 batches of validation": (("limit_val_batches", "2"), f"{PART}, got 2; use data.limit_validation"),
    "C5 part of the test set": (("limit_test_batches", "2"), f"{PART}, got 2; give data.source a smaller test set"),
    "C5 no test": (("limit_test_batches", "0"), f"{PART}, got 0"),
    "C5 predictions": (("limit_predict_batches", "2"), "has no effect, python -m alft predict reads the whole file"),
    "C sibling: batches of training": (("limit_train_batches", "2"), "cannot be used, rows would count as trained on"),
    "C sibling: validation after every batch": (("val_check_interval", "1"), "must be 1, because every epoch is measured"),
    "C sibling: steps at least": (
        ("min_steps", "50"),
        "cannot be used, epochs are planned and not steps; use trainer.min_epochs",
    ),
    "C sibling: more epochs at least": (("min_epochs", "5"), "must be at most trainer.max_epochs (3), got 5"),
    "C6 forked": (("strategy", "ddp_fork"), "strategies that fork or spawn this process cannot be used"),
    "C6 notebook": (("strategy", "ddp_notebook"), "trainer.devices 1 in a notebook"),
    "C6 spawned": (("strategy", "ddp_spawn"), "strategies that fork or spawn this process cannot be used"),
    "C6 an object that forks": (("strategy", "DDPStrategy", "--trainer.strategy.start_method", "fork"), "strategies that fork"),
    "C6 no sampler": (
        ("use_distributed_sampler", "false"),
        "must be true, else each of several processes trains on the whole set",
    ),
    "C8 gradient of NaN": (("gradient_clip_val", ".nan"), "must be a finite number of at least 0, which is none, got nan"),
    "C8 gradient below 0": (("gradient_clip_val", "-1"), "must be a finite number of at least 0, which is none, got -1"),
    "C8 gradient of inf": (("gradient_clip_val", ".inf"), "must be a finite number of at least 0, which is none, got inf"),
    "C8 unknown way of clipping": (("gradient_clip_algorithm", "foo"), "cannot be 'foo': ", "; use norm or value"),
    "C8 no such accelerator": (("accelerator", "foo"), "cannot be 'foo': ", "; use auto or cpu"),
    "C8 accelerator not here": (("accelerator", "mps"), "cannot be 'mps': MPSAccelerator can not run", "; use auto or cpu"),
    "C8 accelerator not installed": (("accelerator", "tpu"), "cannot be 'tpu': ", "; use auto or cpu"),
    "C8 no devices": (("devices", "0"), "cannot be '0': ", "; give as many as this machine has, or auto"),
    "C8 devices below 0": (("devices", "-2"), "cannot be '-2': ", "; give as many as this machine has, or auto"),
    "C8 devices in words": (("devices", "many"), "cannot be 'many': ", "; give as many as this machine has, or auto"),
    "C8 no nodes": (("num_nodes", "0"), "cannot be 0: ", "; give the number of machines"),
    "C8 precision not here": (
        ("precision", "16-mixed"),
        "cannot be 16-mixed on this hardware, which would compute in bf16-mixed",
    ),
    "C8 precision not installed": (("precision", "transformer-engine"), "cannot be 'transformer-engine': ", "; use 32-true or"),
    "C8 no such precision": (("precision", "foo"), "must be one of 64, 32, 16, transformer-engine, ", ", bf16, got foo"),
    "C8 no such profiler": (("profiler", "foo"), "cannot be 'foo': ", "; use simple, advanced or pytorch"),
    "C8 profiler not installed": (("profiler", "xla"), "must be simple, advanced or pytorch without torch_xla, got xla"),
    "C8 no such strategy": (("strategy", "foo"), "cannot be 'foo': ", "; use auto, or ddp for several processes"),
    "C8 strategy not installed": (
        ("strategy", "deepspeed"),
        "cannot be 'deepspeed': ",
        "; use auto, or ddp for several processes",
    ),
    "C8 strategy not here": (("strategy", "fsdp"), "cannot be 'fsdp': ", "; use auto, or ddp for several processes"),
    "C8 no such plugin": (("plugins", "foo"), "there is no foo"),
    "C8 no accumulation": (("accumulate_grad_batches", "0"), "must be at least 1, got 0"),
    "C8 logs below 0": (("log_every_n_steps", "-1"), "must be at least 0, got -1"),
    "C8 epochs below 0": (("min_epochs", "-1"), "must be at least 0, got -1"),
    "C8 no such logger": (("logger", "CSVLoger"), "there is no CSVLoger; did you mean CSVLogger? Known: "),
    "C8 root that is a file": (
        ("default_root_dir", "configs/tiny.yaml"),
        "no run folder can be made in configs/tiny.yaml (not a dir",
    ),
    "C8 root that cannot be written": (("default_root_dir", "/proc/runs"), "no run folder can be made in /proc/runs ("),
    "C sibling: checkpoints without checkpoints": (
        ("enable_checkpointing", "false", "--trainer.callbacks+=ModelCheckpoint"),
        "trainer: these settings do not go together: Trainer was configured with enable_checkpointing=False but found",
    ),
}


@pytest.mark.parametrize(("given", "sentences"), [(m[0], m[1:]) for m in MISTAKES.values()], ids=MISTAKES.keys())
def test_a_mistake_in_the_trainer_is_named_before_training(workplace, capsys, given, sentences):
    name, *values = given
    check_mistake(capsys, arguments(f"--trainer.{name}", *values), sentences)


@pytest.mark.parametrize("seed", ["-1", str(2**32)], ids=["C8 seed below 0", "C8 seed too large"])
def test_a_seed_that_numpy_does_not_take(workplace, capsys, seed):
    check_mistake(capsys, arguments("--seed_everything", seed), (f"seed_everything must be in [0, 4294967295], got {seed}",))


@pytest.mark.parametrize(
    ("logger", "package"),
    [
        pytest.param("TensorBoardLogger", "tensorboard", id="C8 TensorBoardLogger"),
        pytest.param("MLFlowLogger", "mlflow", id="C8 MLFlowLogger"),
        pytest.param("CometLogger", "comet", id="C8 CometLogger"),
    ],
)
def test_a_logger_that_is_not_installed(workplace, capsys, monkeypatch, logger, package):
    kind = getattr(lightning.pytorch.loggers, logger)
    monkeypatch.setattr(kind, "__init__", wraps(kind.__init__)(lambda self, *given, **named: _missing(package)))
    more = ["--trainer.logger.save_dir", "x"] if logger == "TensorBoardLogger" else []
    sentences = (f"trainer.logger: {logger} cannot be used (", package, "; install what it needs, or leave it out")
    check_mistake(capsys, arguments(f"--trainer.logger+={logger}", *more), sentences)


def _missing(package: str) -> None:
    raise ModuleNotFoundError(f"Requirement '{package}' not met. HINT: Try running `pip install -U '{package}'`")


def test_C6_every_registered_strategy_that_starts_processes_its_own_way_is_refused(workplace, capsys):
    """Found by Lightning's registry, so that a new one does not slip through."""
    for name in StrategyRegistry.available_strategies():
        method = StrategyRegistry[name]["init_params"].get("start_method", "popen")
        if method != "popen":
            check_mistake(capsys, arguments("--trainer.strategy", name), ("strategies that fork or spawn this process",))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param({"devices": 0}, r"trainer\.devices cannot be 0: ", id="C8 devices"),
        pytest.param({"gradient_clip_val": -1.0}, r"trainer\.gradient_clip_val must be a finite", id="C8 gradient"),
        pytest.param({"callbacks": 3}, r"trainer\.callbacks: int is no callback", id="C8 callbacks"),
        pytest.param({"max_epoch": 3}, r"there is no setting trainer\.max_epoch; did you mean max_epochs\?", id="C8 misspelt"),
    ],
)
def test_python_hears_the_same(workplace, settings, sentence):
    data = TextPool("tiny-bert", source="tiny-data", max_length=32, batch_size=8)
    with pytest.raises(ValueError, match=sentence) as told:
        trainer(data, ActiveLearning(), max_epochs=1, enable_progress_bar=False, **{"accelerator": "cpu", **settings})
    assert not isinstance(told.value, MisconfigurationException)
    assert not Path("runs").exists()


@pytest.mark.parametrize("command", ["test", "validate"])
def test_C5_an_evaluation_measures_whole_sets_too(fit, capsys, command):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    assert main([command, "--ckpt_path", str(checkpoint), "--trainer.limit_test_batches", "2"]) == 2
    assert f"trainer.limit_test_batches: {PART}, got 2" in capsys.readouterr().err


# In a process of its own: where tests have imported other modules, typing may give float before int, and 1 is read as 1.0.
@pytest.mark.parametrize("name", [f"limit_{part}_batches" for part in ("train", "val", "test", "predict")])
def test_C5_one_batch_typed_is_refused(workplace, name):
    ended = run(["fit", "--config", "configs/tiny.yaml", f"--trainer.{name}", "1"], workplace)
    assert ended.code == 2
    assert ended.err.startswith(f"alft: error: trainer.{name}: ")
    assert ("got 1 (one batch; 1.0 is all of them)" in ended.err) == (name != "limit_predict_batches")
    assert not (workplace / "runs").exists()


@pytest.mark.parametrize("command", ["test", "validate"])
def test_C5_one_batch_of_an_evaluation_typed_is_refused(fit, workplace, command):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    ended = run([command, "--ckpt_path", str(checkpoint), "--trainer.limit_test_batches", "1"], workplace)
    assert ended.code == 2
    assert f"trainer.limit_test_batches: {PART}, got 1 (one batch; 1.0 is all of them)" in ended.err


@pytest.mark.parametrize("name", [f"limit_{part}_batches" for part in ("train", "val", "test", "predict")])
def test_C5_one_batch_is_refused_and_the_whole_set_is_not(workplace, name):
    data = TextPool("tiny-bert", source="tiny-data", max_length=32, batch_size=8)
    settings = {"max_epochs": 1, "enable_progress_bar": False, "accelerator": "cpu"}
    refuse_trainer_settings(trainer(data, ActiveLearning(), name="whole", **settings, **{name: 1.0}))
    with pytest.raises(ValueError, match=rf"trainer\.{name}: ") as told:
        refuse_trainer_settings(trainer(data, ActiveLearning(), name="one", **settings, **{name: 1}))
    assert ("got 1 (one batch; 1.0 is all of them)" in str(told.value)) == (name != "limit_predict_batches")


def test_C7_when_the_second_process_dies_the_first_says_how_to_go_on(workplace):
    several = ["--trainer.max_epochs", "60", "--trainer.strategy", "ddp", "--trainer.devices", "2"]
    command = [sys.executable, "-m", "alft", *TINY, *several, "--trainer.enable_progress_bar", "false"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True)
    wait_for(workplace / "runs" / "tiny" / "version_0" / "checkpoints" / "last.ckpt", 120)
    (second,) = psutil.Process(process.pid).children()
    second.send_signal(signal.SIGKILL)
    told = process.communicate(timeout=120)[1].strip().splitlines()
    assert process.returncode == 2
    place = "runs/tiny/version_0"
    go_on = f"python -m alft fit --config {place}/config.yaml --ckpt_path {place}/checkpoints/last.ckpt"
    assert told == [f"alft: error: another process of the run has ended (exit code -9); go on with: {go_on}"]
    with contextlib.suppress(psutil.NoSuchProcess):
        second.wait(10)
    assert len(runs(workplace)) == 1
