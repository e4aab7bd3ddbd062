"""Errors in the data: one line on stderr that names file and place, exit code 2, no traceback, no training."""

from pathlib import Path

import pytest

from alft.cli.main import main
from alft.data.readers.files import READERS

from .mistakes import ROWS, arguments, check_mistake, csv_of, source

MISTAKES = {
    "missing file": (arguments("--data.source", "nope.csv"), "data.source: no such file or folder: nope.csv"),
    "missing folder": (arguments("--data.source", "./nope"), "data.source: no such file or folder: ./nope"),
    "folder without train": (
        source("half/test.csv", csv_of(ROWS), "--data.source", "half"),
        f"data.source: half has no train file ({', '.join(READERS)}); it holds: test.csv",
    ),
    "two train files": (
        lambda: source("two/train.csv", csv_of(ROWS))() + source("two/train.tsv", "text\tlabel\n")() + ["--data.source", "two"],
        "data.source: two has more than one train file: train.csv, train.tsv",
    ),
    "unknown format": (
        source("data.xlsx", "x"),
        "data.source: data.xlsx is a spreadsheet; save it as CSV in UTF-8 (must end in one of .csv, .tsv",
    ),
    "hub data not reachable": (
        arguments("--data.source", "someone/some_data"),
        "data.source: someone/some_data is no file or folder here and could not be read from the hub",
        "--data.source PATH",
        "--model.backbone PATH",
    ),
    "missing text column": (
        source("a.csv", csv_of(ROWS, "words,label")),
        "data.text_column must name a column",
        "a.csv has: words, label",
    ),
    "missing label column": (
        source("a.csv", csv_of(ROWS, "text,mark")),
        "data.label_column must name a column",
        "a.csv has: text, mark",
    ),
    "named column missing": (
        source("a.csv", csv_of(ROWS), "--data.text_column", "words"),
        "data.text_column: there is no column 'words'; a.csv has: text, label",
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
        "data.source: a.csv has more cells in line 2 than the header has columns (2, separated by ',')",
    ),
    "columns shifted by a missing cell": (
        source("a.csv", csv_of(ROWS) + "lost\n"),
        "data.source: a.csv has fewer cells in line 22 than the header has columns (2, separated by ',')",
    ),
    "broken JSON": (source("a.jsonl", '{"text": "a", "label": 1}\nnot json\n'), "data.source: a.jsonl cannot be read"),
    "broken Parquet": (source("a.parquet", "nope"), "data.source: a.parquet cannot be read"),
    "unknown label in validation": (
        lambda: source("u/train.csv", csv_of(ROWS))() + source("u/dev.csv", csv_of([("x", "A")]))() + ["--data.source", "u"],
        "data.source: u/dev.csv has the label 'A' (line 2), which the train set does not have (it has a, b); did you mean 'a'?",
    ),
    "unknown label in test": (
        lambda: source("u/train.csv", csv_of(ROWS))() + source("u/test.csv", csv_of([("x", "c")]))() + ["--data.source", "u"],
        "data.source: u/test.csv has the label 'c' (line 2), which the train set does not have (it has a, b); add rows with it",
    ),
    "limit leaves one class": (
        arguments("--data.limit", "1"),
        "data.source: with data.limit 1 the pool has only one class",
    ),
    "too few rows to split": (
        source("a.csv", "text,label\nbad,a\ngood,b\n"),
        "data.source: a.csv has no labelled row for the validation set; add a file of them, or more rows",
    ),
}


@pytest.mark.parametrize(("prepare", "sentences"), [(m[0], m[1:]) for m in MISTAKES.values()], ids=MISTAKES.keys())
def test_a_mistake_in_the_data_is_told_in_one_line_and_nothing_is_trained(workplace, capsys, prepare, sentences):
    check_mistake(capsys, prepare, sentences)


def test_a_model_is_not_measured_on_labels_that_are_not_its_own(fit, workplace, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    Path("other").mkdir()
    for split in ("train", "validation", "test"):
        Path("other", f"{split}.csv").write_text(csv_of(ROWS))
    capsys.readouterr()
    assert main(["test", "--ckpt_path", str(checkpoint), "--data.source", "other"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "the model was trained on the labels negative, positive, but data.source has a, b" in line
