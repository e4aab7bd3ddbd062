"""How does a trained model leave alft? As an ordinary Hugging Face folder that needs neither alft nor Lightning.

An epinet stays behind, since no Hugging Face class knows it: what leaves is mu, the model's own head, and the card says how far
its probabilities lie from those of alft.
"""

import shutil
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peft import PeftModel
from torch import Tensor

from alft.data.tokens import Tokens, load_tokenizer
from alft.models.backbone import locate
from alft.models.classifier import Classifier
from alft.use.card import Facts, model_card
from alft.use.predict import probabilities

WEIGHTS = ("config.json", "adapter_config.json")
"""One of these is in every folder that holds a model."""


@dataclass(frozen=True)
class Target:
    """Where to export to, and how: checked before training, used after it.

    Args:
        folder: A new or empty folder.
        adapter: Write the LoRA adapter alone, as a peft folder, instead of a whole model.
        force: Replace a folder that holds a model already.
    """

    folder: Path
    adapter: bool = False
    force: bool = False

    def check(self, model_settings: Any) -> None:
        """Refuse a folder that is not ours to write to, and an adapter of a model that has none.

        Args:
            model_settings: ``backbone`` and ``lora`` of the model.
        """
        place = self.folder
        if self.adapter and model_settings["lora"] is None:
            raise ValueError("export: --adapter needs a model with LoRA (--model.lora.r 8), and this one has none")
        if place.resolve() == Path(locate(model_settings["backbone"])).resolve():
            raise ValueError(f"export: {place} is the backbone itself; choose another folder")
        if not place.exists() or (place.is_dir() and not any(place.iterdir())):
            return
        if not self.force:
            raise ValueError(f"export: {place} is there already; --force replaces a folder that holds a model")
        if not any((place / name).is_file() for name in WEIGHTS):
            raise ValueError(f"export: {place} is there already and holds no model, so not even --force replaces it")


@dataclass
class Trained:
    """What an export is made of: a model, how its texts were read, and what is known of the run it comes from."""

    model: Classifier
    max_length: int
    facts: Facts = field(default_factory=Facts)
    validation: Tokens | None = None


def export(trained: Trained, target: Target) -> None:
    """Write model, tokenizer and card to a folder beside the target, then put it in its place."""
    model, folder = trained.model, target.folder
    target.check(model.hparams)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _write_network(model, beside, target.adapter)
        tokenizer = load_tokenizer(model.hparams["backbone"], trained.max_length)
        tokenizer.model_max_length = trained.max_length  # what pipeline(..., truncation=True) cuts at
        tokenizer.save_pretrained(beside)
        gap = largest_gap(model, trained.validation) if model.epinet is not None and trained.validation is not None else None
        card = model_card(model, trained.facts, str(folder), trained.max_length, target.adapter, gap)
        (beside / "README.md").write_text(card, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def largest_gap(model: Classifier, tokens: Tokens) -> float:
    """Largest difference between what alft predicts with the epinet and what mu alone says, over classes and texts."""
    predicted_NC = probabilities(model, tokens)
    epinet, model.epinet = model.epinet, None
    try:
        alone_NC: Tensor = probabilities(model, tokens)
    finally:
        model.epinet = epinet
    return float((predicted_NC - alone_NC).abs().max())


def _write_network(model: Classifier, folder: Path, adapter: bool) -> None:
    network: Any = model.network
    if isinstance(network, PeftModel) and not adapter:
        network = deepcopy(network).merge_and_unload()  # a copy: the run may go on with the adapters
    if not adapter:
        network.config.problem_type = "single_label_classification"  # the pipeline shall use softmax, whatever the labels
    network.save_pretrained(folder)
