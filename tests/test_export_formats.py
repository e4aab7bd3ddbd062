"""Exports of every head in every format give the predictions of predict, and an ONNX graph needs neither torch nor alft."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import pipeline

from alft.cli.main import main
from alft.use.formats import onnx
from alft.use.formats.known import format_of, names

from .conftest import SHARED, Fit, needs_shared
from .test_export import predicted, probabilities, texts_of

KINDS = {"full": [], "lora": ["--model.lora.r", "2"], "epinet": ["--model.uncertainty", "epinet"]}
HEADS = {
    "First": [],
    "Mean": ["--model.head", "Mean", "--model.head.norm", "true"],
    "MeanNgrams": ["--model.head", "MeanNgrams", "--model.head_start", "probe"],
}
BLOCK = """\
import sys


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "alft", "transformers"):
            raise ImportError(name)


sys.meta_path.insert(0, Blocked())
"""


def snippet(folder: str) -> str:
    return Path(folder, "README.md").read_text().split("```python\n")[1].split("```")[0]


def by_onnxruntime(folder: str, texts: list[str], tmp_path: Path) -> torch.Tensor:
    """Run the lines of the card on texts, in a process that can import neither torch nor alft."""
    lines = snippet(folder).replace('["a text", "another text"]', f"json.load(open({str(tmp_path / 'texts.json')!r}))")
    Path(tmp_path, "texts.json").write_text(json.dumps(texts))
    program = f"{BLOCK}{lines}\njson.dump(probabilities.tolist(), open({str(tmp_path / 'found.json')!r}, 'w'))\n"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return torch.tensor(json.loads(Path(tmp_path, "found.json").read_text()))


@pytest.mark.parametrize(("head", "kind"), [("First", "lora"), ("Mean", "epinet"), ("MeanNgrams", "lora")])
def test_the_graph_says_what_predict_says(fit: Fit, tmp_path, head, kind):
    run = fit("--trainer.max_epochs", "1", *HEADS[head], *KINDS[kind], "--export", "graph", "--format", "onnx")
    assert len([line for line in snippet("graph").splitlines() if line.strip()]) <= 12
    rows = [*texts_of("tiny-data/test.csv"), "the plot is lovely " * 200]
    pd.DataFrame({"text": rows}).to_csv("long.csv", index=False)
    expected = predicted(run / "checkpoints" / "last.ckpt", "long.csv")
    torch.testing.assert_close(by_onnxruntime("graph", rows, tmp_path), expected, atol=1e-5, rtol=0)
    assert "Without the epinet" not in Path("graph", "README.md").read_text()


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_a_pipeline_reads_a_mean_once_alft_is_imported(fit: Fit, workplace, kind):
    run = fit("--trainer.max_epochs", "1", *HEADS["Mean"], *KINDS[kind], "--export", "model")
    expected = predicted(run / "checkpoints" / "last.ckpt", "tiny-data/test.csv")
    found = probabilities(pipeline("text-classification", "model"), texts_of("tiny-data/test.csv"))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    assert "import alft" in snippet("model")
    assert not list(Path("model").glob("*.py")), "the folder contains no code"


@pytest.mark.parametrize(
    "imports", ["import alft\nfrom transformers import pipeline", "from transformers import pipeline\nimport alft"]
)
def test_the_order_of_the_imports_does_not_matter(fit: Fit, workplace, imports):
    fit("--trainer.max_epochs", "1", *HEADS["Mean"], "--export", "model")
    program = f"{imports}\nprint(len(pipeline('text-classification', 'model')(['a text'], top_k=None)[0]))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=workplace)
    assert ended.stdout.strip() == "2", ended.stderr


def test_importing_alft_imports_neither_torch_nor_transformers():
    program = "import alft, sys; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_every_format_is_found_by_its_file():
    assert set(names()) == {"adapter", "onnx", "transformers"}
    assert {format_of(name).library for name in names()} == {"onnx", "peft", "transformers"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--export", "x", "--format", "onx"], "export: --format must be one of adapter, onnx, transformers, got 'onx'"),
        (["--export", "x", "--format", "onnx", "--adapter"], "so --format onnx contradicts it"),
        (["--format", "onnx"], "format belongs to --export DIR, which was not given"),
        (
            ["--export", "x", "--adapter", "--model.lora.r", "2", "--model.head", "Mean"],
            "export: --adapter needs model.head First",
        ),
    ],
)
def test_a_format_that_cannot_be_is_one_sentence(workplace, capsys, arguments, sentence):
    assert main(["fit", "--config", "configs/tiny.yaml", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_a_missing_package_is_named(workplace, capsys, monkeypatch):
    monkeypatch.setattr(onnx, "PACKAGES", ("onnx", "not_there"))
    assert main(["fit", "--config", "configs/tiny.yaml", "--export", "x", "--format", "onnx"]) == 2
    assert "export: --format onnx needs the package not_there; try: pip install 'alft[onnx]'" in capsys.readouterr().err


def test_a_graph_that_computes_something_else_is_refused_and_leaves_nothing(fit: Fit, workplace, capsys, monkeypatch):
    run = fit("--trainer.max_epochs", "1")
    monkeypatch.setattr(onnx, "MOST_DIFFERENCE", -1.0)
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "graph", "--format", "onnx"]) == 2
    assert "its graph gives other probabilities" in capsys.readouterr().err
    assert not [path for path in workplace.iterdir() if "graph" in path.name]


@needs_shared
@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("head", HEADS)
def test_real_encoder_and_texts(workplace, tmp_path, tell_figure, head, kind):
    more = ["--data.limit", "32", "--data.limit_validation", "16", "--active.enabled", "false", "--trainer.max_epochs", "1"]
    more += ["--model.backbone", str(SHARED / "models" / "e5-small-cut"), "--data.source", str(SHARED / "data" / "maltese")]
    assert main(["fit", *more, *HEADS[head], *KINDS[kind], "--export", "graph", "--format", "onnx"]) == 0
    (run,) = Path("runs/alft").iterdir()
    rows = texts_of(str(SHARED / "data" / "maltese" / "test.csv"))[:60]
    pd.DataFrame({"text": rows}).to_csv("texts.csv", index=False)
    checkpoint = run / "checkpoints" / "last.ckpt"
    expected = predicted(checkpoint, "texts.csv")
    differences = {"onnx": by_onnxruntime("graph", rows, tmp_path) - expected}
    if kind != "epinet":
        assert main(["export", str(checkpoint), "model"]) == 0
        differences["transformers"] = probabilities(pipeline("text-classification", "model"), rows) - expected
    for name, difference in differences.items():
        tell_figure(f"{head}, {kind}, {name}: largest difference to predict {difference.abs().max():.1e}")
        assert difference.abs().max() <= 1e-5
