"""Unusual but valid texts: they are trained on and reported."""

import json

import pytest

from .conftest import summary_of
from .mistakes import ROWS, csv_of, source


def splits(name: str, **tables):
    """Write a folder of CSV files and use it as the data."""

    def prepare() -> list[str]:
        for split, rows in tables.items():
            source(f"{name}/{split}.csv", csv_of(rows))()
        return ["--data.source", name]

    return prepare


WORDS = [(word, label) for label in ("NA", "None", "null") for word in ("NA", "None", "null", "nan", "N/A", "-", "true", "1e5")]

ODDITIES = {
    "NA, None and null as texts and labels": (
        source("a.csv", csv_of(WORDS)),
        "pool of 20 rows (0 without a label; 0 blank ones dropped), 2 validation rows, 2 test rows; labels: NA, None, null",
    ),
    "the same in JSONL": (
        source("a.jsonl", "\n".join(json.dumps({"text": text, "label": label}) for text, label in WORDS)),
        "pool of 20 rows (0 without a label; 0 blank ones dropped), 2 validation rows, 2 test rows; labels: NA, None, null",
    ),
    "label names that look like numbers": (
        source("a.csv", csv_of([(text, {"a": "007", "b": "1.0"}[label]) for text, label in ROWS])),
        "labels: 1.0, 007",
    ),
    "texts longer than the limit": (
        splits("long", train=[*ROWS, ("word " * 50, "a")], validation=[*ROWS[:1], ("word " * 50, "a")], test=ROWS[:3]),
        "texts longer than data.max_length 32 are cut: 1 in pool, 1 in validation, 0 in test",
    ),
    "a text of 1 MB": (
        splits("large", train=[*ROWS, ("word " * 200_000, "a")], validation=ROWS[:2]),
        "texts longer than data.max_length 32 are cut: 1 in pool, 0 in validation",
    ),
    "texts met again in another split": (
        splits("leaky", train=ROWS, validation=[*ROWS[:2], ("new", "a")], test=[*ROWS[:3], ("new", "a"), ("newer", "b")]),
        "warning: texts of the validation set that are also in the pool (leakage): 2; its score flatters",
        "warning: texts of the test set that are also in the pool or the validation set (leakage): 4; its score flatters",
    ),
    "blank texts": (
        splits("blank", train=[*ROWS, ("  ", "a"), ("", "b")], validation=ROWS[:2]),
        "pool of 20 rows (0 without a label; 2 blank ones dropped)",
    ),
    "rows without a label": (
        splits("part", train=[*ROWS, ("who knows", "")], validation=ROWS[:2]),
        "pool of 21 rows (1 without a label; 0 blank ones dropped)",
    ),
}


@pytest.mark.parametrize(("prepare", "sentences"), [(m[0], m[1:]) for m in ODDITIES.values()], ids=ODDITIES.keys())
def test_an_oddity_is_told_and_trained_on(fit, capsys, prepare, sentences):
    run = fit(*prepare(), "--active.cluster.clusters", "2", "--trainer.max_epochs", "2")
    output = " ".join(capsys.readouterr().out.split())
    for sentence in sentences:
        assert sentence in output
    summary = summary_of(run)
    assert [record["epoch"] for record in summary["epochs"]] == [0, 1]
    assert 0 < summary["labels"]["bought"] <= summary["labels"]["pool"]


def test_counts_of_texts_stand_in_the_summary(fit, capsys):
    run = fit(*ODDITIES["texts met again in another split"][0](), "--active.cluster.clusters", "2")
    assert summary_of(run)["texts"] == {
        "blank": 0,
        "cut": {"pool": 0, "validation": 0, "test": 0},
        "repeated": {"validation": 2, "test": 4},
    }
