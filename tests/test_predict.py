"""Predictions for new texts: the same rows with additional columns, without labels and training data."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, DistilBertConfig

from alft.cli.main import main
from alft.data.tokens import load_tokenizer
from alft.record.checkpoints import read_checkpoint
from alft.use.restore import load_classifier

TEXTS = ["the plot of this film is lovely.", "NA", "awful battery", "  spaced  ", 'a "quoted", one', "x" * 500]


@pytest.fixture
def checkpoint(fit) -> Path:
    return fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"


def predict(checkpoint: Path, source: str, output: str, *more: str) -> int:
    return main(["predict", "--ckpt_path", str(checkpoint), "--data.predict", source, "--output", output, *more])


def write(path: str, table: pd.DataFrame) -> None:
    suffix = Path(path).suffix
    if suffix == ".parquet":
        table.to_parquet(path)
    elif suffix in (".jsonl", ".json"):
        table.to_json(path, orient="records", lines=suffix == ".jsonl")
    else:
        table.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")


def read(path: str) -> pd.DataFrame:
    suffix = Path(path).suffix
    if suffix == ".parquet":
        return pd.read_parquet(path)
    if suffix in (".jsonl", ".json"):
        return pd.read_json(path, orient="records", lines=suffix == ".jsonl", dtype=False)
    return pd.read_csv(path, sep="\t" if suffix == ".tsv" else ",", keep_default_na=False, dtype={"id": str, "text": str})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_rows_and_columns_stay_and_probabilities_are_the_models(checkpoint, suffix):
    table = pd.DataFrame({"id": [f"00{i}" for i in range(len(TEXTS))], "text": TEXTS})
    write(f"in{suffix}", table)
    for place in ("tiny-data", "runs/tiny/version_0/config.yaml", "runs/tiny/version_0/summary.json"):
        Path(place).unlink()  # neither the data nor the rest of the run is needed
    assert predict(checkpoint, f"in{suffix}", f"out{suffix}") == 0

    written = read(f"out{suffix}")
    assert list(written.columns) == ["id", "text", "predicted", "probability_negative", "probability_positive"]
    pd.testing.assert_frame_equal(written[["id", "text"]], table)
    model, tokenizer = load_classifier(read_checkpoint(checkpoint)), load_tokenizer("tiny-bert", 32)
    batch = tokenizer(TEXTS, truncation=True, max_length=32, padding=True, return_tensors="pt")
    with torch.no_grad():
        probs = model(batch).softmax(-1)
    found = torch.tensor(written[["probability_negative", "probability_positive"]].to_numpy(dtype="float32"))
    torch.testing.assert_close(found, probs, atol=1e-6, rtol=0)
    assert written["predicted"].tolist() == [model.label_names[label] for label in probs.argmax(-1)]


def test_the_format_of_the_output_is_that_of_its_name(checkpoint):
    write("in.csv", pd.DataFrame({"text": TEXTS}))
    assert predict(checkpoint, "in.csv", "out.jsonl") == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == TEXTS
    assert all(row["probability_negative"] + row["probability_positive"] == pytest.approx(1) for row in rows)


def test_rows_without_text_get_no_prediction_and_are_counted(checkpoint, capsys):
    Path("in.jsonl").write_text('{"text": "fine"}\n{"text": null}\n{"text": "   "}\n{"id": 3}\n')
    assert predict(checkpoint, "in.jsonl", "out.csv") == 0
    assert "rows without text, which have no prediction: 3" in capsys.readouterr().out
    assert read("out.csv")["predicted"].eq("").tolist() == [False, True, True, True]


def test_a_file_of_blank_texts_alone_is_no_mistake(checkpoint):
    Path("in.csv").write_text('text\n" "\n')
    assert predict(checkpoint, "in.csv", "out.csv") == 0
    assert Path("out.csv").read_text().splitlines()[1] == " ,,,"


def test_an_epinet_predicts_the_mean_over_its_draws(fit):
    checkpoint = fit("--trainer.max_epochs", "1", "--model.uncertainty", "epinet") / "checkpoints" / "last.ckpt"
    write("in.csv", pd.DataFrame({"text": TEXTS}))
    assert predict(checkpoint, "in.csv", "out.csv") == 0
    model, tokenizer = load_classifier(read_checkpoint(checkpoint)), load_tokenizer("tiny-bert", 32)
    batch = tokenizer(TEXTS, truncation=True, max_length=32, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = model.draws(batch, 0, 0, None)[0].softmax(-1).mean(0)[:, 1]
    assert read("out.csv")["probability_positive"].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_label_names_that_look_like_numbers_stay_as_they_are(fit, workplace):
    lines = [f"text number {i},{('1.0', '007', 'NA')[i % 3]}" for i in range(60)]
    Path("numbers.csv").write_text("\n".join(["text,label", *lines]))
    checkpoint = fit("--trainer.max_epochs", "1", "--data.source", "numbers.csv") / "checkpoints" / "last.ckpt"
    Path("in.csv").write_text("review\nfine\n")
    assert predict(checkpoint, "in.csv", "out.csv") == 0
    header, row = Path("out.csv").read_text().splitlines()
    assert header == "review,predicted,probability_007,probability_1.0,probability_NA"
    assert row.split(",")[1] in ("007", "1.0", "NA")


def test_the_text_column_of_the_training_is_found_again(fit):
    rows = [f"{i},text number {i},{'ab'[i % 2]}" for i in range(30)]
    Path("odd.csv").write_text("\n".join(["text,words,label", *rows]))
    run = fit("--trainer.max_epochs", "1", "--data.source", "odd.csv", "--data.text_column", "words")
    Path("in.csv").write_text("text,words\nwrong,right\nwrong,other\n")
    Path("same.csv").write_text("words\nright\nother\n")
    assert predict(run / "checkpoints" / "last.ckpt", "in.csv", "out.csv") == 0
    assert predict(run / "checkpoints" / "last.ckpt", "same.csv", "same_out.csv") == 0
    columns = ["probability_a", "probability_b"]
    pd.testing.assert_frame_equal(read("out.csv")[columns], read("same_out.csv")[columns])


def test_a_text_column_that_was_found_by_itself_is_found_again(fit, capsys):
    Path("reviews.csv").write_text("\n".join(["review,label", *(f"text number {i},{'ab'[i % 2]}" for i in range(30))]))
    run = fit("--trainer.max_epochs", "1", "--data.source", "reviews.csv")
    Path("in.csv").write_text("text,review\nwrong,right\n")  # "text" is better known, but "review" was trained on
    assert predict(run / "checkpoints" / "last.ckpt", "in.csv", "out.csv") == 0
    assert "texts of the column 'review'" in capsys.readouterr().out
    Path("in.csv").write_text("id,sentence\n1,fine\n")
    assert predict(run / "checkpoints" / "last.ckpt", "in.csv", "out.csv", "--force") == 0
    assert "texts of the column 'sentence'" in capsys.readouterr().out


def test_texts_that_are_cut_are_counted(checkpoint, capsys):
    write("in.csv", pd.DataFrame({"text": ["fine", "word " * 500]}))
    assert predict(checkpoint, "in.csv", "out.csv") == 0
    assert "texts longer than 32 tokens, which were cut: 1" in capsys.readouterr().out


def test_blank_lines_of_a_file_with_one_column_are_rows(checkpoint):
    Path("in.csv").write_text("text\nfine\n\nother\n\n")
    assert predict(checkpoint, "in.csv", "out.csv") == 0
    assert read("out.csv")["text"].tolist() == ["fine", "", "other"]


def test_a_model_that_has_diverged_predicts_nothing(checkpoint, capsys):
    saved = torch.load(checkpoint, weights_only=True)
    saved["state_dict"]["network.classifier.bias"].fill_(torch.nan)
    torch.save(saved, "nan.ckpt")
    Path("in.csv").write_text("text\nfine\n")
    assert predict(Path("nan.ckpt"), "in.csv", "out.csv") == 2
    assert "the model gives probabilities that are not finite" in capsys.readouterr().err
    assert not Path("out.csv").exists()


def test_a_checkpoint_of_an_older_version_is_told_as_such(checkpoint, capsys):
    saved = torch.load(checkpoint, weights_only=True)
    del saved["TextPool"]["max_length"]
    torch.save(saved, "old.ckpt")
    Path("in.csv").write_text("text\nfine\n")
    assert predict(Path("old.ckpt"), "in.csv", "out.csv") == 2
    assert "ckpt_path: old.ckpt is not the checkpoint of a run of this version of alft" in capsys.readouterr().err


def test_a_backbone_that_was_moved_can_be_named(checkpoint, tiny_bert, capsys):
    write("in.csv", pd.DataFrame({"text": TEXTS}))
    shutil.copytree(tiny_bert, "elsewhere")
    Path("tiny-bert").unlink()
    assert predict(checkpoint, "in.csv", "out.csv") == 2
    assert "model.backbone: tiny-bert cannot be loaded" in capsys.readouterr().err
    assert predict(checkpoint, "in.csv", "out.csv", "--model.backbone", "elsewhere") == 0


MISTAKES = {
    "no such file": (["nope.csv", "out.csv"], "data.predict: no such file: nope.csv"),
    "no text column": (["label.csv", "out.csv"], "data.text_column must name a column"),
    "wrong text column": (
        ["in.csv", "out.csv", "--data.text_column", "x"],
        "data.text_column: there is no column 'x'; in.csv has: text",
    ),
    "unknown format": (["in.csv", "out.xlsx"], "output: out.xlsx must end in one of .csv, .tsv"),
    "output exists": (["in.csv", "label.csv"], "output: label.csv is there already; --force writes over it"),
    "output is the input": (["in.csv", "./in.csv", "--force"], "output must differ from data.predict, both are in.csv"),
    "predicted before": (["done.csv", "out.csv"], "data.predict: done.csv has a column 'predicted' already"),
    "shifted columns": (["shifted.csv", "out.csv"], "data.predict: shifted.csv has more cells in line 2"),
    "no folder": (["in.csv", "nowhere/out.csv"], "output: there is no folder nowhere"),
    "output is a folder": (["in.csv", "place.csv", "--force"], "output: place.csv is a folder"),
    "another architecture": (
        ["in.csv", "out.csv", "--model.backbone", "other"],
        "model.backbone: other is not of the architecture",
    ),
}


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_told_in_one_line_and_nothing_is_written(checkpoint, capsys, arguments, sentence):
    Path("in.csv").write_text("text\nfine\n")
    Path("label.csv").write_text("label\nfine\n")
    Path("done.csv").write_text("text,predicted\nfine,a\n")
    Path("shifted.csv").write_text("text\nfine,1\n")
    Path("place.csv").mkdir()
    AutoModelForSequenceClassification.from_config(
        DistilBertConfig(dim=16, n_layers=1, n_heads=2, vocab_size=50)
    ).save_pretrained("other")
    before = {path: path.read_bytes() for path in Path().glob("*.*") if path.is_file()}
    capsys.readouterr()
    assert predict(checkpoint, *arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert sentence in line
    assert {path: path.read_bytes() for path in Path().glob("*.*") if path.is_file()} == before


def test_force_writes_over_an_output(checkpoint):
    Path("in.csv").write_text("text\nfine\n")
    Path("out.csv").write_text("old")
    assert predict(checkpoint, "in.csv", "out.csv", "--force") == 0
    assert Path("out.csv").read_text().startswith("text,predicted")


def test_needed_settings_are_named(capsys, workplace):
    assert main(["predict", "--output", "out.csv"]) == 2
    assert "ckpt_path" in capsys.readouterr().err
