"""Formats and compares settings of runs. It works for any setting; only those listed first in labels are named here.

A setting missing in a summary is null, so that runs of older versions can be compared with newer ones.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

Settings = Mapping[str, Any]

BARE = ("acquire", "budget", "cluster", "embedding")
"""Settings whose values are self-explanatory: ``Ward(clusters=10)``."""

FIRST = ("acquire", "budget", "mode", "max_unique", "cluster")
"""Settings that come first in a label, in this order; the rest follow alphabetically."""


def written(value: Any) -> str:
    """A value in readable form; values with the same form are equal.

    >>> written(1e-4), written(3), written(3.0), written(None), written({"r": 8, "alpha": 16.0})
    ('0.0001', '3', '3', 'null', '(alpha=16, r=8)')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(float(value)).removesuffix(".0")
    if isinstance(value, dict):
        return f"({', '.join(f'{key}={written(entry)}' for key, entry in sorted(value.items()))})"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return str(value)


def phrase(key: str, value: Any) -> str:
    """A setting in a few words.

    >>> phrase("lr", 1e-3), phrase("cluster", "Ward(clusters=10)"), phrase("lora", {"r": 8})
    ('lr 0.001', 'Ward(clusters=10)', 'lora(r=8)')
    """
    if key in BARE:
        return written(value)
    return f"{key}{written(value)}" if isinstance(value, dict) else f"{key} {written(value)}"


def agree(one: Settings, other: Settings, keys: Iterable[str]) -> bool:
    """Whether two runs or arms have the same values of these settings."""
    return all(written(one.get(key)) == written(other.get(key)) for key in keys)


def agreements(one: Settings, other: Settings) -> int:
    """Number of settings with the same value in both."""
    return sum(agree(one, other, [key]) for key in {*one, *other})


def varying(many: Sequence[Settings]) -> list[str]:
    """The settings that are not equal in all, in the order of labels."""
    keys = in_order({key for settings in many for key in settings})
    return [key for key in keys if len({written(settings.get(key)) for settings in many}) > 1]


def shared(many: Sequence[Settings]) -> str:
    """The settings that are equal in all, in words, without those that are off or missing."""
    keys = in_order({key for settings in many for key in settings})
    common = [key for key in keys if key not in varying(many) and many[0].get(key) not in (None, False)]
    return ", ".join(phrase(key, many[0][key]) for key in common)


def in_order(keys: Collection[str]) -> list[str]:
    """Settings in the order of labels."""
    return [key for key in FIRST if key in keys] + sorted(set(keys) - set(FIRST))
