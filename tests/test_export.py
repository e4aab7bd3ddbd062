"""An export is an ordinary Hugging Face folder: transformers' own pipeline gives the same predictions as predict."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import AutoPeftModelForSequenceClassification
from safetensors.torch import load_file
from transformers import AutoTokenizer, pipeline

from alft.cli.main import main

from .conftest import summary_of

KINDS = {
    "full": [],
    "lora": ["--model.lora.r", "2"],
    "frozen pooler": ["--model.lora.r", "2", "--model.lora.train_pooler", "false"],
    "dora": ["--model.lora.r", "2", "--model.lora.use_dora", "true"],
    "dropout": ["--active.acquire", "Bald", "--active.acquire.passes", "2"],
}
ONE_EPOCH = ["--trainer.max_epochs", "1"]


def probabilities(classify, texts: list[str]) -> torch.Tensor:
    found = classify(texts, truncation=True, top_k=None)
    return torch.tensor([[entry["score"] for entry in sorted(row, key=lambda e: e["label"])] for row in found])


def predicted(checkpoint: Path, source: str) -> torch.Tensor:
    assert main(["predict", "--ckpt_path", str(checkpoint), "--data.predict", source, "--output", "out.csv", "--force"]) == 0
    table = pd.read_csv("out.csv")
    return torch.tensor(table[sorted(name for name in table if name.startswith("probability_"))].to_numpy(dtype="float32"))


def texts_of(source: str) -> list[str]:
    return pd.read_csv(source)["text"].tolist()


@pytest.fixture
def long_texts(workplace) -> str:
    rows = [*texts_of("tiny-data/test.csv"), "the plot is lovely " * 200]
    pd.DataFrame({"text": rows}).to_csv("long.csv", index=False)
    return "long.csv"


@pytest.mark.parametrize("arguments", KINDS.values(), ids=KINDS.keys())
def test_the_pipeline_says_what_predict_says(fit, long_texts, arguments):
    run = fit(*ONE_EPOCH, *arguments, "--export", "out/model")
    checkpoint = run / "checkpoints" / "last.ckpt"
    assert main(["export", str(checkpoint), "again"]) == 0
    expected = predicted(checkpoint, long_texts)
    for folder in ("out/model", "again"):
        torch.testing.assert_close(
            probabilities(pipeline("text-classification", folder), texts_of(long_texts)), expected, atol=1e-5, rtol=0
        )
    assert {path.name for path in Path("out/model").iterdir()} == {
        *("README.md", "alft_export.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    }
    assert AutoTokenizer.from_pretrained("out/model").model_max_length == 32


def test_three_classes_and_an_adapter_alone(fit, long_texts):
    rows = [f"text number {i},{'abc'[i % 3]}" for i in range(60)]
    Path("three.csv").write_text("\n".join(["text,label", *rows]))
    run = fit(
        *ONE_EPOCH,
        "--data.source",
        "three.csv",
        "--model.head",
        "First",
        "--model.lora.r",
        "2",
        "--export",
        "adapter",
        "--adapter",
    )
    assert not Path("adapter/model.safetensors").exists()
    assert all(
        "lora" in name or "classifier" in name or "pooler" in name for name in load_file("adapter/adapter_model.safetensors")
    )
    card = Path("adapter/README.md").read_text()
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]
    assert "AutoPeftModelForSequenceClassification" in code
    model = AutoPeftModelForSequenceClassification.from_pretrained("adapter", num_labels=3, id2label={0: "a", 1: "b", 2: "c"})
    classify = pipeline(
        "text-classification", model=model.merge_and_unload(), tokenizer=AutoTokenizer.from_pretrained("adapter")
    )
    expected = predicted(run / "checkpoints" / "last.ckpt", long_texts)
    torch.testing.assert_close(probabilities(classify, texts_of(long_texts)), expected, atol=1e-5, rtol=0)


def test_an_adapter_without_its_frozen_pooler_is_refused(workplace, capsys):
    more = [
        "--model.head",
        "First",
        "--model.lora.r",
        "2",
        "--model.lora.train_pooler",
        "false",
        "--export",
        "new",
        "--adapter",
    ]
    assert main(["fit", "--config", "configs/tiny.yaml", *more]) == 2
    assert "export: --adapter needs model.lora.train_pooler true" in capsys.readouterr().err


def test_an_export_is_float32_whatever_the_precision_of_the_training(fit, long_texts):
    run = fit(*ONE_EPOCH, "--trainer.precision", "bf16-true", "--export", "model")
    expected = predicted(run / "checkpoints" / "last.ckpt", long_texts)
    classify = pipeline("text-classification", "model")
    assert classify.model.dtype == torch.float32
    torch.testing.assert_close(probabilities(classify, texts_of(long_texts)), expected, atol=1e-5, rtol=0)


def test_a_moved_backbone_can_be_named(fit, workplace, tiny_bert):
    shutil.copytree(tiny_bert, "here")
    run = fit(*ONE_EPOCH, "--model.backbone", str(Path("here").resolve()))
    Path("here").rename("there")
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "model", "--model.backbone", "there"]) == 0


def test_files_of_others_around_a_checkpoint_are_not_believed(fit, workplace):
    run = fit(*ONE_EPOCH)
    summary = json.loads((run / "summary.json").read_text())
    for name, content in {
        "fingerprint": json.dumps({**summary, "fingerprint": "other"}),
        "junk": "no json",
        "list": "[1]",
    }.items():
        (run / "summary.json").write_text(content)
        (run / "config.yaml").write_text("data: x" if name == "list" else "- foo: [")
        assert main(["export", str(run / "checkpoints" / "last.ckpt"), name]) == 0
        assert "These weights were not measured on a test set." in Path(name, "README.md").read_text()


def test_an_epinet_exports_mu_and_the_card_says_how_far_it_is_from_predict(fit, workplace):
    run = fit(*ONE_EPOCH, "--model.uncertainty", "epinet", "--export", "mu")
    checkpoint = run / "checkpoints" / "last.ckpt"
    assert main(["export", str(checkpoint), "again"]) == 0
    expected = predicted(checkpoint, "tiny-data/validation.csv")
    found = probabilities(pipeline("text-classification", "mu"), texts_of("tiny-data/validation.csv"))
    gap = float((found - expected).abs().max())
    assert gap > 1e-4
    for folder in ("mu", "again"):
        said = re.search(r"differ from alft's by at most (\d\.\d+)", Path(folder, "README.md").read_text())
        assert float(said[1]) == pytest.approx(gap, abs=1e-4)


def test_without_the_data_the_difference_is_said_to_be_unknown(fit, workplace):
    run = fit(*ONE_EPOCH, "--model.uncertainty", "epinet")
    Path("tiny-data").unlink()
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "mu"]) == 0
    assert "was not measured: the validation texts were not at hand" in Path("mu/README.md").read_text()


def test_the_card_holds_data_labels_scores_settings_and_the_call(fit, workplace):
    run = fit("--export", "model")
    summary, card = summary_of(run), Path("model/README.md").read_text()
    assert "- Data: `tiny-data`" in card
    assert f"- Labels bought until these weights: {summary['labels']['bought']} of 64" in card
    assert f"| macro-F1 | {summary['test']['f1_macro']:.4f} |" in card
    assert "| acquire | Entropy |" in card
    assert 'classify = pipeline("text-classification", model="model")' in card
    assert "{" not in card.split("## Settings")[0].replace("```", "")


def test_weights_of_another_epoch_do_not_get_the_scores_of_the_last(fit, workplace):
    run = fit(
        "--trainer.max_epochs",
        "3",
        "--active.mode",
        "accumulate",
        "--active.budget",
        "Constant",
        "--active.budget.share",
        "0.2",
    )
    best = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["epoch"]
    assert main(["export", str(run / "checkpoints" / "best.ckpt"), "best"]) == 0
    card, bought = Path("best/README.md").read_text(), [record["bought"] for record in summary_of(run)["epochs"]]
    assert f"- Labels bought until these weights: {bought[best]} of 64" in card
    assert ("These weights were not measured on a test set." in card) == (best != 2)


def test_a_checkpoint_alone_is_enough(fit, workplace):
    run = fit(*ONE_EPOCH)
    (run / "checkpoints" / "last.ckpt").rename("alone.ckpt")
    assert main(["export", "alone.ckpt", "model"]) == 0
    card = Path("model/README.md").read_text()
    assert "- Labels bought: 44" in card
    assert "| lr | 0.001 |" in card


MISTAKES = {
    "folder exists": (["full"], "export: full is there already; --force replaces an earlier export"),
    "file exists": (["a.txt"], "export: a.txt is there already"),
    "more than an export": (
        ["full", "--force"],
        "export: full holds more than an earlier export, so not even --force replaces it",
    ),
    "not an export of ours": (["foreign", "--force"], "export: foreign holds more than an earlier export"),
    "below a file": (["a.txt/model"], "export: a.txt/model cannot be made, since"),
    "the backbone": (["tiny-bert", "--force"], "export: tiny-bert is the backbone itself; choose another folder"),
    "no adapter": (["new", "--adapter"], "export: --adapter needs a model with LoRA (--model.lora.r 8), and this one has none"),
}


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_told_before_anything_is_trained_or_written(fit, workplace, capsys, arguments, sentence):
    run = fit(*ONE_EPOCH)
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "full"]) == 0
    shutil.copytree("full", "foreign")
    Path("foreign/README.md").write_text("# Of somebody else")
    Path("full/thesis.txt").write_text("years of work")
    Path("a.txt").write_text("")
    capsys.readouterr()
    for command in (
        ["fit", "--config", "configs/tiny.yaml", "--export", *arguments],
        ["export", str(run / "checkpoints" / "last.ckpt"), *arguments],
    ):
        assert main(command) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert sentence in line
    assert [path.name for path in Path("runs/tiny").iterdir()] == ["version_0"]
    assert Path("full/thesis.txt").read_text() == "years of work"


def test_force_replaces_an_older_export_whole(fit, workplace):
    run = fit(*ONE_EPOCH, "--model.head", "First", "--model.lora.r", "2", "--export", "model", "--adapter")
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "model", "--force"]) == 0
    assert not Path("model/adapter_config.json").exists()
    assert Path("model/model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fit", "--config", "configs/tiny.yaml", "--force"], "force belongs to --export DIR, which was not given"),
        (["fit", "--config", "configs/tiny.yaml", "--adapter"], "adapter belongs to --export DIR, which was not given"),
        (["test", "--config", "configs/tiny.yaml", "--export", "x"], "--export is a setting of fit, test does not use it"),
        (
            ["test", "--config", "configs/tiny.yaml", "--model.lr=1"],
            "--model.lr is a setting of fit, test takes the model as the checkpoint has it",
        ),
        (["export", "nope.ckpt", "x"], "ckpt_path must be the checkpoint file of a run"),
        (["export", "configs/tiny.yaml", "x"], "ckpt_path: configs/tiny.yaml is not the checkpoint of a run"),
    ],
)
def test_settings_that_would_be_ignored_are_refused(workplace, capsys, arguments, sentence):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err
