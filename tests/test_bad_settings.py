"""Errors in the settings: one line on stderr that names the setting as typed, exit code 2, no traceback, no training."""

import re
import shutil
from pathlib import Path

import pytest

from alft.cli.main import main

from .mistakes import arguments, check_mistake, source


def model_without_tokenizer() -> list[str]:
    Path("bare").mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(Path("tiny-bert", name), "bare")
    return ["--model.backbone", "bare"]


MISTAKES = {
    "module that is not there": (
        arguments("--active.acquire", "my_scores.Bold"),
        "active.acquire: my_scores.Bold cannot be imported: No module named 'my_scores'; did you mean Bald?",
    ),
    "base class": (
        arguments("--active.acquire", "Acquisition"),
        "active.acquire: Acquisition is a base class; name one of ",
        *("Bald, ", "Entropy, ", "Furthest, ", "LeastConfidence, ", "Margin, ", "Random, ", "Variance"),  # and those of tests
    ),
    "hub model not reachable": (
        arguments("--model.backbone", "someone/some-model"),
        "model.backbone: someone/some-model cannot be loaded",
        "--model.backbone PATH",
    ),
    "limit of 0": (arguments("--data.limit", "0"), "data.limit must be at least 1, got 0"),
    "workers below 0": (arguments("--data.num_workers", "-1"), "data.num_workers must be at least 0, got -1"),
    "batch of 0": (arguments("--data.batch_size", "0"), "data.batch_size must be at least 1, got 0"),
    "longer than the model reads": (arguments("--data.max_length", "65"), "data.max_length must be in [3, 64]", "got 65"),
    "share outside [0, 1]": (
        arguments("--active.budget", "Constant", "--active.budget.share", "1.5"),
        "active.budget.share must be in [0, 1], got 1.5",
    ),
    "cap outside (0, 1]": (arguments("--active.max_unique", "0"), "active.max_unique must be in (0, 1], got 0"),
    "empty epoch": (
        arguments("--active.budget.stop", "0"),
        "active.budget leaves epoch 2 without a row to train on: share 0 of 64 labelled rows",
        "a share of 0 needs active.mode accumulate, got recalculate",
    ),
    "more clusters than rows": (
        arguments("--active.cluster.clusters", "65"),
        "active.cluster.clusters must be at most the 64 labelled rows of the pool, got 65",
    ),
    "Bald with one pass": (
        arguments("--active.acquire", "Bald", "--active.acquire.passes", "1"),
        "active.acquire.passes must be at least 2 for Bald",
    ),
    "Variance with one pass": (
        arguments("--active.acquire", "Variance", "--active.acquire.passes", "1"),
        "active.acquire.passes must be at least 2 for Variance",
    ),
    "no share": (arguments("--active.budget", "Linear", "--active.budget.start=null"), "active.budget.start must be given, it"),
    "no draws": (
        arguments("--active.acquire", "Bald", "--active.acquire.passes=null"),
        "active.acquire.passes must be given, it",
    ),
    "no rank": (arguments("--model.lora.r=null"), "model.lora.r must be given, it cannot be null"),
    "no number of draws": (arguments("--model.epinet.draws=null"), "model.epinet.draws must be given, it cannot be null"),
    "no acquisition": (arguments("--active.acquire=null"), "active.acquire must be given, it cannot be null"),
    "no embedding": (arguments("--active.embedding=null"), "active.embedding must be given, it cannot be null"),
    "no root": (arguments("--trainer.default_root_dir=null"), "trainer.default_root_dir must be given, it cannot be null"),
    "no patience": (
        arguments(
            "--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=val_loss", "--trainer.callbacks.patience=null"
        ),
        "trainer.callbacks.patience must be given, it cannot be null",
    ),
    "max_epochs missing": (arguments("--trainer.max_epochs", "null"), "trainer.max_epochs must be given"),
    "unknown acquisition": (
        arguments("--active.acquire", "Entrpy"),
        "active.acquire: there is no Entrpy; did you mean Entropy? Known: Badge, Bald, ",
    ),
    "misspelt option": (
        arguments("--active.aquire", "Entropy"),
        "there is no setting --active.aquire; did you mean --active.acquire?",
    ),
    "shortened option": (arguments("--trainer.max_epoch", "3"), "did you mean --trainer.max_epochs?"),
    "misspelt key in a config": (
        lambda: Path("c.yaml").write_text("activ: {acquire: Entropy}") and ["--config", "c.yaml"],
        "there is no setting activ.acquire; did you mean active.acquire?",
    ),
    "misspelt field of a class": (
        arguments("--active.budget.shar", "0.3"),
        "there is no setting active.budget.shar; did you mean active.budget.share?",
    ),
    "field of another class": (
        arguments("--active.budget.share", "0.3"),
        "active.budget.share is a setting of Constant; name the class first: --active.budget Constant",
    ),
    "misspelt field of lora": (arguments("--model.lora.ran", "3"), "there is no setting model.lora.ran"),
    "wrong word": (
        arguments("--active.mode", "accumulating"),
        "active.mode must be one of recalculate, accumulate, unseen, got accumulating",
    ),
    "wrong type": (arguments("--model.lr", "fast"), "model.lr must be of type float or null, got fast"),
    "wrong type of an optional setting": (arguments("--data.limit", "1.5"), "data.limit must be of type int or null, got 1.5"),
    "wrong type in lora": (arguments("--model.lora.r", "x"), "model.lora.r cannot be x"),
    "negative weight decay": (arguments("--model.weight_decay", "-1"), "model.weight_decay must be at least 0, got -1.0"),
    "negative learning rate": (arguments("--model.lr", "-1"), "model.lr must be at least 0 and at most 1e+30, got -1.0"),
    "rank of 0": (arguments("--model.lora.r", "0"), "alft: error: model.lora.r must be at least 1 and at most 65536, got 0"),
    "missing config": (arguments("--config", "nope.yaml"), "config: File does not exist"),
    "broken config": (
        lambda: Path("c.yaml").write_text("active: [acquire: {") and ["--config", "c.yaml"],
        "Problems parsing config",
    ),
    "barebones": (arguments("--trainer.barebones", "true"), "trainer.barebones cannot be used"),
    "best of no checkpoints": (
        arguments("--test_on", "best", "--trainer.enable_checkpointing", "false"),
        "test_on best needs checkpoints, but trainer.enable_checkpointing is false",
    ),
    "controls of another kind": (arguments("--controls", "some"), "controls must be one of none, fast, all, got some"),
    "model without tokenizer": (
        model_without_tokenizer,
        "model.backbone: bare has no tokenizer beside the model (no tokenizer.json, no vocabulary)",
    ),
    "export over something": (
        lambda: [source("model/notes.txt", "mine")() and "--export", "model"],
        "export: model is there already; --force replaces an earlier export",
    ),
    "word vectors not there": (
        arguments("--active.embedding", "WordVectors", "--active.embedding.path", "nope.vec"),
        "active.embedding.path: no such file: nope.vec",
    ),
    "tf-idf of no dimensions": (
        arguments("--active.embedding", "TfIdf", "--active.embedding.dimensions", "0"),
        "active.embedding.dimensions must be at least 1, got 0",
    ),
    "one draw of an epinet": (
        arguments("--model.uncertainty", "epinet", "--model.epinet.draws", "1"),
        "alft: error: model.epinet.draws must be at least 2 and at most 10000, got 1",
    ),
    "an epinet's settings without one": (
        arguments("--model.epinet.draws", "5"),
        "model.epinet needs model.uncertainty epinet, got dropout",
    ),
    "a prior of no finite scale": (
        arguments("--model.uncertainty", "epinet", "--model.epinet.prior_scale", ".inf"),
        "model.epinet.prior_scale must be at least 0 and at most 10000, got inf",
    ),
    "clusters that open in another mode": (
        arguments("--active.budget", "DifBuild", "--active.budget.opens", "clusters", "--active.mode", "accumulate"),
        "active.mode must be recalculate with active.budget.opens clusters",
    ),
    "texts embedded again and again": (
        arguments("--active.embedding", "TfIdf", "--active.recluster", "every_epoch"),
        "active.recluster must be once with an embedding of texts, which never changes (TfIdf)",
    ),
    "an embedding of neither kind": (
        arguments("--active.embedding", "alft.selection.embedding.Embedding"),
        "active.embedding must be a TokenEmbedding or a TextEmbedding, got Embedding",
    ),
    "misspelt field of epinet": (
        arguments("--model.epinet.draw", "5"),
        "there is no setting model.epinet.draw; did you mean model.epinet.draws?",
    ),
    "refused Trainer setting": (arguments("--trainer.max_steps", "5"), "trainer.max_steps: cannot be used"),
}


