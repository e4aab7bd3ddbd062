"""Data maps: probabilities of labels in training, recorded, resumed, and read as confidence and variability."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from alft.report.data_map import data_map
from alft.report.plots.data_map import what_was_learned

from .faults import Kill, differences, run
from .resuming import GO_ON, TINY, first_step_of, runs


def test_each_row_of_each_set_has_the_probability_of_its_label(fit):
    table = pd.read_parquet(fit("--model.lr", "0") / "selection.parquet")
    assert table["learned"].between(0, 1).all()
    assert table["learned"].nunique() > 20


def test_probabilities_are_those_of_their_row(fit):
    """Without dropout and learning a row has the same probability in every epoch, whatever batch it is in."""
    folder = Path(shutil.copytree(Path("tiny-bert").resolve(), "no-dropout"))
    config = json.loads((folder / "config.json").read_text())
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
    (folder / "config.json").write_text(json.dumps({**config, **dropout}))
    frozen = ["--model.backbone=no-dropout", "--model.head=Mean", "--model.head.dropout=0", "--model.lr=0"]
    table = pd.read_parquet(fit(*frozen, "--active.enabled=false") / "selection.parquet")
    by_row = table.groupby("row")["learned"]
    assert (by_row.size() == 3).all()
    assert by_row.std().max() < 1e-6
    assert by_row.mean().std() > 1e-4


def test_a_resumed_run_records_the_same(workplace):
    assert run(TINY, workplace).code == 0
    whole = runs(workplace)[0]
    assert run(TINY, workplace, Kill("training", first_step_of(2, whole) + 1)).code == -9
    assert run(GO_ON, workplace).code == 0
    assert differences(whole, runs(workplace)[1]) == []  # selection.parquet is one of the files


def record(folder, learned):
    rows = [(epoch, row, prob) for row, probs in learned.items() for epoch, prob in enumerate(probs)]
    pd.DataFrame(rows, columns=["epoch", "row", "learned"]).to_parquet(folder / "selection.parquet")
    return folder


def test_confidence_variability_and_correctness(tmp_path):
    found = data_map(record(tmp_path, {4: [0.2, 0.4], 7: [0.9, 0.7, 0.8], 9: [0.1]}))
    assert found.index.tolist() == [4, 7]  # row 9 was trained on once
    assert found.loc[4].tolist() == pytest.approx([2, 0.3, 0.1, 0.0])
    assert found.loc[7].tolist() == pytest.approx([3, 0.8, (2 / 3 * 0.01) ** 0.5, 1.0])


def test_a_run_without_a_record_is_told(tmp_path):
    pd.DataFrame({"epoch": [0], "row": [1]}).to_parquet(tmp_path / "selection.parquet")
    with pytest.raises(ValueError, match="no probabilities of labels were recorded"):
        data_map(tmp_path)


def test_the_plot_tells_the_groups_in_words(tmp_path):
    folder = record(tmp_path, {1: [0.1, 0.2], 2: [0.6, 0.45], 3: [0.9, 0.8], 4: [0.8, 0.9]})
    axes = what_was_learned(data_map(folder), title="tiny")
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [words.split(" (")[1] for words in shown] == ["1 of 4 rows)", "1 of 4 rows)", "2 of 4 rows)"]
    with pytest.raises(ValueError, match="needs a row that was trained on in two epochs or more"):
        what_was_learned(data_map(folder).iloc[:0])
