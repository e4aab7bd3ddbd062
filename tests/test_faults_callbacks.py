"""Every callback of Lightning, and those of users: killed and resumed to the bit, or refused before training."""

import shutil
from pathlib import Path

import lightning.pytorch.callbacks as lightning_callbacks
import pandas as pd
import pytest
import torch
import yaml

from alft.cli.main import main
from alft.fit.same_threads import set_threads, threads
from alft.loop.callback_rules import refuse_callback
from alft.loop.monitors import DIRECTIONS

from .conftest import summary_of
from .faults import Kill, differences, run
from .mistakes import check_mistake
from .resuming import GO_ON, TINY, check_kill, first_step_of, runs
from .strange_callbacks import STOP

OWN = "tests.strange_callbacks."

STOPPING = {"monitor": "val_f1_macro", "mode": "max", "patience": 5}
WORKING: dict[str, dict] = {
    "Callback": {},
    "Checkpoint": {},
    "DeviceStatsMonitor": {"cpu_stats": True},
    "EarlyStopping": STOPPING,
    "LambdaCallback": {},
    "LearningRateMonitor": {"log_momentum": True, "log_weight_decay": True},
    "ModelCheckpoint": {"monitor": "val_loss", "save_top_k": 2},
    "ModelSummary": {},
    "ProgressBar": {},
    "RichModelSummary": {},
    "RichProgressBar": {},
    "TQDMProgressBar": {},
    f"{OWN}OwnFigures": {},
}
"""Callbacks with which a run goes on to the bit, and their arguments."""

BARS = ("ProgressBar", "RichProgressBar", "TQDMProgressBar")
"""A Trainer has one of them."""


def with_callbacks(*names: str, **trainer: object) -> list[str]:
    """Write a config file with callbacks; the arguments that use it."""
    entries = [{"class_path": name, "init_args": WORKING.get(name, {})} for name in names]
    Path("callbacks.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": entries, "log_every_n_steps": 1, **trainer}}))
    return ["--config", "callbacks.yaml"]


def check_to_the_bit(workplace: Path, more: list[str]) -> list[Path]:
    ended = run([*TINY, *more], workplace)
    assert ended.code == 0, ended.err
    whole = runs(workplace)[0]
    assert check_kill(workplace, whole, Kill("training", first_step_of(2, whole) + 1), more) == 1
    return runs(workplace)


def test_every_callback_of_lightning_works_or_is_refused():
    for name in lightning_callbacks.__all__:
        if name not in WORKING:
            with pytest.raises(ValueError, match=rf"trainer\.callbacks: {name} cannot be used, .*; "):
                refuse_callback(getattr(lightning_callbacks, name))
        else:
            refuse_callback(getattr(lightning_callbacks, name))


def test_C1_a_run_with_all_callbacks_that_log_goes_on_to_the_bit(workplace):
    more = with_callbacks(*(name for name in WORKING if name not in BARS))
    whole, resumed = check_to_the_bit(workplace, more)
    figures = [pd.read_csv(path / "steps.csv") for path in (whole, resumed)]
    assert figures[0].drop(columns="value").equals(figures[1].drop(columns="value"))
    rates = [table[table["name"].str.startswith("lr-")] for table in figures]
    assert rates[0].equals(rates[1])
    assert rates[0]["epoch"].unique().tolist() == [0, 1, 2]
    lines = pd.read_csv(whole / "metrics.csv")
    assert not [name for name in lines if name.startswith(("lr-", "DeviceStats", "train|", "own_secret", "by_hand"))]
    assert lines["own_even"].isna().tolist() == [False, True, False, True]
    assert {"own_step", "own_mean"} <= set(lines)


@pytest.mark.soak
@pytest.mark.parametrize("name", WORKING, ids=lambda name: f"C1 {name.rpartition('.')[2]}")
def test_each_callback_goes_on_to_the_bit(workplace, name):
    check_to_the_bit(workplace, with_callbacks(name))


@pytest.mark.parametrize("name", ["LearningRateMonitor", "DeviceStatsMonitor"], ids=lambda name: f"C1 {name}")
def test_figures_by_step_continue_behind_the_last_finished_epoch(workplace, name):
    more = with_callbacks(name)
    whole, resumed = check_to_the_bit(workplace, more)
    names = [pd.read_csv(path / "steps.csv").drop(columns="value") for path in (whole, resumed)]
    assert names[0].equals(names[1])
    if name == "LearningRateMonitor":
        assert (whole / "steps.csv").read_bytes() == (resumed / "steps.csv").read_bytes()


def test_C1_another_logger_beside_gets_what_metrics_csv_has(workplace, fit):
    folder = fit("--trainer.logger+=CSVLogger", "--trainer.logger.save_dir", "beside", "--trainer.max_epochs", "1")
    (beside,) = Path("beside").rglob("metrics.csv")
    ours, theirs = pd.read_csv(folder / "metrics.csv"), pd.read_csv(beside)
    assert theirs["val_f1_macro"].dropna().tolist() == pytest.approx(ours["val_f1_macro"].dropna().tolist())
    assert not (folder / "steps.csv").exists(), "nobody logs by step"


