"""Short forms of settings, for summaries and tables."""

import re
from dataclasses import asdict, is_dataclass
from typing import Any


def short_form(value: Any) -> Any:
    """Numbers, words and None unchanged; an object as its class and fields, without flags that are false.

    >>> short_form(0.7), short_form(None), short_form([1, 2])
    (0.7, None, [1, 2])
    """
    if value is None or isinstance(value, bool | int | float | str | list | tuple | dict):
        return value
    return re.sub(r"(, )?\w+=False", "", str(value)).replace("(, ", "(").removesuffix("()")


def plain(value: Any) -> Any:
    """The fields of a dataclass as a dict; anything else unchanged."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