@pytest.mark.parametrize(("prepare", "sentences"), [(m[0], m[1:]) for m in MISTAKES.values()], ids=MISTAKES.keys())
def test_a_mistake_in_the_settings_is_told_in_one_line_and_nothing_is_trained(workplace, capsys, prepare, sentences):
    check_mistake(capsys, prepare, sentences)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["fitt"], "there is no command fitt; did you mean fit?"),
        (["fit", "--data.source", "x", "--trainer.max_epochs", "1"], "--model.backbone must be given; it has no default"),
        (["test", "--config", "configs/tiny.yaml"], "ckpt_path must be the checkpoint file of a run, such as"),
        (["validate", "--config", "configs/tiny.yaml", "--ckpt_path", "nope.ckpt"], "ckpt_path must be .* got 'nope.ckpt'"),
        (["test", "--config", "configs/tiny.yaml", "--ckpt_path", "configs/tiny.yaml"], "is not the checkpoint of a run"),
        (["demo"], "folder"),
        (["demo", "a", "b"], "there is no setting b"),
    ],
)
def test_mistakes_around_a_fit(workplace, capsys, args, sentence):
    assert main(args) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("alft: error: ")
    assert re.search(sentence, line)


@pytest.mark.filterwarnings("ignore:LightningCLI's args parameter")
def test_alft_debug_shows_the_traceback(workplace, monkeypatch):
    monkeypatch.setenv("ALFT_DEBUG", "1")
    with pytest.raises(ValueError, match="no such file"):
        main(["fit", "--config", "configs/tiny.yaml", "--data.source", "nope.csv"])
