"""Reads the runs of a sweep file: the same runs, with the same arguments, that W&B's agent would start.

W&B's format (docs.wandb.ai, "Define a sweep configuration"), as far as a grid of fits needs it. Values must be written as on a
command line: the agent passes on the Python form of anything else, so that null would arrive as None.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from alft.system.excerpt import excerpt

ARM = "--arm="
"""Argument that names the arm of a run."""

LONGEST = 80
"""Maximum length of a cell's name before its digest; file systems allow 255 bytes for a name."""


@dataclass(frozen=True)
class Cell:
    """One run of a sweep.

    Attributes:
        arguments: Arguments of ``python -m alft fit``.
        chosen: The values of this cell, by setting, as typed.
    """

    arguments: tuple[str, ...]
    chosen: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """A folder name: the chosen values, for readability, and a digest of the arguments, so that it is unique."""
        settings = [argument for argument in self.arguments if not argument.startswith(ARM)]  # a name changes no run
        digest = hashlib.sha256("\0".join(settings).encode()).hexdigest()[:8]
        return f"{self.label[:LONGEST].strip('-')}-{digest}"

    @property
    def label(self) -> str:
        """The chosen values, abbreviated.

        >>> Cell((), (("config", "configs/maltese.yaml"), ("active.acquire", "Bald"), ("seed_everything", "3"))).label
        'maltese-acquire-Bald-seed_everything-3'
        """
        return "-".join(_short(name, value) for name, value in self.chosen)


def read_sweep(path: Path) -> list[Cell]:
    """The cells of a sweep file, the last parameter changing fastest.

    ``names`` (alft's own, which W&B does not know) maps parameters to their values, and these to words; those of a cell become
    the name of its arm.

    Raises:
        ValueError: The file is not a grid of fits, or holds a value that would not arrive as written.
    """
    try:
        sweep = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no YAML file") from error
    if not isinstance(sweep, dict) or not isinstance(sweep.get("parameters"), dict):
        raise ValueError(f"{path} is no sweep file: it has no parameters")
    if sweep.get("method") != "grid":
        raise ValueError(f"{path}: method must be grid, got {sweep.get('method', 'none')}; other methods need W&B's server")
    if "run_cap" in sweep:
        raise ValueError(f"{path}: run_cap is for W&B's server, a grid runs every cell")
    if "arm" in sweep["parameters"]:
        raise ValueError(f"{path}: parameters.arm would make runs of one name only; names gives words to values of others")
    command = _fit_arguments(path, sweep.get("command"))
    names = [str(name) for name in sweep["parameters"]]
    values = [_values(path, name, entry) for name, entry in sweep["parameters"].items()]
    words = _words(path, sweep.get("names", {}), dict(zip(names, values, strict=True)))
    return [_cell(command, tuple(zip(names, row, strict=True)), words) for row in product(*values)]


def _fit_arguments(path: Path, command: Any) -> list[str]:
    """The arguments after the word fit in the sweep's command."""
    words = [str(word) for word in command] if isinstance(command, list) else []
    if words.count("fit") != 1 or words.count("${args}") != 1:
        raise ValueError(f'{path}: command must be a list such as ["${{env}}", python, -m, alft, fit, "${{args}}"]')
    arguments = words[words.index("fit") + 1 :]
    unknown = [word for word in arguments if word.startswith("${") and word != "${args}"]
    if unknown:
        raise ValueError(f"{path}: command has {unknown[0]}, of W&B's macros only ${{args}} can stand after fit")
    return arguments


def _values(path: Path, name: str, entry: Any) -> list[str]:
    entry = dict(entry) if isinstance(entry, dict) else {}
    distribution = entry.pop("distribution", None)  # redundant: W&B's own name for the kind of entry
    kind = {"values": "categorical", "value": "constant"}.get("".join(map(str, entry)))
    if kind is None or distribution not in (None, kind) or not isinstance(entry.get("values", []), list):
        raise ValueError(f"{path}: parameters.{name} must have value or a list of values and nothing else in a grid")
    values = entry["values"] if "values" in entry else [entry["value"]]
    for value in values:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{path}: parameters.{name} must be written as typed on a command line, in quotes, got {value}")
    if not values:
        raise ValueError(f"{path}: parameters.{name} has no values")
    if len({str(value) for value in values}) < len(values):
        raise ValueError(f"{path}: parameters.{name} has a value twice, and a run counted twice would be no second run")
    return [str(value) for value in values]


def _words(path: Path, names: Any, values: dict[str, list[str]]) -> dict[tuple[str, str], str]:
    """The words for values of parameters, by parameter and value."""
    rule = "names must map parameters to their values, and these to words"
    if not isinstance(names, dict) or not all(isinstance(given, dict) and given for given in names.values()):
        raise ValueError(f"{path}: {rule}")
    found = {(str(name), str(value)): words for name, given in names.items() for value, words in given.items()}
    for (name, value), words in found.items():
        if not isinstance(words, str) or not words.strip():
            raise ValueError(f"{path}: {rule}, got {excerpt(words)} for {excerpt(value)}")
        if value not in values.get(name, ()):
            raise ValueError(f"{path}: names.{name} has {excerpt(value)}, no value of that parameter; write both alike")
    return found


def _cell(command: list[str], chosen: tuple[tuple[str, str], ...], words: dict[tuple[str, str], str]) -> Cell:
    given = [f"--{name}={value}" for name, value in chosen]
    if arm := ", ".join(words[one] for one in chosen if one in words):
        given.append(f"{ARM}{arm}")
    return Cell(tuple(_spread(command, given)), chosen)


def _spread(command: list[str], given: list[str]) -> Iterator[str]:
    for word in command:
        if word == "${args}":
            yield from given
        else:
            yield word


def _short(name: str, value: str) -> str:
    """A readable form of a parameter: the stem of a file, or the meaningful words of a class in JSON."""
    if name == "config":
        return Path(value.removeprefix("preset:")).stem
    words = re.findall(r"[\w.]+", value.replace("class_path", "").replace("init_args", ""))
    return "-".join(words if value.startswith("{") else [name.rpartition(".")[2], *words])
