"""Every mistake: one line on stderr that names the setting, exit code 2, no traceback, nothing trained."""

import re
import shutil
from pathlib import Path

import pytest

from alft.run.cli import main

ROWS = [(f"text number {i}", "ab"[i % 2]) for i in range(20)]


def csv_of(rows, header="text,label"):
    return "\n".join([header, *(f"{text},{label}" for text, label in rows)]) + "\n"


def source(name: str, content: str | bytes, *more: str):
    """Write a file and use it as the data."""

    def prepare() -> list[str]:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        return ["--data.source", name, *more]

    return prepare


def arguments(*given: str):
    """Type these after a config that would run."""
    return lambda: list(given)


def model_without_tokenizer() -> list[str]:
    Path("bare").mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(Path("tiny-bert", name), "bare")
    return ["--model.backbone", "bare"]


MISTAKES = {
    "missing file": (arguments("--data.source", "nope.csv"), "data.source: no such file or folder: nope.csv"),
    "missing folder": (arguments("--data.source", "./nope"), "data.source: no such file or folder: ./nope"),
    "folder without train": (
        source("half/test.csv", csv_of(ROWS), "--data.source", "half"),
        "data.source: half has no train file (.csv, .tsv, .jsonl, .json, .parquet); it holds: test.csv",
    ),
    "two train files": (
        lambda: source("two/train.csv", csv_of(ROWS))() + source("two/train.tsv", "text\tlabel\n")() + ["--data.source", "two"],
        "data.source: two has more than one train file: train.csv, train.tsv",
    ),
    "unknown format": (source("data.xlsx", "x"), "data.source: data.xlsx must end in one of .csv, .tsv"),
    "hub data not reachable": (
        arguments("--data.source", "someone/some_data"),
        "data.source: someone/some_data is no file or folder here and could not be read from the hub",
        "--data.source PATH",
        "--model.backbone PATH",
    ),
    "hub model not reachable": (
        arguments("--model.backbone", "someone/some-model"),
        "model.backbone: someone/some-model cannot be loaded",
        "--model.backbone PATH",
    ),
    "missing text column": (
        source("a.csv", csv_of(ROWS, "words,label")),
        "data.text_column must name a column",
        "found: words, label",
    ),
    "missing label column": (
        source("a.csv", csv_of(ROWS, "text,mark")),
        "data.label_column must name a column",
        "found: text, mark",
    ),
    "named column missing": (
        source("a.csv", csv_of(ROWS), "--data.text_column", "words"),
        "data.text_column: there is no column 'words'; found: text, label",
    ),
    "one column for both": (
        source("a.csv", csv_of(ROWS), "--data.text_column", "label"),
        "data.text_column and data.label_column must differ, both are 'label'",
    ),
    "one class only": (
        source("a.csv", csv_of([(text, "a") for text, _ in ROWS])),
        "data.source: the train set has only one class, 'a'",
    ),
    "no label at all": (
        source("a.csv", csv_of([(text, "") for text, _ in ROWS])),
        "data.source: the train set has no row with a label",
    ),
    "no text left": (
        source("a.csv", csv_of([("   ", label) for _, label in ROWS])),
        "data.source: a.csv has no text left to train on: all 20 rows are blank",
    ),
    "empty file": (source("a.csv", ""), "data.source: a.csv is an empty file"),
    "header only": (source("a.csv", "text,label\n"), "data.source: a.csv holds no rows"),
    "invalid UTF-8": (
        source("a.csv", b"text,label\ngood,a\nbad \xff,b\n"),
        "data.source: a.csv is not valid UTF-8 (line 3)",
    ),
    "invalid UTF-8 in JSONL": (
        source("a.jsonl", b'{"text": "good", "label": 1}\n{"text": "bad \xff", "label": 0}\n'),
        "data.source: a.jsonl is not valid UTF-8 (line 2)",
    ),
    "no home of that name": (
        arguments("--data.source", "~nobody_here/x"),
        "data.source: no such file or folder: ~nobody_here/x",
    ),
    "columns shifted by a comma in a text": (
        source("a.csv", "text,label\none,two,a\nthree,b\n"),
        "data.source: a.csv has more cells in line 2 than the header has columns (2)",
    ),
    "columns shifted by a missing cell": (
        source("a.csv", csv_of(ROWS) + "lost\n"),
        "data.source: a.csv has fewer cells in line 22 than the header has columns (2)",
    ),
    "broken JSON": (source("a.jsonl", '{"text": "a", "label": 1}\nnot json\n'), "data.source: a.jsonl cannot be read"),
    "broken Parquet": (source("a.parquet", "nope"), "data.source: a.parquet cannot be read"),
    "unknown label in validation": (
        lambda: source("u/train.csv", csv_of(ROWS))() + source("u/dev.csv", csv_of([("x", "A")]))() + ["--data.source", "u"],
        "data.source: the validation set has the label 'A' (row 0), which the train set does not have (it has a, b)",
    ),
    "unknown label in test": (
        lambda: source("u/train.csv", csv_of(ROWS))() + source("u/test.csv", csv_of([("x", "c")]))() + ["--data.source", "u"],
        "data.source: the test set has the label 'c' (row 0), which the train set does not have (it has a, b)",
    ),
    "limit of 0": (arguments("--data.limit", "0"), "data.limit must be at least 1, got 0"),
    "limit leaves one class": (
        arguments("--data.limit", "1"),
        "data.source: with data.limit 1 the pool has only one class",
    ),
    "too few rows to split": (
        source("a.csv", "text,label\nbad,a\ngood,b\n"),
        "data.source: after the split the pool has no row with a label",
    ),
    "workers below 0": (arguments("--data.num_workers", "-1"), "data.num_workers must be at least 0, got -1"),
    "batch of 0": (arguments("--data.batch_size", "0"), "data.batch_size must be at least 1, got 0"),
    "longer than the model reads": (arguments("--data.max_length", "65"), "data.max_length must be in [3, 64]", "got 65"),
    "share outside [0, 1]": (
        arguments("--active.budget", "Base", "--active.budget.share", "1.5"),
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
    "max_epochs missing": (arguments("--trainer.max_epochs", "null"), "trainer.max_epochs must be given"),
    "unknown acquisition": (
        arguments("--active.acquire", "Entrpy"),
        "active.acquire: there is no Entrpy; did you mean Entropy? Known: Bald, ",
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
        "active.budget.share is a setting of Base; name the class first: --active.budget Base",
    ),
    "misspelt field of lora": (arguments("--model.lora.ran", "3"), "there is no setting model.lora.ran"),
    "wrong word": (
        arguments("--active.mode", "accumulating"),
        "active.mode must be one of recalculate, accumulate, unseen, got accumulating",
    ),
    "wrong type": (arguments("--model.lr", "fast"), "model.lr must be of type float, got fast"),
    "wrong type of an optional setting": (arguments("--data.limit", "1.5"), "data.limit must be of type int or null, got 1.5"),
    "wrong type in lora": (arguments("--model.lora.r", "x"), "model.lora.r cannot be x"),
    "negative weight decay": (arguments("--model.weight_decay", "-1"), "model.weight_decay must be at least 0, got -1.0"),
    "negative learning rate": (arguments("--model.lr", "-1"), "model.lr must be at least 0, got -1.0"),
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
def test_a_mistake_is_told_in_one_line_and_nothing_is_trained(workplace, capsys, prepare, sentences):
    assert main(["fit", "--config", "configs/tiny.yaml", *prepare()]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("alft: error: ")
    for sentence in sentences:
        assert sentence in lines[0]
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["fitt"], "there is no command fitt; did you mean fit?"),
        (["fit", "--data.source", "x", "--trainer.max_epochs", "1"], "--model.backbone must be given; it has no default"),
        (["test", "--config", "configs/tiny.yaml"], "ckpt_path must be the checkpoint file of a run, such as"),
        (["validate", "--config", "configs/tiny.yaml", "--ckpt_path", "nope.ckpt"], "ckpt_path must be .* got nope.ckpt"),
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


def test_a_model_is_not_measured_on_labels_that_are_not_its_own(fit, workplace, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    Path("other").mkdir()
    for split in ("train", "validation", "test"):
        Path("other", f"{split}.csv").write_text(csv_of(ROWS))
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(checkpoint), "--data.source", "other"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "the model was trained on the labels negative, positive, but data.source has a, b" in line


@pytest.mark.filterwarnings("ignore:LightningCLI's args parameter")
def test_alft_debug_shows_the_traceback(workplace, monkeypatch):
    monkeypatch.setenv("ALFT_DEBUG", "1")
    with pytest.raises(ValueError, match="no such file"):
        main(["fit", "--config", "configs/tiny.yaml", "--data.source", "nope.csv"])
