"""Refuses null where a class needs a value: parsers let it through, and the class fails with words of its own."""

from collections.abc import Mapping
from inspect import Parameter, signature
from types import NoneType
from typing import Any, get_args


def refuse_nulls(kind: type, values: Mapping[str, Any], name: str) -> None:
    """Refuse arguments of a class that are null but cannot be.

    Args:
        kind: The class.
        values: Its arguments by name.
        name: Setting whose value the object is.

    Raises:
        ValueError: An argument is null whose type does not allow it; the message names its setting.
    """
    try:
        arguments = signature(kind, eval_str=True).parameters
    except NameError:  # a class of others whose types are known to type checkers only
        return
    for argument, parameter in arguments.items():
        kinds = (parameter.annotation, *get_args(parameter.annotation))  # of a callable also a list
        nullable = any(kind in (Parameter.empty, Any, None, NoneType) for kind in kinds)
        if argument in values and values[argument] is None and not nullable:
            raise ValueError(f"{name}.{argument} must be given, it cannot be null")