def test_what_alft_logs_is_what_may_be_monitored(workplace, fit):
    lines = pd.read_csv(fit("--trainer.max_epochs", "1") / "metrics.csv")
    assert {name for name in lines if not name.startswith("test_")} - {"epoch", "step"} == set(DIRECTIONS)


BEHIND = "it changes weights behind the books"
REFUSED = {
    "C2 EMAWeightAveraging": ("EMAWeightAveraging", {}, BEHIND),
    "C2 WeightAveraging": ("WeightAveraging", {}, BEHIND),
    "C2 StochasticWeightAveraging": ("StochasticWeightAveraging", {"swa_lrs": 1e-3}, BEHIND),
    "C2 subclass of a user": (f"{OWN}OwnAverage", {}, "OwnAverage cannot be used, it changes weights behind the books"),
    "C2 BackboneFinetuning": ("BackboneFinetuning", {}, "use model.lora to train few weights"),
    "C2 finetuning of a user": (f"{OWN}OwnFinetuning", {}, "use model.lora to train few weights"),
    "C3 ModelPruning": ("ModelPruning", {"pruning_fn": "l1_unstructured"}, BEHIND),
    "C3 LearningRateFinder": ("LearningRateFinder", {}, "it trains before the plan; set model.lr"),
    "C3 BatchSizeFinder": ("BatchSizeFinder", {}, "it trains before the plan; set data.batch_size"),
    "C3 SpikeDetection": ("SpikeDetection", {}, "it breaks a run off"),
    "C3 Timer": ("Timer", {}, "it ends the planned epochs early; use trainer.max_epochs"),
    "C3 GradientAccumulationScheduler": (
        "GradientAccumulationScheduler",
        {"scheduling": {0: 2}},
        "use trainer.accumulate_grad_batches",
    ),
    "C3 BasePredictionWriter": ("BasePredictionWriter", {}, "use python -m alft predict"),
    "C sibling: ThroughputMonitor": (
        "ThroughputMonitor",
        {"batch_size_fn": f"{OWN}size_of"},
        "it logs seconds among the metrics of an epoch",
    ),
    "C sibling: OnExceptionCheckpoint": ("OnExceptionCheckpoint", {"dirpath": "x"}, "it saves within an epoch"),
    "C sibling: a state that cannot be read": (f"{OWN}SavesArrays", {}, "the state of SavesArrays cannot be read from"),
    "C4 unknown monitor": (
        "EarlyStopping",
        {"monitor": "f1", "mode": "max"},
        "EarlyStopping monitors f1, which nothing logs; did you mean val_f1_macro? Logged: val_f1_macro, val_accuracy, ",
    ),
    "C4 misspelt monitor": ("ModelCheckpoint", {"monitor": "val_lss"}, "did you mean val_loss?"),
    "C4 metric of the test": (
        "EarlyStopping",
        {"monitor": "test_loss"},
        "EarlyStopping monitors test_loss, which nothing logs",
    ),
    "C4 wrong way up": (
        "EarlyStopping",
        {"monitor": "val_f1_macro"},
        "EarlyStopping takes a lower val_f1_macro for better; set its mode to max, got min",
    ),
    "C4 wrong way down": ("ModelCheckpoint", {"monitor": "val_loss", "mode": "max"}, "set its mode to min, got max"),
    "C4 unknown mode": (
        "EarlyStopping",
        {"monitor": "val_loss", "mode": "up"},
        "trainer.callbacks: EarlyStopping cannot be used (",
    ),
    "C4 patience": ("EarlyStopping", {**STOPPING, "patience": -1}, "patience of EarlyStopping must be at least 0, got -1"),
    "C4 no monitor": ("EarlyStopping", {}, "trainer.callbacks: EarlyStopping needs a value for monitor"),
    "C sibling: over last.ckpt": ("ModelCheckpoint", {"filename": "last"}, "ModelCheckpoint would write over last.ckpt"),
    "C sibling: save_last": ("ModelCheckpoint", {"save_last": True}, "save_last of ModelCheckpoint writes last.ckpt"),
    "C sibling: misspelt class": ("EarlyStoping", {}, "there is no EarlyStoping; did you mean EarlyStopping? Known: "),
}


