"""Exports a trained model as an ordinary Hugging Face folder that requires neither alft nor Lightning.

An epinet is not exported, since no Hugging Face class supports it: the export is mu, the model's own head, and the card states
how much its probabilities differ from those of alft.
"""

import os
import re
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
from alft.use.card import TAGS, Provenance, model_card
from alft.use.predict import probabilities

WRITTEN = re.compile(
    r"README\.md|(adapter_)?config\.json|.*\.safetensors(\.index\.json)?|tokenizer.*|special_tokens_map\.json|added_tokens\.json"
    r"|vocab.*|merges\.txt|.*\.model|chat_template\..*"
)
"""Names of the files of an export."""


@dataclass(frozen=True)
class ExportTarget:
    """Target and options of an export: checked before training, used after it.

    Args:
        folder: A new or empty folder.
        adapter: Write only the LoRA adapter, as a peft folder, instead of the full model.
        force: Replace an earlier export.
    """

    folder: Path
    adapter: bool = False
    force: bool = False

    def check(self, backbone: str, lora: Any) -> None:
        """Refuse a folder that must not be written to, and an adapter that would be incomplete.

        Args:
            backbone: The setting ``model.backbone``.
            lora: The setting ``model.lora``, a mapping or None.
        """
        if self.adapter and lora is None:
            raise ValueError("export: --adapter needs a model with LoRA (--model.lora.r 8), and this one has none")
        if self.adapter and not lora["train_pooler"]:
            raise ValueError(
                "export: --adapter needs model.lora.train_pooler true: a pooler that was drawn afresh and left frozen "
                "is in no adapter; leave out --adapter for the whole model"
            )
        place = self.folder.resolve()
        if place == Path(locate(backbone)).resolve():
            raise ValueError(f"export: {self.folder} is the backbone itself; choose another folder")
        parent = next(above for above in place.parents if above.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            raise ValueError(f"export: {self.folder} cannot be made, since {parent} is no folder that can be written to")
        if not place.exists() or (place.is_dir() and not any(place.iterdir())):
            return
        if not self.force:
            raise ValueError(f"export: {self.folder} is there already; --force replaces an earlier export")
        if not _is_export(place):
            raise ValueError(f"export: {self.folder} holds more than an earlier export, so not even --force replaces it")


@dataclass
class TrainedModel:
    """Input of an export: a model, how its texts were read, and what is known about its run.

    ``accelerator`` and ``progress`` are for the pass over the validation texts that an epinet needs.
    """

    model: Classifier
    max_length: int
    provenance: Provenance = field(default_factory=Provenance)
    validation: Tokens | None = None
    accelerator: Any = "auto"
    progress: bool = True


def export(trained: TrainedModel, target: ExportTarget) -> None:
    """Write model, tokenizer and card to a folder next to the target, then rename it to the target.

    The model is converted to float32, regardless of the precision it was trained in.
    """
    model, place = trained.model.float(), target.folder.resolve()
    backbone = model.hparams["backbone"]
    target.check(backbone, model.hparams["lora"])
    place.parent.mkdir(parents=True, exist_ok=True)
    new, old = (place.with_name(f".{place.name}.{name}.{os.getpid()}") for name in ("new", "old"))
    try:
        _write_network(model, new, target.adapter)
        tokenizer = load_tokenizer(backbone, trained.max_length)
        tokenizer.model_max_length = trained.max_length  # the limit used by pipeline(..., truncation=True)
        tokenizer.save_pretrained(new)
        card = model_card(model, trained.provenance, str(target.folder), trained.max_length, target.adapter, _gap(trained))
        (new / "README.md").write_text(card, encoding="utf-8")
        if place.exists():
            place.rename(old)
        new.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _gap(trained: TrainedModel) -> float | None:
    """Largest difference, over validation texts and classes, between alft's probabilities and those of mu alone."""
    model, tokens = trained.model, trained.validation
    if model.epinet is None or tokens is None:
        return None
    predicted_NC = probabilities(model, tokens, trained.accelerator, trained.progress)
    epinet, model.epinet = model.epinet, None
    try:
        alone_NC: Tensor = probabilities(model, tokens, trained.accelerator, trained.progress)
    finally:
        model.epinet = epinet
    return float((predicted_NC - alone_NC).abs().max())


def _is_export(folder: Path) -> bool:
    """Whether a folder contains only the files of an export: only then may it be deleted."""
    card = folder / "README.md"
    names_fit = folder.is_dir() and all(path.is_file() and WRITTEN.fullmatch(path.name) for path in folder.iterdir())
    return names_fit and card.is_file() and TAGS in card.read_text(encoding="utf-8", errors="replace")


def _write_network(model: Classifier, folder: Path, adapter: bool) -> None:
    network: Any = model.network
    if isinstance(network, PeftModel) and not adapter:
        network = deepcopy(network).merge_and_unload()  # a copy: the run may continue with the adapters
    if not adapter:
        network.config.problem_type = model.task.problem_type  # so that the pipeline uses the task's function for any labels
    network.save_pretrained(folder)
