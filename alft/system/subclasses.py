"""Finds the classes that may be named: all concrete subclasses of a base that have been imported."""

from inspect import isabstract


def subclasses(base: type) -> list[type]:
    """All concrete subclasses of a base, at any depth."""
    below: list[type] = []
    children: list[type] = base.__subclasses__()
    for child in children:
        below += [child, *subclasses(child)]
    return [kind for kind in below if not isabstract(kind)]


def path_of(kind: type) -> str:
    """Import path of a class.

    >>> path_of(dict)
    'builtins.dict'
    """
    return f"{kind.__module__}.{kind.__qualname__}"
