"""Rules for the settings of a selection that need neither data nor a model."""

from typing import Any

from alft.selection.acquisition import Acquisition
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering
from alft.selection.embedding import Embedding, TextEmbedding, TokenEmbedding
from alft.selection.stopping import StopRule


def refuse_settings(policy: Any) -> None:
    """Refuse objects of a wrong class, shares outside their range, including NaN, and settings that contradict each other.

    Args:
        policy: A :class:`alft.selection.policy.Policy`.

    Raises:
        ValueError: The message names the setting.
    """
    for name, base in {"acquire": Acquisition, "budget": Budget, "cluster": Clustering, "embedding": Embedding}.items():
        if not isinstance(value := getattr(policy, name), base):
            raise ValueError(f"active.{name} must be an object of a subclass of {base.__name__}, got {value!r}")
    if policy.stop is not None and not isinstance(policy.stop, StopRule):
        raise ValueError(f"active.stop must be an object of a subclass of StopRule or null, got {policy.stop!r}")
    if policy.stop is not None and policy.refit:
        raise ValueError(f"active.stop must be null with active.refit, whose epochs it would skip, got {policy.stop}")
    _refuse_ranges(policy)
    _ = policy.pace  # checks its numbers
    kind = type(policy.embedding).__name__
    if not isinstance(policy.embedding, TokenEmbedding | TextEmbedding):
        raise ValueError(f"active.embedding must be a TokenEmbedding or a TextEmbedding, got {kind}")
    if isinstance(policy.embedding, TextEmbedding) and policy.recluster == "every_epoch":
        raise ValueError(f"active.recluster must be once with an embedding of texts, which never changes ({kind})")
    if policy.reduce == "mnlp" and not policy.acquire.one_minus_probability:
        raise ValueError(
            f"active.reduce mnlp needs active.acquire LeastConfidence, whose scores are probabilities, got {policy.acquire}; "
            "take mean, max, sum or entities"
        )


def _refuse_ranges(policy: Any) -> None:
    if policy.max_unique is not None and not 0 < policy.max_unique <= 1:
        raise ValueError(f"active.max_unique must be in (0, 1], got {policy.max_unique}")
    if not 0 <= policy.warm_start <= 1:
        raise ValueError(f"active.warm_start must be in [0, 1], got {policy.warm_start}")
    if policy.drop_unlearned is not None and policy.drop_unlearned < 1:
        raise ValueError(f"active.drop_unlearned must be at least 1 or null, got {policy.drop_unlearned}")
