"""What can be named on the command line? Every class in the room ``selection``, and every other subclass that was imported."""

from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules

import alft.selection
from alft.models.epinet import Epinet
from alft.models.lora import Lora
from alft.selection.acquisition import Acquisition
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering
from alft.selection.embedding import Embedding

for _module in iter_modules(alft.selection.__path__, "alft.selection."):
    import_module(_module.name)

EXTENSIBLE: dict[str, type] = {
    "active.acquire": Acquisition,
    "active.budget": Budget,
    "active.cluster": Clustering,
    "active.embedding": Embedding,
}
"""Settings whose value is the name of a class; any importable subclass of the base will do."""

DATACLASSES: dict[str, type] = {"model.lora": Lora, "model.epinet": Epinet}
"""Settings that have settings of their own, or are null."""


def classes_of(key: str) -> list[type]:
    """The classes that a setting can be; none for one that is a number or a word."""
    if key in DATACLASSES:
        return [DATACLASSES[key]]
    return subclasses(EXTENSIBLE[key]) if key in EXTENSIBLE else []


def subclasses(base: type) -> list[type]:
    """All classes below a base that can be named as a value, which leaves out the abstract ones between."""
    below: list[type] = []
    children: list[type] = base.__subclasses__()
    for child in children:
        below += [child, *subclasses(child)]
    return [kind for kind in below if not isabstract(kind)]
