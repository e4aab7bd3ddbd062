"""Settings of a model whose defaults depend on what has labels: those that were measured best."""

from collections.abc import Mapping
from typing import Any, Literal

from alft.models.head import Head, MeanNgrams, Window, recorded
from alft.task.base import Unit
from alft.task.known import task_class

ClassWeights = Literal["auto", "balanced"]

LR: dict[Unit, float] = {"text": 2e-5, "word": 1e-4}
HEADS: dict[Unit, Head] = {"text": MeanNgrams(), "word": Window()}
CLASS_WEIGHTS: dict[Unit, Literal["balanced"] | None] = {"text": "balanced", "word": None}
"""Of words, nine of ten are in no entity: balanced, the others would be found where there are none."""


def with_defaults(settings: Mapping[str, Any], unit: Unit) -> dict[str, Any]:
    """Settings with the defaults of ``lr`` (None), ``head`` (None) and ``class_weights`` (``auto``) filled in.

    Raises:
        ValueError: The head is for something else.

    >>> with_defaults({"lr": None, "class_weights": "auto"}, "word")
    {'lr': 0.0001, 'class_weights': None}
    """
    filled = dict(settings)
    if "lr" in filled and filled["lr"] is None:
        filled["lr"] = LR[unit]
    if filled.get("class_weights") == "auto":
        filled["class_weights"] = CLASS_WEIGHTS[unit]
    if "head" in filled:
        filled["head"] = _head(filled["head"], unit)
    return filled


def plain_defaults(model: Mapping[str, Any], task: str) -> dict[str, Any]:
    """The same of settings as plain values, as they stand in a config.

    Args:
        model: Settings of a model.
        task: The setting ``data.task``.

    >>> plain_defaults({"lr": None, "head": None}, "tags")["head"]["class_path"]
    'alft.models.head.Window'
    """
    unit = task_class(task).unit
    named = {name: value for name, value in model.items() if name in ("lr", "class_weights")}
    filled = {**model, **with_defaults(named, unit)}
    if "head" in filled and filled["head"] is None:
        filled["head"] = recorded(HEADS[unit])
    return filled


def _head(head: Any, unit: Unit) -> Any:
    if head is None:
        return HEADS[unit]
    if isinstance(head, Head) and unit not in head.units:
        of = "each text, but data.task gives each word a label" if unit == "word" else "words, but data.task gives texts labels"
        raise ValueError(f"model.head {type(head).__name__} makes scores of {of}; leave it out")
    return head
