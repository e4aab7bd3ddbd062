"""The house stands: imports point down, the pure core is pure, every extension can be named on the command line."""

import ast
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from alft.loop.active import ActiveLearning
from alft.run.parser import EXTENSIBLE

from .conftest import ROOT, examples, shipped

FLOORS = {"selection": 0, "models": 1, "data": 2, "loop": 3, "use": 4, "record": 5, "grid": 6, "report": 7, "run": 7}
FILES = sorted((ROOT / "alft").rglob("*.py"))


def imports_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    found = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return found + [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]


@pytest.mark.parametrize(
    "path", [f for f in FILES if f.parent.name in FLOORS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_imports_point_down(path):
    room = path.parent.name
    for name in imports_of(path):
        if name.startswith("alft."):
            assert FLOORS[name.split(".")[1]] <= FLOORS[room], f"{path.name} imports {name}"
        if room == "selection":
            assert name.split(".")[0] not in {"lightning", "transformers", "peft", "datasets"}, f"{path.name} imports {name}"
        if room == "loop":  # it knows the DataModule and the model only by the protocols of scoring.py
            assert not name.startswith(("alft.data", "alft.models")), f"{path.name} imports {name}"
        if room == "report":  # it stands alone: what a run left behind can be read without the code of a run
            assert name.split(".")[0] != "alft" or name.split(".")[1:2] == ["report"], f"{path.name} imports {name}"


def test_imports_within_a_room_have_no_cycle():
    graph = {f"alft.{path.parent.name}.{path.stem}": {n for n in imports_of(path) if n.startswith("alft.")} for path in FILES}

    def reach(name: str, seen: tuple[str, ...] = ()) -> None:
        assert name not in seen, " -> ".join((*seen, name))
        for following in graph.get(name, ()):
            reach(following, (*seen, name))

    for name in graph:
        reach(name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_file_is_one_idea_and_says_which(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 200
    assert ast.get_docstring(ast.parse(text))


EXTENSIONS = [(key, kind) for key, base in EXTENSIBLE.items() for kind in shipped(base)]


@pytest.mark.parametrize(("key", "kind"), EXTENSIONS)
def test_every_extension_parses_by_its_short_name_and_survives_saving(key, kind, word_vectors):
    given = [f"--{key}.{name}={value}" for name, value in examples(kind, word_vectors).items()]
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(ActiveLearning, "active")
    config = parser.parse_args([f"--{key}", kind.__name__, *given])
    again = parser.parse_string(parser.dump(config))
    chosen = getattr(parser.instantiate_classes(again).active.policy, key.split(".")[1], None)
    if key == "active.embedding":
        chosen = parser.instantiate_classes(again).active.embedding
    assert type(chosen) is kind
