"""Taggers in use: predictions in every format, pipelines, graphs, cards, and exports as encoders."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import pipeline

from alft.cli.main import main

from .conftest import summary_of
from .resuming import runs
from .tagging import TAGS, WINDOW, finished_run, read_lines, write_lines
from .test_export_formats import by_onnxruntime


@pytest.mark.parametrize("more", [WINDOW, [], [*WINDOW, "--model.lora.r", "2"]], ids=["window", "first", "lora"])
def test_the_pipeline_gives_the_tag_and_probability_of_each_word(sentences, more):
    folder = finished_run(sentences, *more, "--controls", "none", "--trainer.max_epochs", "1")
    checkpoint = str(folder / "checkpoints" / "last.ckpt")
    rows = read_lines("tagged/test.jsonl")
    write_lines(Path("new.jsonl"), [{"tokens": row["tokens"]} for row in rows])
    assert main(["predict", "--ckpt_path", checkpoint, "--data.predict", "new.jsonl", "--output", "out.jsonl"]) == 0
    assert main(["export", checkpoint, "exported"]) == 0
    tag = pipeline("token-classification", model="exported", ignore_labels=[])
    for row in read_lines("out.jsonl"):
        text = " ".join(row["tokens"])
        by_start = {found["start"]: found for found in tag(text)}
        start = 0
        for word, predicted, probability in zip(row["tokens"], row["predicted"], row["probability"], strict=True):
            if probability is None:  # cut off
                assert predicted == "O"
            else:
                assert by_start[start]["entity"] == predicted
                assert by_start[start]["score"] == pytest.approx(probability, abs=1e-5)
            start += len(word) + 1


@pytest.mark.parametrize("more", [WINDOW, ["--model.uncertainty", "epinet"]], ids=["window", "epinet"])
def test_the_graph_gives_the_probabilities_of_tokens(sentences, tmp_path, more):
    folder = finished_run(sentences, *more, "--controls", "none", "--export", "graph", "--format", "onnx")
    rows = read_lines("tagged/test.jsonl")[:4]
    write_lines(Path("new.jsonl"), [{"tokens": row["tokens"][:3]} for row in rows])
    last = str(folder / "checkpoints" / "last.ckpt")
    assert main(["predict", "--ckpt_path", last, "--data.predict", "new.jsonl", "--output", "out.jsonl"]) == 0
    probs_BLC = by_onnxruntime("graph", [" ".join(row["tokens"][:3]) for row in rows], tmp_path)
    first = [row["probability"][0] for row in read_lines("out.jsonl")]
    torch.testing.assert_close(probs_BLC[:, 1].amax(-1), torch.tensor(first), atol=1e-5, rtol=0)


@pytest.mark.parametrize("ending", ["csv", "parquet", "conll"])
def test_predictions_are_written_in_the_format_of_the_file(sentences, ending):
    folder = finished_run(sentences, *WINDOW, "--controls", "none", "--trainer.max_epochs", "1")
    rows = read_lines("tagged/test.jsonl")[:3]
    new = Path(f"new.{ending}")
    if ending == "csv":
        pd.DataFrame({"text": [" ".join(row["tokens"]) for row in rows]}).to_csv(new, index=False)
    elif ending == "parquet":
        pd.DataFrame({"tokens": [row["tokens"] for row in rows]}).to_parquet(new)
    else:
        new.write_text("\n".join("".join(f"{word}\n" for word in row["tokens"]) for row in rows))
    last = str(folder / "checkpoints" / "last.ckpt")
    assert main(["predict", "--ckpt_path", last, "--data.predict", str(new), "--output", f"out.{ending}"]) == 0
    if ending == "csv":
        found = [json.loads(cell) for cell in pd.read_csv("out.csv")["predicted"]]
    elif ending == "parquet":
        found = [list(cell) for cell in pd.read_parquet("out.parquet")["predicted"]]
    else:
        blocks = Path("out.conll").read_text().split("\n\n")
        found = [[line.split("\t")[1] for line in block.strip().splitlines()] for block in blocks]
    assert [len(tags) for tags in found] == [len(row["tokens"]) for row in rows]
    assert {tag for tags in found for tag in tags} <= {"O", "B-LOC", "I-LOC", "B-PER", "I-PER"}


def test_a_file_of_words_has_a_line_for_each_word_whatever_stands_beside(sentences):
    folder = finished_run(sentences, *WINDOW, "--controls", "none", "--trainer.max_epochs", "1")
    rows = [
        {"id": 1, "tokens": ["a\tb", "Praha"], "spans": [[0, 1]], "tags": ["O", "B-LOC"]},
        {"id": 2, "tokens": None, "spans": [], "tags": None},
        {"id": 3, "tokens": ["c"], "spans": [], "tags": ["O"]},
    ]
    write_lines(Path("new.jsonl"), rows)
    last = str(folder / "checkpoints" / "last.ckpt")
    assert main(["predict", "--ckpt_path", last, "--data.predict", "new.jsonl", "--output", "out.conll"]) == 0
    lines = [line.split("\t")[:2] for line in Path("out.conll").read_text().splitlines() if line]
    assert lines == [["a b", "O"], ["Praha", "B-LOC"], ["c", "O"]]


@pytest.mark.parametrize("more", [WINDOW, ["--model.lora.r", "2", "--format", "adapter"]], ids=["window", "adapter"])
def test_the_lines_of_a_card_run_in_a_process_of_their_own(sentences, more):
    finished_run(sentences, *more, "--controls", "none", "--trainer.max_epochs", "1", "--export", "exported")
    lines = Path("exported/README.md").read_text().split("```python\n")[1].split("```")[0]
    ended = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("task", ["tags", "single"])
def test_an_exported_tagger_is_an_encoder_for_any_task(sentences, task):
    finished_run(sentences, *WINDOW, "--controls", "none", "--trainer.max_epochs", "1", "--export", "exported")
    more = ["--model.backbone", "exported", "--trainer.max_epochs", "1", "--controls", "all"]
    if task == "tags":
        assert main([*TAGS, *more]) == 0
    else:
        assert main(["fit", "--config", "configs/tiny.yaml", "--model.head", "Mean", "--data.max_length", "24", *more]) == 0
        assert summary_of(runs(sentences)[-1])["controls"]["frozen_f1"] is not None
