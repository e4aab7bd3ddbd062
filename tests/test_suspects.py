"""Suspected wrong labels: probabilities out of fold, the file of a run, and the report's table."""

import csv
import random
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from alft.cli.main import main
from alft.controls import descent, run
from alft.controls import out_of_fold as folds
from alft.controls.out_of_fold import out_of_fold
from alft.controls.suspects import FEWEST, MOST, find_suspects
from alft.controls.time_limit import OutOfTimeError
from alft.data.answers import Answers
from alft.report import suspects
from alft.system.run_files import SUSPECTS
from alft.task.base import UNLABELLED
from alft.task.single_label import SingleLabel

from .conftest import summary_of
from .report_material import write_run
from .resuming import other


def clouds(rows: int, classes: int, distance: float = 4.0, features: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Points around one centre for each class, at length 1."""
    rng = np.random.default_rng(0)
    labels_N = rng.permutation(np.arange(rows) % classes)
    table_NF = distance * np.eye(features)[labels_N] + rng.normal(size=(rows, features))
    return table_NF / np.linalg.norm(table_NF, axis=1, keepdims=True), labels_N


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("features", "most"), [(6, 5000), (300, 5000), (300, 0)])  # columns, inner products, columns
def test_probabilities_are_those_of_scikit_learn_without_the_fold(monkeypatch, features, most, weighted):
    monkeypatch.setattr(folds, "MOST_ROWS", most)
    monkeypatch.setattr(descent, "ROUGH", 1e-8)
    monkeypatch.setattr(descent, "FEW_STEPS", 5000)
    table_NF, labels_N = clouds(90, 3, 1.0, features)
    classes, found_NC = out_of_fold(table_NF[:, :4], csr_matrix(table_NF[:, 4:]), labels=labels_N + 5, chosen=(10.0, weighted))
    assert classes == [5, 6, 7]
    model = LogisticRegression(C=10.0, class_weight="balanced" if weighted else None, tol=1e-8, max_iter=5000)
    for train, held_out in StratifiedKFold(10, shuffle=True, random_state=0).split(labels_N, labels_N):
        expected = model.fit(table_NF[train], labels_N[train]).predict_proba(table_NF[held_out])
        np.testing.assert_allclose(found_NC[held_out], expected, atol=1e-4)


def test_classes_with_fewer_rows_than_folds_are_no_fault():
    table_NF, labels_N = clouds(30, 3)
    labels_N[labels_N == 2] = 0
    labels_N[[3, 4]] = 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, probs_NC = out_of_fold(table_NF, labels=labels_N.tolist(), chosen=(1.0, False))
    np.testing.assert_allclose(probs_NC.sum(1), 1)


def test_flipped_labels_come_first_with_the_label_that_they_had():
    table_NF, labels_N = clouds(120, 3)
    flipped = labels_N.copy()
    flipped[[7, 50, 90]] = (labels_N[[7, 50, 90]] + 1) % 3
    found = find_suspects(table_NF, rows=range(1000, 1120), labels=flipped.tolist())
    assert {one.row for one in found[:3]} == {1007, 1050, 1090}
    for one in found[:3]:
        assert one.label == flipped[one.row - 1000]
        assert one.likelier == labels_N[one.row - 1000]
        assert one.likelier_probability > one.probability
    probabilities = [one.probability for one in found]
    assert probabilities == sorted(probabilities)


def test_labels_of_which_nothing_is_known_are_no_suspects():
    table_NF, labels_N = clouds(60, 2)
    labels_N[5] = 9  # the only row of its label
    assert 5 not in {one.row for one in find_suspects(table_NF, rows=range(60), labels=labels_N.tolist())}
    assert find_suspects(table_NF, rows=range(60), labels=[1] * 60) == []
    few = FEWEST - 1
    assert find_suspects(table_NF[:few], rows=range(few), labels=[row % 2 for row in range(few)]) == []


def test_their_number_is_bounded():
    table_NF, labels_N = clouds(6 * MOST, 2)
    wrong = np.where(np.random.default_rng(0).random(len(labels_N)) < 0.3, 1 - labels_N, labels_N)
    assert len(find_suspects(table_NF, rows=range(len(labels_N)), labels=wrong.tolist())) == MOST


def lines_of(folder):
    with (folder / SUSPECTS).open(newline="") as file:
        return list(csv.DictReader(file))


FLIPPED = {4, 17, 31, 48}
WORDS = {"negative": ("dull", "awful", "boring", "poor"), "positive": ("superb", "great", "lovely", "fine")}


def write_mislabelled(workplace, tiny_data):
    """Four wrong labels of 64, of texts whose words tell the right ones."""
    (workplace / "tiny-data").unlink()
    (workplace / "tiny-data").mkdir()
    for file in tiny_data.iterdir():
        (workplace / "tiny-data" / file.name).write_bytes(file.read_bytes())
    rng = random.Random(0)
    with (workplace / "tiny-data" / "train.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for row in range(64):
            label = ("negative", "positive")[row % 2]
            text = f"{' '.join(rng.sample(WORDS[label], 3))} number {row}"
            rows.writerow([text, other(label) if row in FLIPPED else label])


@pytest.fixture
def mislabelled(workplace, tiny_data):
    write_mislabelled(workplace, tiny_data)
    return workplace


@pytest.mark.parametrize("extent", ["fast", "all"])
def test_a_run_lists_bought_rows_by_number_without_texts(mislabelled, fit, extent):
    folder = fit("--active.enabled=false", "--trainer.max_epochs=1", "--controls", extent)
    lines = lines_of(folder)
    assert {int(line["row"]) for line in lines} == FLIPPED
    assert {line["label"] for line in lines} <= {"negative", "positive"}
    assert all(line["label"] != line["likelier"] for line in lines)
    assert all(float(line["likelier_probability"]) > 0.5 > float(line["probability"]) for line in lines)


def test_suspects_are_the_answers_that_the_run_was_given(mislabelled, fit):
    folder = fit("--active.enabled=false", "--trainer.max_epochs=1", "--controls=fast", "--data.noise=0.1", "--data.skip=0.2")
    labels = [row % 2 ^ (row in FLIPPED) for row in range(64)]
    given = dict(enumerate(Answers(0.1, 0.2)(labels, SingleLabel(["no", "yes"]), seed=0)))
    wrong = {row for row, answer in given.items() if answer not in (UNLABELLED, row % 2)}
    assert {int(line["row"]): line["label"] for line in lines_of(folder)} == {
        row: ("negative", "positive")[given[row]] for row in wrong
    }
    assert wrong - FLIPPED


def test_rows_that_were_not_bought_are_no_suspects(mislabelled, fit):
    budget = ["--active.mode=accumulate", "--active.budget=Constant", "--active.budget.count=15", "--trainer.max_epochs=2"]
    folder = fit(*budget, "--active.acquire=Random", "--controls=fast")
    bought = set(pd.read_parquet(folder / "selection.parquet")["row"])
    assert len(bought) == 30
    assert {int(line["row"]) for line in lines_of(folder)} == bought & FLIPPED
    assert bought & FLIPPED
    assert FLIPPED - bought


def test_a_source_without_a_test_set_has_suspects_too(mislabelled, fit):
    (mislabelled / "tiny-data" / "test.csv").unlink()
    folder = fit("--active.enabled=false", "--trainer.max_epochs=1", "--controls=all")
    assert {int(line["row"]) for line in lines_of(folder)} == FLIPPED
    assert not any(summary_of(folder)["controls"].values())


def test_without_controls_there_is_no_list(fit):
    assert not (fit("--controls=none") / SUSPECTS).exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OutOfTimeError(), "suspected wrong labels: not listed, for they would take more than 10 s"),
        (ValueError("no optimum"), "suspected wrong labels: not listed (ValueError: no optimum)"),
    ],
)
def test_a_list_that_cannot_be_made_costs_no_summary(fit, monkeypatch, capsys, error, told):
    def broken(*args, **kwargs):
        raise error

    monkeypatch.setattr(run, "find_suspects", broken)
    folder = fit("--controls=fast")
    assert summary_of(folder)["controls"]["tfidf_f1"] is not None
    assert not (folder / SUSPECTS).exists()
    assert told in capsys.readouterr().out


HEADER = "row,label,probability,likelier,likelier_probability\n"


@pytest.fixture
def study(tmp_path):
    first, second = write_run(tmp_path, 0), write_run(tmp_path, 1)
    write_run(tmp_path, 2)  # without a list
    (first / SUSPECTS).write_text(HEADER + "8,positive,0.1,negative,0.9\n5,negative,0.3,positive,0.7\n")
    (second / SUSPECTS).write_text(HEADER + "5,negative,0.1,positive,0.9\n")
    return tmp_path


def test_the_report_counts_the_runs_of_a_group_together(study, capsys):
    table = suspects(study)
    assert table[["row", "probability", "likelier_probability", "runs", "of"]].to_numpy().tolist() == [
        pytest.approx([5, 0.2, 0.8, 2, 2]),
        pytest.approx([8, 0.1, 0.9, 1, 2]),
    ]
    assert main(["report", str(study), "--format", "markdown"]) == 0
    shown = capsys.readouterr().out
    assert "Suspected wrong labels: rows of the pool, by probabilities out of fold (2 of 2)" in shown
    assert "| 5 | negative | 0.20 | positive | 0.80 | 2 of 2 |" in " ".join(shown.split())
    assert main(["report", str(study)]) == 0
    assert "Suspected wrong labels" in capsys.readouterr().out


def test_the_report_shows_twenty_and_writes_all(tmp_path, capsys):
    rows = random.Random(0).sample(range(100), 30)
    (write_run(tmp_path) / SUSPECTS).write_text(HEADER + "".join(f"{row},a,0.2,b,0.8\n" for row in rows))
    assert main(["report", str(tmp_path), "--format", "markdown"]) == 0
    assert "(20 of 30)" in capsys.readouterr().out
    assert main(["report", str(tmp_path), "--format", "csv_suspects"]) == 0
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [int(line["row"]) for line in lines] == sorted(rows)


def test_no_table_without_lists(tmp_path, capsys):
    write_run(tmp_path)
    assert suspects(tmp_path).empty
    assert main(["report", str(tmp_path)]) == 0
    assert "Suspected" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("row,label\n5,a\n", "probability"),
        (HEADER + "five,a,0.1,b,0.9\n", "invalid literal for int"),
        (HEADER + "5,a,1.5,b,0.9\n", "probabilities must be in [0, 1], got 1.5, 0.9"),
        (HEADER + "5,a\n", "float"),
        (HEADER + "5,a,0.1,b,0.9\n6,a,0.1,b,0.", "its last line has no end"),
        (HEADER + "5,a,0.1,b,0.9,0.9\n", "a line has more cells than there are columns"),
        (HEADER + "-5,a,0.1,b,0.9\n", "row must be at least 0, got -5"),
        ("", "its columns must be row, label"),
        (b"\xff\xfe\x00", "is not the list of suspects of a run"),
    ],
)
def test_a_broken_list_is_told_and_the_rest_shown(study, capsys, text, told):
    (write_run(study, 3) / SUSPECTS).write_bytes(text if isinstance(text, bytes) else text.encode())
    table = suspects(study)
    assert table[["row", "runs", "of"]].to_numpy().tolist() == [[5, 2, 2], [8, 1, 2]]
    assert main(["report", str(study), "--format", "markdown"]) == 0
    shown = capsys.readouterr().out
    assert "| 5 | negative | 0.20 | positive | 0.80 | 2 of 2 |" in " ".join(shown.split())
    assert "Test macro-F1" in shown
    assert shown.count("Suspected wrong labels: left out, since ") == 1
    assert told in shown.replace("\\", "")
    assert main(["report", str(study), "--format", "csv_suspects"]) == 0
    written = capsys.readouterr()
    assert [int(line["row"]) for line in csv.DictReader(written.out.splitlines())] == [5, 8]
    assert SUSPECTS in written.err
    assert told in written.err


def test_many_broken_lists_take_one_line(tmp_path, capsys):
    for seed in range(3):
        (write_run(tmp_path, seed) / SUSPECTS).write_text("row\n")
    assert main(["report", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("Suspected wrong labels: left out, since ") == 1
    assert "and 2 more are not." in shown
