"""How does a trained model leave alft? As an ordinary Hugging Face folder that needs neither alft nor Lightning.

An epinet stays behind, since no Hugging Face class knows it: what leaves is mu, the model's own head, and the card says how far
its probabilities lie from those of alft.
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
"""Names of the files that an export writes."""


@dataclass(frozen=True)
class ExportTarget:
    """Where to export to, and how: checked before training, used after it.

    Args:
        folder: A new or empty folder.
        adapter: Write the LoRA adapter alone, as a peft folder, instead of a whole model.
        force: Replace an earlier export.
    """

    folder: Path
    adapter: bool = False
    force: bool = False

    def check(self, backbone: str, lora: Any) -> None:
        """Refuse a folder that is not ours to write to, and an adapter that would not be the whole truth.

        Args:
            backbone: The model's setting.
            lora: The model's setting, a mapping or None.
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
    """What an export is made of: a model, how its texts were read, and what is known of the run it comes from.

    ``accelerator`` and ``progress`` are for the pass over the validation texts that an epinet needs.
    """

    model: Classifier
    max_length: int
    provenance: Provenance = field(default_factory=Provenance)
    validation: Tokens | None = None
    accelerator: Any = "auto"
    progress: bool = True


def export(trained: TrainedModel, target: ExportTarget) -> None:
    """Write model, tokenizer and card to a folder beside the target, then put it in its place.

    The model is float32 afterwards, in whatever precision it was trained.
    """
    model, place = trained.model.float(), target.folder.resolve()
    backbone = model.hparams["backbone"]
    target.check(backbone, model.hparams["lora"])
    place.parent.mkdir(parents=True, exist_ok=True)
    new, old = (place.with_name(f".{place.name}.{name}.{os.getpid()}") for name in ("new", "old"))
    try:
        _write_network(model, new, target.adapter)
        tokenizer = load_tokenizer(backbone, trained.max_length)
        tokenizer.model_max_length = trained.max_length  # what pipeline(..., truncation=True) cuts at
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
    """Whether a folder holds what an export writes and nothing else: only then may it be deleted."""
    card = folder / "README.md"
    names_fit = folder.is_dir() and all(path.is_file() and WRITTEN.fullmatch(path.name) for path in folder.iterdir())
    return names_fit and card.is_file() and TAGS in card.read_text(encoding="utf-8", errors="replace")


def _write_network(model: Classifier, folder: Path, adapter: bool) -> None:
    network: Any = model.network
    if isinstance(network, PeftModel) and not adapter:
        network = deepcopy(network).merge_and_unload()  # a copy: the run may go on with the adapters
    if not adapter:
        network.config.problem_type = model.task.problem_type  # so that the pipeline uses its function, whatever the labels
    network.save_pretrained(folder)
