"""Explains errors on the command line in one sentence, with the nearest valid name."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from inspect import get_annotations

from alft.system.excerpt import WIDTH


class UsageError(ValueError):
    """The command line or a config file cannot be parsed."""


OF_CLASS = {
    "Logger": "trainer.logger",
    "Callback": "trainer.callbacks",
    "Profiler": "trainer.profiler",
    "Strategy": "trainer.strategy",
    "Accelerator": "trainer.accelerator",
    "Precision": "trainer.plugins",
}
"""Settings of the Trainer that are objects, by the base class that jsonargparse names."""

ABOUT_TYPES = ("Expected a", "Not a valid subclass", "a class path", "a dict", "Does not validate")
"""How jsonargparse begins to say that a value is not of a type: not the reason why an object cannot be made."""


@dataclass(frozen=True)
class Known:
    """The valid names.

    Attributes:
        settings: Full names of all settings, such as ``active.acquire``.
        classes: Maps the full name of a setting to the classes it accepts; empty for most.
    """

    settings: set[str] = field(default_factory=set)
    classes: Callable[[str], list[type]] = lambda key: []


def explain(message: str, known: Known) -> str:
    """One sentence for a parser's message.

    >>> explain("unrecognized arguments: --active.aquire Entropy", Known({"active.acquire", "model.lr"}))
    'there is no setting --active.aquire; did you mean --active.acquire?'
    """
    key, detail = _split_key(message)
    if unusable := _unusable_object(detail):
        return unusable
    for pattern, explanation in _SENTENCES:
        if found := re.search(pattern, detail, re.DOTALL):
            return explanation(key, found[1], known)
    return " ".join(f"{key}: {detail}".split()) if key else " ".join(detail.split())


def innermost(message: str) -> str:
    """Extract alft's sentence from a message that a library has wrapped, as jsonargparse does for an optional group.

    >>> innermost("Does not validate against any Union subtypes Errors: - model.lora.r must be at least 1, got 0")
    'model.lora.r must be at least 1, got 0'
    """
    ours = re.search(r"- (model\.\w+\.\w+ must be [^\n]+)", message)
    return ours[1] if ours else _unusable_object(message) or message


def _split_key(message: str) -> tuple[str, str]:
    found = re.match(r'Parser key "([^"]+)":(.*)', message, re.DOTALL)
    return (found[1], found[2]) if found else ("", message)


def _unknown_argument(key: str, name: str, known: Known) -> str:
    return f"there is no setting {name}{nearest(name, {f'--{setting}' for setting in known.settings})}"


def _unknown_option(key: str, name: str, known: Known) -> str:
    return f"there is no setting {name}{nearest(name, known.settings | {s.split('.')[0] for s in known.settings})}"


def _unknown_field(key: str, name: str, known: Known) -> str:
    if not key:  # raised by the parser of a class; the outer parser raises it again with the key
        return f"Option '{name}' is not accepted"
    kinds = [kind for kind in known.classes(key) if is_dataclass(kind)]
    owners = [kind.__name__ for kind in kinds if name in get_annotations(kind)]  # not those that inherit it
    if owners:
        return f"{key}.{name} is a setting of {', '.join(sorted(owners))}; name the class first: --{key} {min(owners)}"
    there = {f"{key}.{entry.name}" for kind in kinds for entry in fields(kind)}
    return f"there is no setting {key}.{name}{nearest(f'{key}.{name}', there)}"


def _unknown_class(key: str, name: str, known: Known) -> str:
    names = {kind.__name__ for kind in known.classes(key)}
    listed = f" Known: {', '.join(sorted(names))}" if names else ""
    return f"{key}: there is no {name}{nearest(name, names)}{listed}"


def _not_importable(key: str, text: str, known: Known) -> str:
    name, _, reason = text.partition("':")
    names = {kind.__name__ for kind in known.classes(key)}
    close = nearest(name.rpartition(".")[2], names).removesuffix(".")
    return f"{key}: {name} cannot be imported: {' '.join(reason.split())[:WIDTH]}{close}"


def _abstract(key: str, name: str, known: Known) -> str:
    names = sorted(kind.__name__ for kind in known.classes(key))
    return f"{key}: {name} is a base class; name one of {', '.join(names)}"


def _wrong_literal(key: str, text: str, known: Known) -> str:
    choices, _, value = text.partition("]. Got value: ")
    names = choices.replace("'", "")
    return f"{key} must be {'one of ' if ',' in names else ''}{names}, got {value.strip()}"


def _wrong_word(key: str, text: str, known: Known) -> str:
    kinds = re.findall(r"Literal\[([^\]]*)\]", text.partition("Errors:")[0])
    words = dict.fromkeys(re.findall(r"[\w-]+", " ".join(kinds)))
    return f"{key} must be one of {', '.join(words)}, got {text.rpartition('Given value: ')[2].strip()[:80]}"


def _wrong_type(key: str, text: str, known: Known) -> str:
    kind, _, value = text.partition("'>. Got value: ")
    if value.strip() == "None":
        return f"--{key} must be given; it has no default"
    return f"{key} must be of type {kind}, got {value.strip()}"


def _wrong_optional(key: str, text: str, known: Known) -> str:
    kinds = [kind for kind in re.findall(r"<class '([^']+)'>", text.partition("Errors:")[0]) if kind != "NoneType"]
    value = text.rpartition("Given value: ")[2].strip()
    if nested := re.match(r"NestedArg\(key='([^']+)', val='?(.*?)'?\)", value):
        return f"{key}.{nested[1]} cannot be {nested[2]}"
    return f"{key} must be of type {' or '.join(kind.split('.')[-1] for kind in kinds)} or null, got {value}"


def _unusable_object(message: str) -> str | None:
    """The sentence for an object of the Trainer that cannot be made, such as a logger whose package is not installed."""
    base = re.search(r"Subtypes: .*?<class '[\w.]*?(\w+)'>", message, re.DOTALL)
    setting = OF_CLASS.get(base[1]) if base else None
    kinds = re.findall(r"class_path='(?:[\w]+\.)*(\w+)'", message)
    errors = re.split(r"\s- ", message.partition("Errors:")[2].partition("Given value type:")[0])
    told = [error.strip() for error in errors if error.strip() and not error.strip().startswith(ABOUT_TYPES)]
    if setting is None or not kinds or not told:
        return None
    reason = " ".join(re.sub(r"Problem with given class_path '[^']+':", "", told[0]).replace("`", "").split())
    if missing := re.match(r"the following arguments are required: (.*)", reason):
        return f"{setting}: {kinds[-1]} needs a value for {missing[1]}"
    reason = re.split(r"\. | HINT", reason)[0].rstrip(".")
    told_short = reason if len(reason) <= 160 else f"{reason[:157]}..."
    mend = "install what it needs, or leave it out" if "Problem with given class_path" in told[0] else "set it otherwise"
    return f"{setting}: {' or '.join(dict.fromkeys(kinds))} cannot be used ({told_short}); {mend}"


def nearest(name: str, known: set[str]) -> str:
    """End of a sentence about an unknown name: the most similar known name, if any is similar."""
    close = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else "."


def _null(key: str, text: str, known: Known) -> str:
    return f"{key} must be given, it cannot be null"


_SENTENCES = (
    (r"(Not a valid subclass of \w+\. Got value: None)", _null),
    (r"unrecognized arguments: (\S+?)(?:[=\s]|$)", _unknown_argument),
    (r"does not accept option '([^']+)'", _unknown_option),
    (r"Option '([^']+)' is not accepted", _unknown_field),
    (r"Expected a dot import path string: (\S+)", _unknown_class),
    (r"Problem with given class_path '(.*)", _not_importable),
    (r"Expected an instantiatable class, but (\S+) is abstract", _abstract),
    (r"Subtypes: \[(typing\.Literal.*Given value: .*)", _wrong_word),
    (r"(Subtypes: \[<class .*Given value: .*)", _wrong_optional),
    (r"^\s*Expected a typing\.Literal\[(.*)", _wrong_literal),
    (r"^\s*Expected a <class '(.*)", _wrong_type),
)
