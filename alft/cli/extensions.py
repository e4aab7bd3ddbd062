"""Classes that can be named on the command line: those that come with alft, and every other imported subclass."""

from importlib import import_module
from pkgutil import iter_modules

from lightning import Callback
from lightning.pytorch.loggers import Logger

import alft.selection
from alft.models.epinet import Epinet
from alft.models.head import Head
from alft.models.lora import Lora
from alft.selection.acquisition import Acquisition
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering
from alft.selection.embedding import Embedding
from alft.selection.stopping import StopRule
from alft.system.subclasses import subclasses

for _module in iter_modules(alft.selection.__path__, "alft.selection."):
    import_module(_module.name)

EXTENSIBLE: dict[str, type] = {
    "active.acquire": Acquisition,
    "active.budget": Budget,
    "active.cluster": Clustering,
    "active.embedding": Embedding,
    "active.stop": StopRule,
    "model.head": Head,
}
"""Settings whose value is the name of a class: any importable subclass of the base."""

OF_LIGHTNING: dict[str, type] = {"trainer.callbacks": Callback, "trainer.logger": Logger}
"""The same for objects of the Trainer, other than those that alft itself adds."""

DATACLASSES: dict[str, type] = {"model.lora": Lora, "model.epinet": Epinet}
"""Settings that have nested settings, or are null."""


def classes_of(key: str) -> list[type]:
    """The classes that a setting accepts; empty for a number or a word."""
    if key in DATACLASSES:
        return [DATACLASSES[key]]
    if key in OF_LIGHTNING:
        return [kind for kind in subclasses(OF_LIGHTNING[key]) if not kind.__module__.startswith("alft.")]
    return subclasses(EXTENSIBLE[key]) if key in EXTENSIBLE else []
