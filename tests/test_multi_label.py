"""Several labels a text (``data.task multi``): reading, training, selecting, resuming, predicting and exporting."""

import itertools
import json
import random
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score
from transformers import pipeline

from alft.cli.main import main
from alft.controls.regression import fit_regression
from alft.data.answers import Answers
from alft.data.corpus import load_corpus
from alft.data.demo import make_reviews
from alft.record.predictions_file import PredictedSet, write_predictions
from alft.task.labels import read_label_sets
from alft.task.multi_label import MultiLabel

from .conftest import summary_of
from .faults import Kill, differences, run, run_together
from .resuming import first_step_of, runs
from .test_export_formats import by_onnxruntime
from .test_processes import free_port

MULTI = ["fit", "--config", "configs/tiny.yaml", "--data.source", "topics", "--data.task", "multi"]
NAMES = ["book", "film", "praise"]


def write_topics(folder):
    """Reviews with the classes they have: what is reviewed, and whether it is praised."""
    folder.mkdir()
    rng = random.Random(1)
    for split, size in {"train": 64, "validation": 24, "test": 24}.items():
        rows = []
        for text, label in make_reviews(rng, size, noisy=False):
            topics = [name for name in NAMES[:2] if rng.random() < 0.4]
            rows.append((" ".join([text, *topics]), [*topics, *(["praise"] if label == "positive" else [])]))
        lines = [json.dumps({"text": text, "label": found}) for text, found in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture
def topics(workplace):
    write_topics(workplace / "topics")
    return workplace


def finished_run(workplace, *more):
    assert main([*MULTI, *more]) == 0
    return runs(workplace)[-1]


CELLS = [["a", "b"], "a; b", '["a"]', {"a": 1, "b": 0}, {"choices": ["b", "a"]}, "[]", [], "", None, "a", [1, 2.0], "a;;a"]


def test_cells_that_hold_several_labels():
    assert read_label_sets(CELLS, None, str) == [
        *[("a", "b"), ("a", "b"), ("a",), ("a",), ("b", "a"), (), (), None, None, ("a",), ("1", "2"), ("a",)]
    ]
    with pytest.raises(ValueError, match=r"holds \[\['a'\]\], a list of lists or objects, where labels are expected \(row 0\)"):
        read_label_sets([[["a"]]], None, lambda row: f"row {row}")


def test_a_row_without_classes_is_labelled_and_one_without_a_cell_is_not(in_a_folder):
    rows = [("one", "a;b"), ("two", "[]"), ("three", ""), *[(f"more {i}", "b") for i in range(20)], ("four", "a")]
    pd.DataFrame(rows, columns=["text", "labels"]).to_csv("all.csv", index=False)
    corpus = load_corpus("all.csv", task="multi")
    labels = dict(zip(corpus.pool.texts, corpus.pool.labels, strict=True))
    assert labels["three"] == -1
    held = [corpus.pool, corpus.validation, corpus.test]
    every = {text: label for part in held for text, label in zip(part.texts, part.labels, strict=True)}
    assert (every["one"], every["two"], every["four"]) == ((0, 1), (), (0,))
    assert corpus.label_names == ["a", "b"]


def test_a_class_that_the_train_set_lacks_is_refused(topics):
    with (topics / "topics" / "test.jsonl").open("a") as file:
        file.write(json.dumps({"text": "anew", "label": ["book", "filme"]}) + "\n")
    with pytest.raises(ValueError, match=r"has the label 'filme' .*which the train set does not have"):
        load_corpus("topics", task="multi")


def test_a_run_scores_what_its_predictions_say(topics):
    folder = finished_run(topics, "--controls", "fast")
    summary, table = summary_of(folder), pd.read_parquet(folder / "predictions.parquet")
    assert summary["settings"]["data"]["task"] == "multi"
    test = table[table["split"] == "test"]
    truth, found = ([[name in cell for name in NAMES] for cell in test[column]] for column in ("label", "predicted"))
    assert summary["test"]["f1_macro"] == pytest.approx(f1_score(truth, found, average="macro", zero_division=0))
    assert summary["test"]["accuracy"] == pytest.approx(float(np.mean([a == b for a, b in zip(truth, found, strict=True)])))
    above = [(test[f"probability_{name}"] > 0.5).sum() for name in NAMES]
    assert summary["test"]["predicted"] == dict(zip(NAMES, map(int, above), strict=True))
    assert summary["controls"]["tfidf_f1"] > summary["controls"]["majority_f1"]
    assert not (folder / "suspects.csv").exists()


def test_predictions_of_a_model_that_diverged_are_null(tmp_path):
    logits_NC = torch.full((2, 3), torch.nan)
    sets = {"validation": PredictedSet([(0,), ()], logits_NC), "test": PredictedSet([(1, 2), (0,)], torch.ones(2, 3))}
    write_predictions(tmp_path, MultiLabel(NAMES), sets)
    table = pd.read_parquet(tmp_path / "predictions.parquet")
    assert [None if cell is None else list(cell) for cell in table["predicted"]] == [None, None, NAMES, NAMES]
    assert [list(cell) for cell in table["label"]] == [["book"], [], ["film", "praise"], ["book"]]


def test_a_report_reads_what_several_seeds_predict(topics):
    for seed in ("0", "1"):
        for more in (["--active.enabled", "false"], []):
            finished_run(topics, "--seed_everything", seed, "--controls", "none", *more)
    assert main(["report", "runs", "--format", "csv", "--output", "table.csv"]) == 0
    table = pd.read_csv("table.csv")
    (line,) = [line for _, line in table.iterrows() if line["kind"] == "selection"]
    scores = [summary_of(run)["test"]["f1_macro"] for run in runs(topics) if summary_of(run)["labels"]["bought"] == 44]
    assert line["test_f1"] == pytest.approx(np.mean(scores))
    assert line["baseline_texts_seeds"] == 2
    assert line["baseline_texts_low"] <= line["baseline_texts_difference"] <= line["baseline_texts_high"]


ACQUISITIONS = [
    *["Entropy", "Margin", "LeastConfidence", "Bald", "Variance"],
    *["Furthest", "Random", "KCenter", "UncertaintyHerding", "Mixture", "Switch"],
]


@pytest.mark.parametrize("acquire", ACQUISITIONS)
def test_every_acquisition_chooses(topics, acquire):
    folder = finished_run(topics, "--active.acquire", acquire, "--controls", "none", "--trainer.max_epochs", "2")
    assert summary_of(folder)["labels"]["bought"] > 0


def test_scores_are_those_of_each_class_reduced(topics):
    means, tops = (
        pd.read_parquet(finished_run(topics, "--active.reduce", how, "--controls", "none") / "selection.parquet")
        for how in ("mean", "max")
    )
    first = means[means["epoch"] == 0].merge(tops[tops["epoch"] == 0], on="row")
    assert (first["score_x"] < first["score_y"]).all()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--active.acquire", "Badge"], "active.acquire Badge needs one prediction per row, unlike this data.task"),
        (["--active.allocate", "disagreement"], "active.allocate disagreement needs one prediction per row"),
        (["--data.task", "both"], "data.task must be multi, single, tags, or the import path"),
    ],
)
def test_what_does_not_go_together_is_refused(topics, capsys, more, sentence):
    assert main([*MULTI, *more]) != 0
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_a_reduction_that_would_be_ignored_is_refused(workplace, capsys):
    assert main(["fit", "--config", "configs/tiny.yaml", "--active.reduce", "max"]) != 0
    assert "active.reduce must be mean with data.task single" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("more", [[], ["--model.uncertainty", "epinet", "--active.acquire", "Bald"]], ids=["full", "epinet"])
