"""Reads policies that are to be compared: each is a class name, a call such as reports show, JSON, or a line of a YAML file."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alft.system.excerpt import excerpt, first_line

FORMS = "a class such as Margin, a call such as 'Switch(first=TypiClust, then=Margin, at=40)', JSON, or a YAML file"


@dataclass(frozen=True)
class NamedPolicy:
    """A policy to compare.

    Attributes:
        name: Its name for the reader.
        settings: Settings ``active.*`` by name, as in a config.
        given: Whether the name was given by the user, so that reports use it.
    """

    name: str
    settings: dict[str, Any]
    given: bool = False

    @property
    def arguments(self) -> list[str]:
        """The settings as arguments of ``fit``."""
        settings = [f"--active.{name}={_typed(value)}" for name, value in self.settings.items()]
        return [*settings, f"--arm={self.name}"] if self.given else settings


def read_policies(values: list[str]) -> list[NamedPolicy]:
    """Policies as typed after ``--policies``.

    A YAML file maps names to settings of the block ``active``; the others are values of ``active.acquire``.

    Raises:
        ValueError: A value is none of these, or two policies have one name or the same settings.

    >>> [policy.settings["acquire"] for policy in read_policies(["Margin", "Switch(first=KCenter, then=Margin, at=40)"])]
    [{'class_path': 'Margin'}, {'class_path': 'Switch', 'init_args': {'first': {'class_path': 'KCenter'}, \
'then': {'class_path': 'Margin'}, 'at': 40}}]
    """
    found = [policy for value in values for policy in _read(value)]
    for number, policy in enumerate(found):
        for other in found[:number]:
            if policy.name == other.name or policy.settings == other.settings:
                raise ValueError(f"policies: {excerpt(policy.name)} is there twice, and would be no second policy")
    return found


def _read(value: str) -> list[NamedPolicy]:
    if value.endswith((".yaml", ".yml")):
        return _of_file(Path(value).expanduser())
    try:
        acquire = json.loads(value) if value.startswith("{") else _of_node(ast.parse(value.strip(), mode="eval").body)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"policies must be {FORMS}, got {excerpt(value)}") from error
    return [NamedPolicy(value, {"acquire": acquire})]


def _of_file(path: Path) -> list[NamedPolicy]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"policies: {path} cannot be read ({first_line(error)})") from error
    if not isinstance(found, dict) or not found or not all(isinstance(block, dict) and block for block in found.values()):
        raise ValueError(f"policies: {path} must map names to settings of active, such as 'margin: {{acquire: Margin}}'")
    blocks = {str(name): {str(key): _named(value) for key, value in block.items()} for name, block in found.items()}
    return [NamedPolicy(name, block, given=True) for name, block in blocks.items()]


def _named(value: Any) -> Any:
    """A class name as in JSON, so that one policy has one form."""
    return {"class_path": value} if isinstance(value, str) and value[:1].isupper() else value


def _of_node(node: ast.expr) -> dict[str, Any]:
    """A class, or a call with named arguments, as in a config."""
    if isinstance(node, ast.Call):
        if node.args or not all(keyword.arg for keyword in node.keywords):
            raise ValueError("an argument has no name")
        given = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
        return _of_node(node.func) | ({"init_args": given} if given else {})
    if isinstance(node, ast.Name | ast.Attribute):
        return {"class_path": ast.unparse(node)}
    raise ValueError("it is no class")


def _value(node: ast.expr) -> Any:
    return _of_node(node) if isinstance(node, ast.Call | ast.Name | ast.Attribute) else ast.literal_eval(node)


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
