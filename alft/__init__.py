"""Active-learning fine-tuning of BERT: fewer labels for a better and more stable text classifier.

The names of ``__all__``, and every acquisition, budget, clustering and embedding in :mod:`alft.selection`, are imported on
first use (PEP 562): ``import alft`` is fast, and ``python -m alft --help`` does not import torch.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from alft.system.imports import after_import

if TYPE_CHECKING:
    from alft.data.pool import TextPool
    from alft.fit.finish import finish
    from alft.fit.trainer import trainer
    from alft.loop.active import ActiveLearning
    from alft.models.classifier import Classifier
    from alft.models.epinet import Epinet
    from alft.models.lora import Lora
    from alft.selection.acquisition import *  # noqa: F403
    from alft.selection.acquisition import PoolView
    from alft.selection.budget import *  # noqa: F403
    from alft.selection.clustering import *  # noqa: F403
    from alft.selection.dif_build import *  # noqa: F403
    from alft.selection.embedding import *  # noqa: F403
    from alft.selection.ledger import Ledger, Selection
    from alft.selection.outputs import Scores
    from alft.selection.policy import Policy
    from alft.selection.stopping import *  # noqa: F403
    from alft.selection.text_embedding import *  # noqa: F403
    from alft.selection.ward import *  # noqa: F403

__version__ = "0.1.0"

_MODULES = {
    "ActiveLearning": "alft.loop.active",
    "Classifier": "alft.models.classifier",
    "Epinet": "alft.models.epinet",
    "Ledger": "alft.selection.ledger",
    "Lora": "alft.models.lora",
    "Policy": "alft.selection.policy",
    "PoolView": "alft.selection.acquisition",
    "Scores": "alft.selection.outputs",
    "Selection": "alft.selection.ledger",
    "TextPool": "alft.data.pool",
    "finish": "alft.fit.finish",
    "trainer": "alft.fit.trainer",
}
"""Module in which each name is defined."""

__all__ = [
    "ActiveLearning",
    "Classifier",
    "Epinet",
    "Ledger",
    "Lora",
    "Policy",
    "PoolView",
    "Scores",
    "Selection",
    "TextPool",
    "finish",
    "trainer",
]


# A saved model with a head of alft loads by the Auto classes and pipeline of transformers once these know its class.
after_import("transformers.models.auto.modeling_auto", lambda: import_module("alft.models.own_networks"))
# A folder of a campaign is read as data by whatever reads data.
after_import("alft.data.sources", lambda: import_module("alft.campaign.source"))


def __getattr__(name: str) -> Any:
    """Import a name of ``__all__``, or a class of :mod:`alft.selection`."""
    module = _MODULES.get(name) or _selection_module(name)
    if module is None:
        raise AttributeError(f"module 'alft' has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    """Names for completion: those of ``__all__``, and the classes of :mod:`alft.selection`."""
    return sorted({"__version__", *__all__, *_selection_classes()})


def _selection_classes() -> list[str]:
    room = import_module("alft.selection")
    modules = [import_module(found.name) for found in iter_modules(room.__path__, "alft.selection.")]
    return [
        name
        for module in modules
        for name, kind in vars(module).items()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and not name.startswith("_")
    ]


def _selection_module(name: str) -> str | None:
    """The module of :mod:`alft.selection` that defines a class; a new class needs no entry anywhere."""
    if not name[:1].isupper():  # a submodule, or a name requested by Python itself
        return None
    room = import_module("alft.selection")
    for found in iter_modules(room.__path__, "alft.selection."):
        kind = vars(import_module(found.name)).get(name)
        if getattr(kind, "__module__", None) == found.name:
            return found.name
    return None