def test_a_killed_run_goes_on_to_the_bit(topics, more):
    assert run([*MULTI, *more], topics).code == 0
    whole = runs(topics)[0]
    assert run([*MULTI, *more], topics, Kill("training", first_step_of(1, whole))).code == -9
    ended = run([*MULTI, *more, "--ckpt_path", "last"], topics)
    assert ended.code == 0, ended.err
    assert differences(whole, runs(topics)[1]) == []


@pytest.mark.parametrize("more", [[], ["--active.drop_unlearned", "1", "--model.ema", "0.9"]], ids=["plain", "unlearned"])
def test_labels_that_were_not_bought_change_nothing(topics, more):
    more = [*more, "--controls", "none", "--active.max_unique", "0.5"]
    first = finished_run(topics, *more)
    bought = set(pd.read_parquet(first / "selection.parquet")["row"])
    lines = [json.loads(line) for line in Path("topics/train.jsonl").read_text().splitlines()]
    for row, line in enumerate(lines):
        if row not in bought:
            line["label"] = [name for name in NAMES if name not in line["label"]]
    Path("topics/train.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    second = finished_run(topics, *more)
    assert (first / "metrics.csv").read_bytes() == (second / "metrics.csv").read_bytes()
    assert pd.read_parquet(first / "selection.parquet").equals(pd.read_parquet(second / "selection.parquet"))


def test_two_processes_choose_the_rows_of_one(topics):
    more = [*MULTI, "--model.lr", "0", "--model.head_start", "probe", "--trainer.max_epochs", "2", "--controls", "none"]
    assert run(more, topics).code == 0
    for ended in run_together(more, topics, 2, free_port()):
        assert ended.code == 0, ended.err
    one, two = (pd.read_parquet(folder / "selection.parquet") for folder in runs(topics))
    assert one[["epoch", "row"]].equals(two[["epoch", "row"]])
    scores = [summary_of(folder)["test"]["f1_macro"] for folder in runs(topics)]
    assert scores[0] == pytest.approx(scores[1])


def test_a_new_file_is_predicted_and_the_pipeline_agrees(topics):
    folder = finished_run(topics, "--controls", "none")
    checkpoint = str(folder / "checkpoints" / "last.ckpt")
    texts = [json.loads(line)["text"] for line in Path("topics/test.jsonl").read_text().splitlines()]
    pd.DataFrame({"text": texts}).to_csv("new.csv", index=False)
    assert main(["predict", "--ckpt_path", checkpoint, "--data.predict", "new.csv", "--output", "out.csv"]) == 0
    table = pd.read_csv("out.csv", keep_default_na=False)
    for _, line in table.iterrows():
        above = [name for name in NAMES if float(line[f"probability_{name}"]) > 0.5]
        assert line["predicted"] == ("; ".join(above) or "(none)")
    assert main(["export", checkpoint, "exported"]) == 0
    classify = pipeline("text-classification", model="exported")
    for found, (_, line) in zip(classify(texts, top_k=None, truncation=True), table.iterrows(), strict=True):
        scores = {one["label"]: one["score"] for one in found}
        assert scores == pytest.approx({name: float(line[f"probability_{name}"]) for name in NAMES}, abs=1e-5)


def test_an_adapter_is_used_as_its_card_says(topics):
    more = ["--model.head", "First", "--model.head_start", "fresh", "--model.lora.r", "4", "--trainer.max_epochs", "1"]
    folder = finished_run(topics, "--controls", "none", *more)
    checkpoint = str(folder / "checkpoints" / "last.ckpt")
    pd.DataFrame({"text": ["a text", "another text"]}).to_csv("new.csv", index=False)
    assert main(["predict", "--ckpt_path", checkpoint, "--data.predict", "new.csv", "--output", "out.csv"]) == 0
    assert main(["export", checkpoint, "adapter", "--format", "adapter"]) == 0
    card = Path("adapter/README.md").read_text()
    assert "of which any number may apply to a text" in card
    scope: dict[str, object] = {}
    *lines, call = card.split("```python\n")[1].split("```")[0].strip().splitlines()
    exec("\n".join([*lines, f"found = {call}"]), scope)
    for one, (_, line) in zip(scope["found"], pd.read_csv("out.csv").iterrows(), strict=True):
        scores = {entry["label"]: entry["score"] for entry in one}
        assert scores == pytest.approx({name: line[f"probability_{name}"] for name in NAMES}, abs=1e-5)


@pytest.mark.parametrize("more", [[], ["--model.uncertainty", "epinet"]], ids=["full", "epinet"])
def test_the_graph_says_what_predict_says(topics, tmp_path, more):
    folder = finished_run(topics, "--controls", "none", "--trainer.max_epochs", "1", *more)
    checkpoint = str(folder / "checkpoints" / "last.ckpt")
    texts = [json.loads(line)["text"] for line in Path("topics/test.jsonl").read_text().splitlines()]
    pd.DataFrame({"text": texts}).to_csv("new.csv", index=False)
    assert main(["predict", "--ckpt_path", checkpoint, "--data.predict", "new.csv", "--output", "out.csv"]) == 0
    expected = pd.read_csv("out.csv")[[f"probability_{name}" for name in NAMES]].to_numpy()
    assert main(["export", checkpoint, "graph", "--format", "onnx"]) == 0
    np.testing.assert_allclose(by_onnxruntime("graph", texts, tmp_path), expected, atol=1e-5)


def test_a_task_of_ones_own_is_one_class(topics, monkeypatch):
    Path("ours.py").write_text(
        "from alft.task.single_label import SingleLabel\n\n\n"
        "class Halved(SingleLabel):\n"
        "    def loss(self, *arguments, **more):\n"
        "        return super().loss(*arguments, **more) / 2\n"
    )
    monkeypatch.syspath_prepend(topics)
    more = ["--trainer.max_epochs", "1", "--model.lr", "0", "--controls", "none"]
    for task in ("single", "ours.Halved"):
        assert main(["fit", "--config", "configs/tiny.yaml", "--data.task", task, *more]) == 0
    losses = [float(pd.read_csv(folder / "metrics.csv")["train_loss"][0]) for folder in runs(topics)]
    assert losses[1] == pytest.approx(losses[0] / 2)
    checkpoint = str(runs(topics)[1] / "checkpoints" / "last.ckpt")
    assert main(["export", checkpoint, "exported"]) == 0
    sys.modules.pop("ours")


def test_the_config_of_a_run_imports_no_task(topics, monkeypatch, capsys):
    folder = finished_run(topics, "--controls", "none", "--trainer.max_epochs", "1")
    Path("theirs.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(topics)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("task: multi", "task: theirs.Task"))
    assert main(["test", "--ckpt_path", str(folder / "checkpoints" / "last.ckpt")]) == 2
    assert "'theirs.Task' is not known; import the module that defines it first" in " ".join(capsys.readouterr().err.split())


def test_imperfect_people_add_or_forget_one_class(topics):
    corpus = load_corpus("topics", task="multi")
    answers = Answers(noise=1.0)(corpus.pool.labels, corpus.task, seed=0)
    changed = [set(one) ^ set(other) for one, other in zip(answers, corpus.pool.labels, strict=True)]
    assert {len(one) for one in changed} == {1}
    assert set.union(*changed) == {0, 1, 2}
    assert finished_run(topics, "--data.noise", "0.5", "--controls", "fast", "--trainer.max_epochs", "1")


def test_controls_on_labels_that_do_not_vary(in_a_folder):
    task = MultiLabel(NAMES)
    blocks = [np.eye(4), np.eye(4)[:2]]

    def fit(classes):
        return fit_regression(blocks[0], labels=classes).predict(blocks[1])

    assert task.regress([(0,)] * 4, fit) == [(0,), (0,)]
    assert task.regress([()] * 4, fit) == [(), ()]


def test_a_second_header_is_no_class_and_rare_combinations_are_no_row_numbers(in_a_folder):
    names = [f"c{number}" for number in range(6)]
    cells = [";".join(pair) for pair in itertools.combinations(names, 2)] + [
        ";".join(trio) for trio in itertools.combinations(names, 3)
    ]
    lines = ["text,label", *(f"text number {row},{cell}" for row, cell in enumerate(cells)), "text,label"]
    Path("all.csv").write_text("\n".join(lines) + "\n")
    corpus = load_corpus("all.csv", task="multi")
    assert corpus.label_names == names
    assert any("rows equal to the header were left out: 1" in remark for remark in corpus.remarks)


def test_folds_are_cut_by_the_rarest_class(topics):
    parts = [load_corpus("topics", task="multi", folds=3, fold=fold) for fold in range(3)]
    tests = [set(part.test.texts) for part in parts]
    assert sum(map(len, tests)) == len(set.union(*tests))
    assert torch.tensor([len(test) for test in tests]).diff().abs().max() <= 1
