"""Compatibility with files written by earlier versions of alft. Old names occur only here."""

import re
from collections.abc import Mapping
from typing import Any

GROUPS = ("data", "model", "training", "selection")
"""Groups of the settings in ``summary.json``."""

RENAMED = {"epochs": "max_epochs", "accumulate": "accumulate_grad_batches", "gradient_clip": "gradient_clip_val"}
"""Settings that were renamed when the flat list of settings was grouped."""

GROUP_OF = {
    **dict.fromkeys(("batch_size", "max_length", "length_grouped"), "data"),
    **dict.fromkeys(("backbone", "uncertainty", "lora", "epinet", "lr", "weight_decay", "warmup", "decay"), "model"),
    **dict.fromkeys(("max_epochs", "precision", "accumulate_grad_batches", "gradient_clip_val", "test_on"), "training"),
    **dict.fromkeys(("acquire", "budget", "mode", "max_unique", "warm_start", "cluster"), "selection"),
    **dict.fromkeys(("embedding", "recluster", "allocate", "scoring_precision", "replay"), "selection"),
}
"""Group of each setting of the flat list, by its current name."""


EXPORTED = (
    r"README\.md|(adapter_)?config\.json|(adapter_)?model(-[0-9]{5}-of-[0-9]{5})?\.safetensors|model\.safetensors\.index\.json"
    r"|tokenizer(_config)?\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(txt|json)|merges\.txt"
    r"|(tokenizer|spiece|sentencepiece(\.bpe)?)\.model|chat_template\.(jinja|json)"
)
"""Names of the files of an export that has no list of them."""


HEAD = {"head": "First", "head_start": "fresh", "class_weights": None}
"""Settings of the model before heads could be chosen, under whose present defaults an earlier run would be another one."""


OF_EVERY_VERSION = {"backbone", "uncertainty", "lora", "epinet", "lr", "weight_decay", "warmup"}
"""Settings of the model that the config of a run has in every version."""


WRITTEN_OUT = {
    "lr": 2e-5,
    "class_weights": "balanced",
    "head": {
        "class_path": "alft.models.head.MeanNgrams",
        "init_args": {"norm": False, "dropout": 0.1, "longest": 3, "size": 8192},
    },
}
"""Defaults of the model that the config of a run has as values from before they depended on what has labels."""

OPEN = {"lr": None, "class_weights": "auto", "head": None}
"""What stands for them today."""


def writes_defaults_out(settings: Mapping[str, Any]) -> bool:
    """Whether a config is of such a version, which had no unit of budgets."""
    return "unit" not in (settings.get("active") or {})


def written_out(model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a model with the values of the defaults that are left open; those of texts, the one unit there was.

    >>> written_out({"lr": None, "ema": None}), written_out({"lr": 3e-05})
    ({'lr': 2e-05, 'ema': None}, {'lr': 3e-05})
    """
    return {name: WRITTEN_OUT[name] if name in OPEN and value == OPEN[name] else value for name, value in model.items()}


def head_settings(model: Mapping[str, Any]) -> dict[str, Any]:
    """Settings to add to those of a model that was trained by a version without heads; none to others.

    >>> head_settings({"lr": 1e-4})["head"], head_settings({"lr": 1e-4, "head": "Mean"})
    ('First', {})
    """
    return {} if "head" in model else dict(HEAD)


def head_settings_of_file(settings: Any) -> dict[str, Any]:
    """The same for a config file: one of a run has every setting of its version; one of a person takes today's defaults.

    >>> head_settings_of_file({"model": dict.fromkeys(OF_EVERY_VERSION)})["head_start"]
    'fresh'
    >>> head_settings_of_file({"model": {"lr": 1e-4}})
    {}
    """
    model = settings.get("model") if isinstance(settings, dict) else None
    return head_settings(model) if isinstance(model, dict) and model.keys() >= OF_EVERY_VERSION else {}


def grouped_settings(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings of a summary of any version, in groups; an unknown name is assigned to training.

    >>> grouped_settings({"lr": 1e-4, "epochs": 8, "budget": "Base(share=0.75)"})["training"]
    {'max_epochs': 8}
    """
    if all(isinstance(settings.get(group), dict) for group in GROUPS):
        return {group: settings[group] for group in GROUPS}
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for old, value in settings.items():
        name = RENAMED.get(old, old)
        groups[GROUP_OF.get(name, "training")][name] = _named(value) if name == "budget" else value
    return groups


def current_ledger(state: dict[str, Any]) -> dict[str, Any]:
    """The ledger's part of a checkpoint, by current names."""
    return {{"division": "clusters"}.get(name, name): value for name, value in state.items()}


def labels_seen(state: dict[str, Any]) -> dict[str, Any] | None:
    """What the DataModule's part of a checkpoint tells of the pool's labels; None from a version that kept nothing of it."""
    seen: dict[str, Any] | None = state.get("labels")
    return seen


def _named(budget: Any) -> Any:
    """Rename the schedule ``Base`` to ``Constant``; the old name is still accepted as a setting."""
    return re.sub(r"^Base\b", "Constant", budget) if isinstance(budget, str) else budget
