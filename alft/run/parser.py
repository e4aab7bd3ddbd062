"""How are mistakes on the command line told? In one sentence, with the nearest name that would have been right."""

import re
from dataclasses import fields
from difflib import get_close_matches
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser

import alft.selection
from alft.models.epinet import Epinet
from alft.models.lora import Lora
from alft.selection.acquisition import Acquisition
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering
from alft.selection.embedding import Embedding

for _module in iter_modules(alft.selection.__path__, "alft.selection."):
    import_module(_module.name)  # whatever stands in that room can be named on the command line

EXTENSIBLE: dict[str, type] = {
    "active.acquire": Acquisition,
    "active.budget": Budget,
    "active.cluster": Clustering,
    "active.embedding": Embedding,
}
"""Settings whose value is the name of a class; any importable subclass of the base will do."""

DATACLASSES: dict[str, type] = {"model.lora": Lora, "model.epinet": Epinet}
"""Settings that have settings of their own, or are null."""


class UsageError(ValueError):
    """The command line or a config file cannot be understood."""


class SentenceParser(LightningArgumentParser):
    """A parser that raises one sentence where others print their whole usage and exit."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise a UsageError that says what is wrong and, for a misspelt name, which known one is nearest."""
        parser = getattr(ex, "subcommand_parser", None) or self
        settings = set(map(_without_class_path, parser.get_defaults().keys()))
        raise UsageError(explain(message, settings)) from ex


def explain(message: str, settings: set[str]) -> str:
    """One sentence for a parser's message.

    >>> explain("unrecognized arguments: --active.aquire Entropy", {"active.acquire", "model.lr"})
    'there is no setting --active.aquire; did you mean --active.acquire?'
    """
    key, detail = _split_key(message)
    for pattern, tell in _SENTENCES:
        if found := re.search(pattern, detail, re.DOTALL):
            return tell(key, found[1], settings)
    return " ".join(f"{key}: {detail}".split()) if key else " ".join(detail.split())


def innermost(message: str) -> str:
    """Our own sentence where a library has put its own around it, as jsonargparse does around an optional block.

    >>> innermost("Does not validate against any Union subtypes Errors: - model.lora.r must be at least 1, got 0")
    'model.lora.r must be at least 1, got 0'
    """
    ours = re.search(r"- (model\.\w+\.\w+ must be [^\n]+)", message)
    return ours[1] if ours else message


def _split_key(message: str) -> tuple[str, str]:
    found = re.match(r'Parser key "([^"]+)":(.*)', message, re.DOTALL)
    return (found[1], found[2]) if found else ("", message)


def _unknown_argument(key: str, name: str, settings: set[str]) -> str:
    return f"there is no setting {name}{nearest(name, {f'--{setting}' for setting in settings})}"


def _unknown_option(key: str, name: str, settings: set[str]) -> str:
    return f"there is no setting {name}{nearest(name, settings | {s.split('.')[0] for s in settings})}"


def _unknown_field(key: str, name: str, settings: set[str]) -> str:
    if not key:  # said by the parser of a class; the parser around it says it again, with the key
        return f"Option '{name}' is not accepted"
    owners = [kind.__name__ for kind in _classes(key) if key in EXTENSIBLE and name in {field.name for field in fields(kind)}]
    if owners:
        return f"{key}.{name} is a setting of {', '.join(sorted(owners))}; name the class first: --{key} {min(owners)}"
    known = {f"{key}.{field.name}" for kind in _classes(key) for field in fields(kind)}
    return f"there is no setting {key}.{name}{nearest(f'{key}.{name}', known)}"


def _unknown_class(key: str, name: str, settings: set[str]) -> str:
    names = {kind.__name__ for kind in _classes(key)}
    known = f" Known: {', '.join(sorted(names))}" if names else ""
    return f"{key}: there is no {name}{nearest(name, names)}{known}"


def _wrong_literal(key: str, text: str, settings: set[str]) -> str:
    choices, _, value = text.partition("]. Got value: ")
    names = choices.replace("'", "")
    return f"{key} must be {'one of ' if ',' in names else ''}{names}, got {value.strip()}"


def _wrong_type(key: str, text: str, settings: set[str]) -> str:
    kind, _, value = text.partition("'>. Got value: ")
    if value.strip() == "None":
        return f"--{key} must be given; it has no default"
    return f"{key} must be of type {kind}, got {value.strip()}"


def _wrong_optional(key: str, text: str, settings: set[str]) -> str:
    kinds = [kind for kind in re.findall(r"<class '([^']+)'>", text.partition("Errors:")[0]) if kind != "NoneType"]
    value = text.rpartition("Given value: ")[2].strip()
    if nested := re.match(r"NestedArg\(key='([^']+)', val='?(.*?)'?\)", value):
        return f"{key}.{nested[1]} cannot be {nested[2]}"
    return f"{key} must be of type {' or '.join(kind.split('.')[-1] for kind in kinds)} or null, got {value}"


def nearest(name: str, known: set[str]) -> str:
    """End of a sentence about an unknown name: which of the known ones was probably meant, if any is near."""
    close = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else "."


def subclasses(base: type) -> list[type]:
    """All classes below a base that can be named as a value, which leaves out the abstract ones between."""
    below: list[type] = []
    children: list[type] = base.__subclasses__()
    for child in children:
        below += [child, *subclasses(child)]
    return [kind for kind in below if not isabstract(kind)]


def _classes(key: str) -> list[type]:
    if key in DATACLASSES:
        return [DATACLASSES[key]]
    return subclasses(EXTENSIBLE[key]) if key in EXTENSIBLE else []


def _without_class_path(key: str) -> str:
    return key.removesuffix(".class_path").replace(".init_args.", ".")


_SENTENCES = (
    (r"unrecognized arguments: (\S+?)(?:[=\s]|$)", _unknown_argument),
    (r"does not accept option '([^']+)'", _unknown_option),
    (r"Option '([^']+)' is not accepted", _unknown_field),
    (r"Expected a dot import path string: (\S+)", _unknown_class),
    (r"(Subtypes: \[<class .*Given value: .*)", _wrong_optional),
    (r"^\s*Expected a typing\.Literal\[(.*)", _wrong_literal),
    (r"^\s*Expected a <class '(.*)", _wrong_type),
)
