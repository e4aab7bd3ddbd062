"""``predictions.parquet``: the scores of a run follow from it, whatever was tested, on however many processes."""

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from alft.data.corpus import load_corpus
from alft.record.predictions_file import PredictedSet, write_predictions
from alft.task.single_label import SingleLabel

from .conftest import Fit, summary_of
from .faults import Kill, differences, run, run_together
from .resuming import GO_ON, TINY, runs
from .test_processes import free_port


def check_scores(run: Path, names: list[str]) -> pd.DataFrame:
    table, summary = pd.read_parquet(run / "predictions.parquet"), summary_of(run)
    assert list(table.columns) == ["split", "row", "label", "predicted", *(f"probability_{name}" for name in names)]
    scores = {
        split: f1_score(part["label"], part["predicted"], labels=names, average="macro", zero_division=0)
        for split, part in table.groupby("split")
    }
    assert scores["test"] == pytest.approx(summary["test"]["f1_macro"], abs=1e-12)
    assert scores["validation"] == pytest.approx(summary["validation"]["f1_macro"], abs=1e-12)
    test = table[table["split"] == "test"]
    assert accuracy_score(test["label"], test["predicted"]) == pytest.approx(summary["test"]["accuracy"])
    of_truth = [row[f"probability_{row['label']}"] for _, row in test.iterrows()]
    assert -sum(map(math.log, of_truth)) / len(of_truth) == pytest.approx(summary["test"]["loss"], abs=1e-5)
    return table


@pytest.mark.parametrize("tested", ["last", "best"])
def test_the_scores_of_a_run_follow_from_it(fit: Fit, tiny_data, tested):
    """At this rate the best epoch is not the last."""
    folder = fit("--test_on", tested, "--model.lr", "3e-2", "--trainer.max_epochs", "4")
    table = check_scores(folder, ["negative", "positive"])
    corpus = load_corpus(str(tiny_data))
    for split, rows in {"validation": corpus.validation, "test": corpus.test}.items():
        part = table[table["split"] == split]
        assert part["row"].tolist() == list(range(len(rows)))
        assert part["label"].tolist() == [corpus.label_names[label] for label in rows.labels]
    if tested == "best":
        summary = summary_of(folder)
        assert summary["tested_epoch"] < 3, "the weights were validated again"


def test_several_processes_predict_every_row_once(workplace):
    more = ["--data.limit_validation", "23", "--trainer.max_epochs", "1", "--model.lr", "0"]
    assert run([*TINY, *more], workplace).code == 0
    for ended in run_together([*TINY, *more], workplace, 2, free_port()):
        assert ended.code == 0, ended.err
    one, two = (check_scores(folder, ["negative", "positive"]) for folder in runs(workplace))
    pd.testing.assert_frame_equal(one, two, atol=1e-6)


def test_a_run_killed_after_its_last_epoch_writes_the_same(workplace):
    assert run(TINY, workplace).code == 0
    assert run(TINY, workplace, Kill("summary", 1)).code == -9
    (runs(workplace)[1] / "predictions.parquet").unlink()
    ended = run(GO_ON, workplace)
    assert ended.code == 0, ended.err
    assert differences(*runs(workplace)) == []


def test_what_is_not_finite_is_null(tmp_path):
    logits = torch.tensor([[0.0, 1.0], [math.nan, 1.0], [2.0, 0.0]])
    write_predictions(tmp_path, SingleLabel(["a", "b"]), {"validation": PredictedSet([0, 1, 0], logits)})
    table = pd.read_parquet(tmp_path / "predictions.parquet")
    assert table["predicted"].tolist()[::2] == ["b", "a"]
    assert table.loc[1, ["predicted", "probability_a", "probability_b"]].isna().all()


def test_a_run_without_a_test_set_has_the_validation_set_alone(fit: Fit, workplace, tiny_data):
    Path("part").mkdir()
    for split in ("train", "validation"):
        Path("part", f"{split}.csv").write_text((tiny_data / f"{split}.csv").read_text())
    table = pd.read_parquet(fit("--data.source", "part", "--trainer.max_epochs", "1") / "predictions.parquet")
    assert set(table["split"]) == {"validation"}
