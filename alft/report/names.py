"""Names arms by what tells them apart, in as few words as do it (rules ours).

A name begins with the acquisition. Only where arms would have the same name, the first setting in which they differ is added,
and so on. Settings that all share, null and false never occur in a name; the full settings stand in a table of the report.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from alft.report.settings import Settings, in_order, phrase, written

LABELS = "labels"
"""Not a setting but what comes of them, and what a reader asks for first: the share of the pool that was bought."""

WORDS = {("cluster", "Whole"): "no clusters"}
"""Values for which there is a better word."""


def name_arms(many: Sequence[Settings], shares: Sequence[float | None], given: Sequence[str | None] | None = None) -> list[str]:
    """One name for each arm, all of them different.

    Args:
        many: Settings of each arm, no two of which are equal.
        shares: Share of the pool whose labels the arm's runs buy, in [0, 1]; None if they differ in it.
        given: Names that the arms were given, with which they begin instead of the acquisition; None where there is none.

    >>> arms = [{"acquire": None}, {"acquire": "Bald(passes=9)"}, {"acquire": "Margin()"}, {"acquire": "Margin()", "lr": 0.1}]
    >>> name_arms(arms, [1.0, 0.7, 0.7, 0.4])
    ['baseline', 'Bald', 'Margin, 70 % of labels', 'Margin, 40 % of labels']
    """
    percents = [None if share is None else f"{100 * share:.0f} %" for share in shares]
    rows = [{**settings, LABELS: percent} for settings, percent in zip(many, percents, strict=True)]
    parts = [[name or _first_words(row, rows)] for name, row in zip(given or [None] * len(rows), rows, strict=True)]
    _tell_apart(list(range(len(rows))), rows, parts, [LABELS, *in_order({key for settings in many for key in settings})])
    return _numbered([", ".join(words) for words in parts])


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number where a name that was given equals another."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found if len(set(found)) == len(found) else _numbered(found)


def _first_words(row: Settings, rows: Sequence[Settings]) -> str:
    return "baseline" if row.get("acquire") is None else in_words("acquire", row, rows)


def _tell_apart(numbers: Sequence[int], rows: Sequence[Settings], parts: list[list[str]], keys: Sequence[str]) -> None:
    """Add words to the names of these arms until they differ, by the settings in the order of keys."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for number in numbers:
        alike.setdefault(tuple(parts[number]), []).append(number)
    for same in alike.values():
        varying = [key for key in keys if len({written(rows[number].get(key)) for number in same}) > 1]
        if len(same) > 1 and varying:
            for number, words in _different_words(varying[0], same, rows).items():
                parts[number] += [words] if words else []
            _tell_apart(same, rows, parts, varying[1:])


def _different_words(key: str, numbers: Sequence[int], rows: Sequence[Settings]) -> dict[int, str]:
    """The words of a setting for these arms, which differ where its values do; only null has none."""
    words = {number: in_words(key, rows[number], rows) for number in numbers}
    values: dict[str, set[str]] = {}
    for number in numbers:
        values.setdefault(words[number], set()).add(written(rows[number].get(key)))
    for number in numbers:
        value = rows[number].get(key)
        if len(values[words[number]]) > 1 and value is not None:  # such as false, which has no words either
            words[number] = phrase(key, value)
    return words


def in_words(key: str, row: Settings, rows: Sequence[Settings]) -> str:
    """A setting in the words of a name; empty for null and false.

    Args:
        key: Name of the setting.
        row: Settings of the arm.
        rows: Settings of all arms that it is told from: what is equal in all of them is left out.

    >>> arms = [{"cluster": "Ward(clusters=4)"}, {"cluster": "Whole"}, {"cluster": None}]
    >>> [in_words("cluster", arm, arms) for arm in arms]
    ['Ward', 'no clusters', '']
    """
    value = row.get(key)
    if value is None or value is False:
        return ""
    if value is True:
        return key
    if key == LABELS:
        return f"{value} of labels"
    others = [other.get(key) for other in rows]
    if isinstance(value, dict):
        return _dict_words(key, value, [other for other in others if isinstance(other, dict)])
    return WORDS.get((key, str(value))) or phrase(key, _bare(value, others))


def _bare(value: Any, others: Sequence[Any]) -> Any:
    """The name of a class without its arguments, if no other arm has the class with others."""
    name = str(value).partition("(")[0]
    alike = {str(other) for other in others if str(other).partition("(")[0] == name}
    return name if isinstance(value, str) and len(alike) == 1 else value


def _dict_words(key: str, value: dict[str, Any], others: Sequence[dict[str, Any]]) -> str:
    """The setting, and those of its entries that are not equal in all arms that have it."""
    differing = [name for name in sorted(value) if len({written(other.get(name)) for other in others}) > 1]
    entries = ", ".join(f"{name} {written(value[name])}" for name in differing if key != "lora" or name != "r")
    first = f"LoRA r{value.get('r')}" if key == "lora" else key
    return f"{first} ({entries})" if entries else first
