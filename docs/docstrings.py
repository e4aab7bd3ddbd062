"""Takes docstrings apart for the generated pages."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields


def paragraphs(kind: type) -> list[str]:
    """The paragraphs of a docstring before its arguments."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("\nArgs:")[0]
    return [plain(part) for part in text.split("\n\n") if part.strip()]


def plain(text: str) -> str:
    """A text in one line, without the roles of reStructuredText."""
    return re.sub(r":\w+:`~?([\w.]+)`", r"``\1``", " ".join(text.split()))


def arguments(kind: type, setting: str) -> Iterator[str]:
    """A line for each setting of a class: its name, its default and what it is."""
    _, _, text = inspect.cleandoc(kind.__doc__ or "").partition("\nArgs:\n")
    told = {name: plain(what) for name, what in re.findall(r"^ {4}(\w+): ((?:.+\n?(?: {8}.*\n?)*))", text, re.MULTILINE)}
    for field in fields(kind):  # type: ignore[arg-type]  # acquisitions are dataclasses
        if field.name not in told:  # no setting, but what a class fixes
            continue
        default = "" if "MISSING" in repr(field.default) else f" (default `{field.default}`)"
        yield f"- `{setting}.{field.name}`{default}: {told[field.name]}"
