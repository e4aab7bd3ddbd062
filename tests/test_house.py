"""Architecture: imports point down, the pure core is pure, every extension can be named on the command line."""

import ast
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from alft.cli.extensions import EXTENSIBLE
from alft.loop.active import ActiveLearning
from alft.models.classifier import Classifier

from .conftest import ROOT, examples, shipped

FLOORS = {
    **{"system": 0, "selection": 1, "task": 2, "models": 3, "data": 4, "loop": 5, "record": 6, "controls": 6},
    **{"use": 7, "campaign": 8, "fit": 8, "grid": 8, "report": 8, "adapt": 9, "cli": 10},
}
HEAVY = {"lightning", "transformers", "peft", "datasets"}
FILES = sorted((ROOT / "alft").rglob("*.py"))
MOST_LINES = 260
"""A file should be one idea of 50 to 160 lines; above this it holds two."""


def room_of(path: Path) -> str | None:
    """The room of a file, whatever folder inside it; None for those at the top, which are doors."""
    parts = path.relative_to(ROOT / "alft").parts
    return parts[0] if len(parts) > 1 else None


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    found = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return found + [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]


def test_every_folder_is_a_room():
    assert {room_of(path) for path in FILES} == {*FLOORS, None}


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path)], ids=module_of)
def test_imports_point_down(path):
    room = room_of(path)
    for name in imports_of(path):
        if name.startswith("alft."):
            assert FLOORS[name.split(".")[1]] <= FLOORS[room], f"{path.name} imports {name}"
        if room in ("system", "selection"):
            assert path.name == "quiet.py" or name.split(".")[0] not in HEAVY, f"{path.name} imports {name}"
        if room == "loop":  # it knows the DataModule and the model only by the protocols of scoring.py
            assert not name.startswith(("alft.data", "alft.models")), f"{path.name} imports {name}"
        if room == "report":  # it stands alone: what a run left behind can be read without the code of a run
            assert name.split(".")[0] != "alft" or name.split(".")[1] in ("report", "system"), f"{path.name} imports {name}"


def test_imports_have_no_cycle():
    graph = {module_of(path): {name for name in imports_of(path) if name.startswith("alft.")} for path in FILES}

    def reach(name: str, seen: tuple[str, ...] = ()) -> None:
        assert name not in seen, " -> ".join((*seen, name))
        for following in graph.get(name, ()):
            reach(following, (*seen, name))

    for name in graph:
        if name != "alft.__init__":  # it imports for type checkers only
            reach(name)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_file_is_one_idea_and_says_which(path):
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(text))


EXTENSIONS = [(key, kind) for key, base in EXTENSIBLE.items() for kind in shipped(base)]


@pytest.mark.parametrize(("key", "kind"), EXTENSIONS)
def test_every_extension_parses_by_its_short_name_and_survives_saving(key, kind, word_vectors):
    given = [f"--{key}.{name}={value}" for name, value in examples(kind, word_vectors).items()]
    parser = ArgumentParser(exit_on_error=False)
    block, setting = key.split(".")
    owner = ActiveLearning if block == "active" else Classifier
    parser.add_class_arguments(owner, block)
    given += [] if block == "active" else ["--model.backbone=b", "--model.label_names=[a]"]
    config = parser.parse_args([f"--{key}", kind.__name__, *given])
    again = parser.parse_string(parser.dump(config))
    if block == "active":
        assert type(getattr(parser.instantiate_classes(again).active.policy, setting)) is kind
        return
    kinds = ArgumentParser(exit_on_error=False)
    kinds.add_argument("--it", type=EXTENSIBLE[key])
    assert type(kinds.instantiate_classes(kinds.parse_object({"it": again[block][setting]})).it) is kind
