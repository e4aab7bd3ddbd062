"""Tags of words (``data.task tags``): training, selecting, resuming, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from alft.cli.main import main
from alft.models.head import Head
from alft.record.checkpoints import read_checkpoint
from alft.system.spans import spans_of
from alft.task.entities import EntityEvaluation, count_entities
from alft.use.restore import load_classifier

from .conftest import shipped, summary_of
from .faults import Kill, differences, run, run_together
from .resuming import first_step_of, runs
from .tagging import TAGS, WINDOW, finished_run, read_lines, write_lines
from .test_processes import free_port


def test_a_run_on_words_learns_and_keeps_its_books(sentences, capsys):
    folder = finished_run(sentences, *WINDOW, "--trainer.max_epochs", "6", "--data.max_length", "64")
    told, summary = " ".join(capsys.readouterr().out.split()), summary_of(folder)
    assert "controls: a conditional random field on words" in told
    test, controls = summary["test"], summary["controls"]
    assert test["f1_micro"] > 0.8
    assert test["f1_macro"] == pytest.approx((test["f1_LOC"] + test["f1_PER"]) / 2)
    assert set(test["predicted"]) == {"LOC", "PER"}
    assert controls["majority_f1"] == 0
    assert controls["crf_f1"] > 0.9
    assert controls["tfidf_f1"] is None
    table = pd.read_parquet(folder / "predictions.parquet")
    rows = table[table["split"] == "test"]
    assert [list(label) for label in rows["label"]] == [row["tags"] for row in read_lines("tagged/test.jsonl")]
    kinds = ["LOC", "PER"]
    counts = count_entities(map(spans_of, rows["label"]), map(spans_of, rows["predicted"]), kinds)
    found = EntityEvaluation(counts_T3=counts, kinds=kinds, words=1, right=0, loss=0.0)
    assert (found.f1_micro, found.f1_macro) == pytest.approx((test["f1_micro"], test["f1_macro"]))
    sums = sum(np.concatenate(list(rows[f"probability_{name}"])) for name in ("O", "B-LOC", "I-LOC", "B-PER", "I-PER"))
    assert sums == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in shipped(Head) if "word" in kind.units])
def test_every_head_of_words_trains_and_loads_with_its_weights(sentences, kind):
    more = ["--model.head", kind.__name__, "--model.uncertainty", "epinet", "--controls", "none"]
    folder = finished_run(sentences, *more, "--trainer.max_epochs", "1")
    checkpoint = folder / "checkpoints" / "last.ckpt"
    loaded = load_classifier(read_checkpoint(checkpoint))
    saved = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert all(torch.equal(weights, saved[name]) for name, weights in loaded.state_dict().items())
    assert main(["test", "--ckpt_path", str(checkpoint)]) == 0


def test_the_defaults_of_words_are_their_own(sentences):
    given = ["--data.source", "tagged", "--data.task", "tags", "--trainer.max_epochs", "1", "--trainer.accelerator", "cpu"]
    assert main(["fit", "--model.backbone", "tiny-bert", "--data.max_length", "24", "--controls", "none", *given]) == 0
    settings = summary_of(sentences / "runs" / "alft" / "version_0")["settings"]["model"]
    assert (settings["lr"], settings["class_weights"], settings["head_start"]) == (1e-4, None, "probe")
    assert settings["head"].startswith("Window")


def test_words_that_are_cut_off_are_counted_and_their_entities_missed(sentences):
    folder = finished_run(sentences, "--data.max_length", "8", *WINDOW)
    summary = summary_of(folder)
    assert summary["texts"]["lost"]["test"] > 0
    assert any("get the tag O" in remark for remark in summary["remarks"])
    table = pd.read_parquet(folder / "predictions.parquet")
    rows = table[table["split"] == "test"]
    assert [len(cell) for cell in rows["predicted"]] == [len(cell) for cell in rows["label"]]
    lost = sum(int(np.isnan(np.array(cell, dtype=float)).sum()) for cell in rows["probability_O"])
    assert lost == summary["texts"]["lost"]["test"]


@pytest.mark.parametrize(
    "more",
    [WINDOW, ["--model.uncertainty", "epinet", "--active.acquire", "Bald"], [*WINDOW, "--model.lora.r", "2"]],
    ids=["window", "epinet", "lora"],
)
def test_a_killed_run_goes_on_to_the_bit(sentences, more):
    assert run([*TAGS, *more], sentences).code == 0
    whole = runs(sentences)[0]
    assert run([*TAGS, *more], sentences, Kill("training", first_step_of(1, whole))).code == -9
    ended = run([*TAGS, *more, "--ckpt_path", "last"], sentences)
    assert ended.code == 0, ended.err
    assert differences(whole, runs(sentences)[1]) == []


@pytest.mark.parametrize("more", [WINDOW, ["--active.drop_unlearned", "1", "--model.ema", "0.9"]], ids=["window", "unlearned"])
def test_labels_that_were_not_bought_change_nothing(sentences, more):
    more = [*more, "--controls", "none", "--active.max_unique", "0.5", "--active.acquire", "LeastConfidence"]
    first = finished_run(sentences, *more, "--active.reduce", "mnlp")
    bought = set(pd.read_parquet(first / "selection.parquet")["row"])
    lines = read_lines("tagged/train.jsonl")
    for row, line in enumerate(lines):
        if row not in bought:
            line["tags"] = ["B-LOC"] * len(line["tags"])
    write_lines(Path("tagged/train.jsonl"), lines)
    second = finished_run(sentences, *more, "--active.reduce", "mnlp")
    assert (first / "metrics.csv").read_bytes() == (second / "metrics.csv").read_bytes()
    assert pd.read_parquet(first / "selection.parquet").equals(pd.read_parquet(second / "selection.parquet"))


def test_two_processes_choose_the_rows_of_one(sentences):
    more = [*TAGS, *WINDOW, "--model.lr", "0", "--model.head_lr", "1e-9", "--trainer.max_epochs", "2", "--controls", "none"]
    assert run(more, sentences).code == 0
    for ended in run_together(more, sentences, 2, free_port()):
        assert ended.code == 0, ended.err
    one, two = (pd.read_parquet(folder / "selection.parquet") for folder in runs(sentences))
    assert one[["epoch", "row"]].equals(two[["epoch", "row"]])
    first, second = (pd.read_parquet(folder / "predictions.parquet") for folder in runs(sentences))
    assert [list(cell) for cell in first["predicted"]] == [list(cell) for cell in second["predicted"]]
    scores = [summary_of(folder)["test"]["f1_micro"] for folder in runs(sentences)]
    assert scores[0] == pytest.approx(scores[1])


def test_a_sentence_without_a_word_that_has_a_token_does_not_matter(sentences):
    write_lines(Path("tagged/train.jsonl"), [*read_lines("tagged/train.jsonl"), {"tokens": ["\u200b"], "tags": ["O"]}])
    assert summary_of(finished_run(sentences, *WINDOW))["texts"]["lost"]["pool"] > 0


def test_labels_that_are_wrong_are_left_out_of_training(sentences):
    more = [
        *WINDOW,
        "--data.noise",
        "0.5",
        "--active.drop_unlearned",
        "1",
        "--trainer.max_epochs",
        "3",
        "--active.budget",
        "Full",
    ]
    records = summary_of(finished_run(sentences, *more, "--controls", "none"))["epochs"]
    assert records[1]["left_out"] > 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--active.allocate", "disagreement"], "active.allocate disagreement needs one prediction per row"),
        (
            ["--active.acquire", "Random", "--active.reduce", "max"],
            "active.reduce must be mean with active.acquire Random, which",
        ),
        (["--active.acquire", "Badge"], "active.acquire Badge needs one prediction per row"),
        (["--model.head", "Mean"], "model.head Mean makes scores of each text, but data.task gives each word a label"),
        (["--active.reduce", "mnlp"], "active.reduce mnlp needs active.acquire LeastConfidence"),
        (["--export", "out", "--adapter", "--model.lora.r", "2", "--model.head", "Window"], "--adapter needs model.head First"),
    ],
)
def test_what_does_not_go_together_is_refused(sentences, capsys, more, sentence):
    assert main([*TAGS, *more]) != 0
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_a_head_of_words_is_refused_for_texts(workplace, capsys):
    assert main(["fit", "--config", "configs/tiny.yaml", "--model.head", "Window"]) != 0
    assert "model.head Window makes scores of words, but data.task gives texts labels" in " ".join(
        capsys.readouterr().err.split()
    )