@pytest.mark.parametrize(("name", "arguments", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_callback_that_breaks_the_books_is_refused_before_training(workplace, capsys, name, arguments, sentence):
    entry = {"class_path": name, "init_args": arguments}
    Path("c.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [entry]}}))
    check_mistake(capsys, lambda: ["--config", "c.yaml"], ("trainer.callbacks: ", sentence))


def test_C3_two_callbacks_that_cannot_be_told_apart(workplace, capsys):
    entry = {"class_path": "EarlyStopping", "init_args": STOPPING}
    Path("c.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [entry, entry]}}))
    check_mistake(capsys, lambda: ["--config", "c.yaml"], ("trainer.callbacks cannot be [", "more than one stateful callback"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("SwapsForValidation", "the weights measured on validation are not those", id="C2 swapped for validation"),
        pytest.param("SwapsAtTheEnd", "the weights to be tested are in no checkpoint of", id="C2 swapped at the end"),
    ],
)
def test_a_callback_of_a_user_that_exchanges_weights_is_found_out(workplace, capsys, name, sentence):
    assert main([*TINY, f"--trainer.callbacks+={OWN}{name}", "--trainer.max_epochs", "2"]) == 2
    told = capsys.readouterr().err.strip()
    assert sentence in told
    assert name in told
    assert not list(Path("runs").rglob("summary.json"))


def test_C4_what_a_callback_of_a_user_logs_may_be_monitored(workplace, capsys):
    more = with_callbacks(f"{OWN}OwnFigures")
    watching = ["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor"]
    assert main([*TINY, *more, *watching, "own_mean", "--trainer.max_epochs", "1"]) == 0
    assert main([*TINY, *more, *watching, "own_maen", "--trainer.max_epochs", "1"]) == 2
    assert "EarlyStopping monitors own_maen, which nothing logs; did you mean own_mean?" in capsys.readouterr().err


def test_C4_a_checkpoint_of_ones_own_stands_beside_and_can_be_measured(workplace, fit, capsys):
    more = ["--trainer.callbacks+=ModelCheckpoint", "--trainer.callbacks.save_top_k=-1"]
    folder = fit(*more, "--trainer.max_epochs", "2")
    names = {path.name for path in (folder / "checkpoints").iterdir()}
    assert {"last.ckpt", "best.ckpt"} < names
    assert len(names) == 4
    assert main(["test", "--ckpt_path", str(folder / "checkpoints" / "best.ckpt")]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param({"every_n_train_steps": 2, "save_top_k": -1}, "was written within epoch", id="C sibling: within an epoch"),
        pytest.param({"save_weights_only": True}, "holds weights alone", id="C sibling: weights alone"),
    ],
)
def test_a_run_does_not_go_on_from_a_checkpoint_that_lacks_its_state(workplace, capsys, arguments, sentence):
    entry = {"class_path": "ModelCheckpoint", "init_args": {"filename": "{step}", **arguments}}
    Path("c.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [entry]}}))
    assert run([*TINY, "--config", "c.yaml"], workplace, Kill("training", 12)).code == -9
    places = sorted((runs(workplace)[0] / "checkpoints").glob("step=*.ckpt"))
    assert main([*TINY, "--config", "c.yaml", "--ckpt_path", str(places[-1])]) == 2
    assert sentence in capsys.readouterr().err
    assert main([*GO_ON, "--config", "c.yaml"]) == 0


def test_D2_a_run_goes_on_with_the_threads_with_which_it_began(workplace, monkeypatch, capsys):
    before = threads()
    long = ["--data.max_length", "64", "--data.batch_size", "64", f"--trainer.callbacks+={OWN}StopsWhenTold"]
    try:
        ends = []
        for stopped, first in ((False, 2), (True, 2), (False, 1)):
            torch.set_num_threads(first)
            monkeypatch.setenv(STOP, "1" if stopped else "never")
            assert main([*TINY, *long]) == (2 if stopped else 0)
            ends += [runs(workplace)[-1]]
            torch.set_num_threads(1)
            if stopped:
                monkeypatch.setenv(STOP, "never")
                assert main([*GO_ON, *long]) == 0
        assert "threads as the run began, so that it goes on to the bit: torch 2 (here 1)" in capsys.readouterr().out
        assert differences(ends[0], ends[1]) == []
        assert differences(ends[0], ends[2]) != [], "the number of threads matters, or the test proves nothing"
    finally:
        set_threads(before)


def test_sanity_steps_change_nothing(workplace, fit):
    plain, careful = fit("--trainer.max_epochs", "2"), fit("--trainer.max_epochs", "2", "--trainer.num_sanity_val_steps", "2")
    assert differences(plain, careful) == []
    assert summary_of(careful)["tested_epoch"] == 1


def test_steps_of_a_copied_run_are_cut_where_it_goes_on(workplace):
    more = with_callbacks("LearningRateMonitor")
    assert run([*TINY, *more], workplace, Kill("training", 12)).code == -9
    steps = runs(workplace)[0] / "steps.csv"
    with steps.open("a") as file:
        file.write("1,9,lr-Ad")  # half a line, as a full disk leaves it
    assert run([*GO_ON, *more], workplace).code == 0
    table = pd.read_csv(steps)
    assert table["epoch"].is_monotonic_increasing
    assert not table.duplicated(["epoch", "step", "name"]).any()
    shutil.rmtree(steps.parent)
