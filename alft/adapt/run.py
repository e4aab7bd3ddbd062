"""Runs an adaptation: the head alone where it is new, a measurement, the training, a measurement, the folder."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from alft.adapt.card import Contents, Perplexity, adapted_card
from alft.adapt.masked_texts import MaskedTexts
from alft.adapt.module import DivergedError, MaskedModel
from alft.adapt.network import Loaded, load
from alft.adapt.place import LAST, Place
from alft.adapt.texts import Gathered
from alft.fit.interruption import StopAtOnce
from alft.fit.named_settings import named_trainer
from alft.fit.same_threads import SameThreads
from alft.fit.same_weights import digest
from alft.loop.progress import StageProgressBar
from alft.record.checkpoints import AtomicCheckpointIO
from alft.system.terminal import show
from alft.use.export import as_system_failure
from alft.use.target import CARD, replaced, write_list

HEAD_STEPS, HEAD_LR = 200, 1e-3
"""Training of a new head alone: steps of ``data.batch_size`` texts, and peak learning rate."""


@dataclass(frozen=True)
class Settings:
    """Settings of an adaptation that change its result; their names as typed are those of :meth:`typed`."""

    backbone: str
    max_epochs: int
    lr: float
    batch_size: int
    max_length: int
    seed: int
    precision: str
    keep: float

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: A setting is out of range; the message names it as typed.
        """
        if self.max_epochs < 1:
            raise ValueError(f"trainer.max_epochs must be at least 1, got {self.max_epochs}")
        if self.batch_size < 1:
            raise ValueError(f"data.batch_size must be at least 1, got {self.batch_size}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"model.lr must be a finite number above 0, got {self.lr}")
        if not 0 <= self.keep < math.inf:
            raise ValueError(f"keep must be a finite number of at least 0, got {self.keep}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed_everything must be in [0, {2**32 - 1}], got {self.seed}")

    def typed(self) -> dict[str, Any]:
        """The settings by their names on the command line."""
        blocks = {"backbone": "model", "lr": "model", "batch_size": "data", "max_length": "data"}
        blocks |= {"max_epochs": "trainer", "precision": "trainer"}
        found = {f"{blocks[name]}.{name}" if name in blocks else name: value for name, value in asdict(self).items()}
        return {"seed_everything" if name == "seed" else name: value for name, value in found.items()}


@dataclass(frozen=True)
class Machine:
    """Where to compute, and whether to show a progress bar."""

    accelerator: str = "auto"
    progress: bool = True


def adapt(gathered: Gathered, place: Place, settings: Settings, machine: Machine, command: str) -> Perplexity:
    """Adapt an encoder to texts, and write it to a folder.

    Args:
        gathered: The texts.
        place: Where the result goes.
        settings: Settings of the training.
        machine: Where it is computed.
        command: The command as typed, for the card.

    Raises:
        ValueError: A setting, the encoder or the texts cannot be used, or training diverged.
    """
    place.check(settings.backbone)
    loaded = load(settings.backbone, settings.max_length, settings.seed)
    data = MaskedTexts(gathered.texts, loaded.tokenizer, settings.max_length, settings.batch_size, settings.seed)
    cut = f"texts longer than data.max_length {settings.max_length} are cut: {data.tokens.cut}"
    told = [*gathered.left_out, *([cut] if data.tokens.cut else []), *loaded.remarks]
    show(f"texts: {len(data.trained)} to train on, {len(data.held_out)} held out, of {'; '.join(gathered.parts)}")
    show(*(f"  - {line}" for line in told))
    module = MaskedModel(loaded.network, settings.lr, settings.seed, settings.keep)
    begun = {**settings.typed(), "texts": gathered.fingerprint, "weights": digest(module).hex()[:64]}
    with place.work(begun) as folder:
        try:
            perplexity = _train(module, loaded, data, settings, machine, folder)
        except DivergedError:
            place.discard()  # the same command would diverge again
            raise
        counts = {"texts trained on": len(data.trained), "texts held out": len(data.held_out)}
        contents = Contents(
            place.folder.name, settings.backbone, gathered.parts, counts, perplexity, told, settings.typed(), command
        )
        write(place.folder, loaded, settings.max_length, adapted_card(contents, str(place.folder)))
        place.discard()
    return perplexity


def _train(
    module: MaskedModel, loaded: Loaded, data: MaskedTexts, settings: Settings, machine: Machine, folder: Path
) -> Perplexity:
    """Train from the beginning, or from the last whole epoch, and measure perplexity before and after."""
    last = folder / LAST
    quiet = _trainer(machine, settings)
    if settings.keep:
        data.vectors_ND = _vectors(quiet, module, data)
    if last.is_file():
        show(f"going on with the adaptation in {folder}")
    else:
        if loaded.has_new_head:
            _train_head(module, data, settings, machine)
        module.before = _perplexity(quiet, module, data)
    checkpoint = ModelCheckpoint(
        folder, filename=last.stem, save_on_train_epoch_end=True, enable_version_counter=False, save_weights_only=False
    )
    trainer = _trainer(machine, settings, max_epochs=settings.max_epochs, callbacks=[SameThreads(), checkpoint])
    module.train()
    trainer.fit(module, datamodule=data, ckpt_path=last if last.is_file() else None, weights_only=True)
    assert module.before is not None
    return Perplexity(module.before, _perplexity(quiet, module, data), len(data.held_out))


def _train_head(module: MaskedModel, data: MaskedTexts, settings: Settings, machine: Machine) -> None:
    """Train a new head with everything else frozen, so that the perplexity before is that of the encoder."""
    module.lr, module.keep, data.purpose = HEAD_LR, 0.0, "masks of the head"
    module.train_head_alone(True)
    epochs = math.ceil(HEAD_STEPS / math.ceil(len(data.trained) / settings.batch_size))
    trainer = _trainer(machine, settings, max_steps=HEAD_STEPS, max_epochs=epochs, limit_val_batches=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Found \d+ module\(s\) in eval mode")  # the encoder is to stay in it
        trainer.fit(module, datamodule=data)
    last = float(trainer.callback_metrics["train_loss"])
    chance = math.log(module.masked.network.get_input_embeddings().weight.shape[0])
    show(
        f"new head, trained alone for {trainer.global_step} steps: loss {module.first_loss:.2f} at first, {last:.2f} at last "
        f"(chance is {chance:.2f})"
    )
    module.lr, module.keep, data.purpose = settings.lr, settings.keep, "masks"
    module.train_head_alone(False)


def _vectors(trainer: Trainer, module: MaskedModel, data: MaskedTexts) -> torch.Tensor:
    """Mean token vectors of all texts before training (N, D)."""
    found: Any = trainer.predict(module, datamodule=data)
    vectors_ND = torch.cat(found).cpu()
    return vectors_ND[data.by_length.argsort()]


def _perplexity(trainer: Trainer, module: MaskedModel, data: MaskedTexts) -> float:
    module.eval()
    (metrics,) = trainer.validate(module, datamodule=data, verbose=False)
    loss = metrics["val_loss"]
    return math.exp(loss) if loss < 700 else math.inf


def _trainer(machine: Machine, settings: Settings, **more: Any) -> Trainer:
    asked = {"accelerator": machine.accelerator, "precision": settings.precision}
    callbacks: list[Callback] = [StopAtOnce(), *more.pop("callbacks", [])]
    ours: Mapping[str, Any] = {
        "devices": 1,
        "logger": False,
        "enable_model_summary": False,
        "enable_progress_bar": machine.progress,
        "gradient_clip_val": 1.0,
        "num_sanity_val_steps": 0,
        "reload_dataloaders_every_n_epochs": 1,
        "plugins": [AtomicCheckpointIO()],
        "callbacks": [*callbacks, *([StageProgressBar()] if machine.progress else [])],
        "enable_checkpointing": any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
    }
    return named_trainer({**ours, **asked, **more}, asked)


def write(folder: Path, loaded: Loaded, max_length: int, card: str) -> None:
    """Write encoder, head, tokenizer and card to a folder beside the target, then rename it to the target."""
    network = loaded.network.network.float().cpu()
    with replaced(folder.resolve()) as new, as_system_failure():
        network.save_pretrained(new, state_dict={**network.state_dict(), **loaded.beside})
        loaded.tokenizer.save_pretrained(new)
        (new / CARD).write_text(card, encoding="utf-8")
        write_list(new)
