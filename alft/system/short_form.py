"""How is a setting written where there is room for a few words, as in a summary or a table?"""

import re
from dataclasses import asdict, is_dataclass
from typing import Any


def short_form(value: Any) -> Any:
    """Numbers, words and None as they are; an object by its class and its fields, without switches that are off.

    >>> short_form(0.7), short_form(None), short_form([1, 2])
    (0.7, None, [1, 2])
    """
    if value is None or isinstance(value, bool | int | float | str | list | tuple | dict):
        return value
    return re.sub(r"(, )?\w+=False", "", str(value)).replace("(, ", "(").removesuffix("()")


def plain(value: Any) -> Any:
    """The fields of a dataclass as a dict; anything else as it is."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
