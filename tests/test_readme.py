"""README and guides are correct: their snippets run, their commands and files exist."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from alft.cli.main import main

from .conftest import ROOT, Fit

GUIDES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("train", "use", "resume", "judge", "python", "extend")),
]


def code(language: str) -> list[str]:
    return [block for page in GUIDES for block in re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)]


def test_the_acquisition_of_the_readme_runs(fit: Fit, workplace: Path, monkeypatch):
    (snippet,) = [block for block in code("python") if "class Doubt" in block]
    Path("my_scores.py").write_text(snippet)
    monkeypatch.syspath_prepend(str(workplace))
    (command,) = [line for line in "\n".join(code("bash")).splitlines() if "my_scores" in line]
    folder = fit(*command.split("preset:demo ")[1].split())
    assert json.loads((folder / "summary.json").read_text())["settings"]["selection"]["acquire"] == "Doubt(power=3.0)"
    assert "my_scores.Doubt" in (folder / "config.yaml").read_text()
    sys.modules.pop("my_scores")


def test_predict_and_export_of_the_readme_run_and_its_pipeline_says_what_predict_says(fit: Fit, workplace: Path, capsys):
    fit("--trainer.max_epochs", "1")
    Path("runs/maltese").symlink_to("tiny")
    every = "\n".join(code("bash")).splitlines()
    commands = list(
        dict.fromkeys(line.split("#")[0].strip() for line in every if "alft predict" in line or "alft export" in line)
    )
    (snippet,) = [block for block in code("python") if "pipeline" in block]
    (text,) = re.findall(r'classify\(\["(.*?)"\]', snippet)
    Path("new.csv").write_text(f"text\n{text}\n", encoding="utf-8")
    for line in commands:
        words = line.split()
        assert main(words[words.index("alft") + 1 :]) == 0
    scope: dict = {}
    exec(snippet.replace("classify([", "found = classify(["), scope)
    expected = pd.read_csv("labelled.csv").iloc[0]
    assert {entry["label"]: entry["score"] for entry in scope["found"][0]} == pytest.approx(
        {name: expected[f"probability_{name}"] for name in ("negative", "positive")}, abs=1e-5
    )


def test_the_run_and_the_selection_in_python_run(workplace):
    run, choice = [block for block in code("python") if "TextPool(" in block or "Policy(" in block]
    small = {
        "xlm-roberta-base": "tiny-bert",
        "reviews.csv": "tiny-data",
        "max_length=96": "max_length=24",
        "epochs=8": "epochs=2",
    }
    for written, used in small.items():
        assert written in run
        run = run.replace(written, used)
    scope: dict = {}
    exec(run.replace('name="reviews"', 'name="reviews", accelerator="cpu", enable_progress_bar=False'), scope)
    assert scope["summary"]["labels"]["bought"] > 0
    torch.manual_seed(0)
    scope = {}
    exec(choice, scope)
    assert len(set(scope["rows"].tolist())) == 30


def test_the_data_map_of_the_guide_is_drawn(fit: Fit, workplace: Path):
    fit("--trainer.max_epochs", "2")
    Path("runs/maltese").symlink_to("tiny")
    (snippet,) = [block for block in code("python") if "what_was_learned" in block]
    exec(snippet, {})
    assert Path("map.png").stat().st_size > 0


def test_every_make_target_of_the_documents_exists():
    makefile = (ROOT / "Makefile").read_text()
    for document in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"^make ([a-z -]+?)(?:  |$)", (ROOT / document).read_text(), re.MULTILINE):
            for name in target.split():
                assert f"\n{name}:" in makefile


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / document).read_text()):
        assert (ROOT / target).exists(), target


def test_docstrings_cite_sections_that_exist():
    sections = set(re.findall(r"^## (\d)\.", (ROOT / "docs" / "method.md").read_text(), re.MULTILINE))
    for path in (ROOT / "alft").rglob("*.py"):
        for cited in re.findall(r"method\.md ([\d, and-]+)", path.read_text()):
            assert set(re.findall(r"\d", cited)) <= sections, f"{path.name} cites method.md {cited}"
