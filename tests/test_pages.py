"""Every block of code in README and docs runs, in a small form, or is a command whose results are committed."""

import ast
import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from alft.cli.main import main

from .conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

LONG = re.compile(r"python results/|alft (grid|report) results/|--config results/|\.\./shared/|first_3000|^for |^ |^done$")
"""Commands that gave committed results: hours, or data that is not here. Their files must exist."""

ELSEWHERE = re.compile(r"(make|source|pip|wandb|srun|torchrun|python -m venv) ")
"""Programs around alft: :func:`test_every_make_target_of_the_documents_exists`, the test of the wheel, launchers."""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def lines_of(page: Path) -> list[str]:
    text = "\n".join(blocks(page, "bash")).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


LINES = sorted({(page.name, line) for page in PAGES for line in lines_of(page)})
OWN = [(page, line) for page, line in LINES if line.startswith("python -m alft") and not LONG.search(line)]


def test_there_is_no_other_language_and_no_other_program():
    languages = {name for page in PAGES for name in re.findall(r"^```(\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)}
    assert languages <= {"bash", "python", "yaml", "text"}
    others = [
        line for _, line in LINES if not (LONG.search(line) or ELSEWHERE.match(line) or line.startswith("python -m alft"))
    ]
    assert others == []


@pytest.mark.parametrize(("page", "line"), [one for one in LINES if LONG.search(one[1])])
def test_a_command_that_gave_results_names_files_that_exist(page, line):
    for name in re.findall(r"(?:results|configs|sweeps)/[\w/$.{}]+\.(?:py|yaml)", line):
        pattern = re.sub(r"\$\{?\w+\}?", "*", name)
        assert list(ROOT.glob(pattern)), f"{page}: {name}"


@pytest.mark.parametrize(("page", "line"), OWN)
def test_a_command_takes_what_its_page_gives_it(workplace, capsys, page, line):
    """Each is stopped before it works: a fit by --print_config, others by --help, which must list what was typed."""
    words = shlex.split(line.split(" #")[0])[3:]
    Path("reviews.csv").write_text("text,label\n")
    Path("posts.yaml").write_text("\n".join(blocks(ROOT / "docs" / "annotate.md", "yaml")))
    Path("my_scores.py").write_text(next(b for b in blocks(ROOT / "docs" / "extend.md", "python") if "class Doubt" in b))
    sys.path.insert(0, str(workplace))
    try:
        with pytest.raises(SystemExit) as stop:
            main([*words, *([] if "--help" in words else ["--print_config"] if words[0] == "fit" else ["--help"])])
    finally:
        sys.path.remove(str(workplace))
        sys.modules.pop("my_scores", None)
    assert stop.value.code == 0
    if words[0] not in ("fit", "--help"):
        told = capsys.readouterr().out
        own = [word.partition("=")[0] for word in words if word.startswith("--")]
        assert [word for word in own if word not in told and not (words[0] == "rehearse" and "." in word)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_can_be_read(page):
    for block in blocks(page, "python"):
        ast.parse(block)
    for block in blocks(page, "yaml"):
        assert yaml.safe_load(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists() or target.startswith("_generated/"), target


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
