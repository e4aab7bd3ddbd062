"""What happens around the training of a fit? Loggers before it, the final test and the summary after it."""

import os
import re
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Trainer
from lightning.pytorch.loggers import Logger, WandbLogger

from alft import __version__
from alft.data.pool import TextPool
from alft.loop.active import ActiveLearning
from alft.loop.memory import largest, peak_memory
from alft.models.classifier import Classifier
from alft.record.metrics_file import Lines, MetricsFile
from alft.record.summary import (
    Summary,
    break_even,
    epoch_records,
    label_costs,
    stage_seconds,
    write_selection,
    write_summary,
)
from alft.run.controls import control_scores
from alft.run.journal import Journal

FINAL = ("test", "labels", "seconds", "memory_mib", "gpu_memory_mib", "break_even", "controls")
"""What W&B gets of the summary; the costs of each epoch besides."""

TestOn = Literal["last", "best"]


def run_loggers(folder: Path, lines: Lines, asked: Any) -> list[Logger]:
    """``metrics.csv`` in the run folder, made of those lines, then what the user asked for, and W&B inside a sweep."""
    more = asked if isinstance(asked, list) else [asked] if isinstance(asked, Logger) else []
    if "WANDB_SWEEP_ID" in os.environ and not any(isinstance(logger, WandbLogger) for logger in more):
        more = [*more, WandbLogger(save_dir=folder)]
    return [MetricsFile(folder, lines), *more]


def finish(
    trainer: Trainer,
    model: Classifier,
    data: TextPool,
    active: ActiveLearning,
    test_on: TestOn,
    folder: Path,
    journal: Journal,
) -> Summary | None:
    """Test the model and write the run's last files; the summary, on the first process only."""
    folder = trainer.strategy.broadcast(folder)
    ledger = data.ledger
    epoch = max(ledger.validation)
    if test_on == "best":
        epoch = max(ledger.validation, key=lambda e: (ledger.validation[e], -e))
        state = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True, map_location=model.device)
        model.load_state_dict(state["state_dict"])
    if data.corpus.test is not None:
        trainer.test(model, datamodule=data, verbose=False)
    if not trainer.is_global_zero:
        return None
    write_selection(folder, ledger)
    journal.settle(ledger)
    summary = summarise(trainer, model, data, active, folder.parent.name, epoch, test_on)
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            tell_wandb(logger.experiment, summary)
    write_summary(folder, summary)
    return summary


def tell_wandb(run: Any, summary: Summary) -> None:
    """Settings, final figures and the cost of each epoch, which no other logger gets: ``metrics.csv`` must be reproducible."""
    run.config.update({"alft": summary["settings"]}, allow_val_change=True)
    run.define_metric("cost/*", step_metric="cost/epoch")
    for record in summary["epochs"]:
        memory = {f"cost/{name}": record[name] for name in ("memory_mib", "gpu_memory_mib") if record[name] is not None}
        seconds = {f"cost/seconds_{stage}": spent for stage, spent in record["seconds"].items()}
        run.log({"cost/epoch": record["epoch"], **memory, **seconds})
    run.summary.update({key: summary[key] for key in FINAL})


def summarise(
    trainer: Trainer,
    model: Classifier,
    data: TextPool,
    active: ActiveLearning,
    name: str,
    epoch: int,
    test_on: TestOn,
) -> Summary:
    """All that ``summary.json`` says.

    Args:
        trainer: Knows the precision.
        model: As tested.
        data: Holds the ledger.
        active: Holds the settings of the selection.
        name: Name of the run.
        epoch: Epoch whose weights were tested.
        test_on: By which rule that was.
    """
    assert data.plan is not None
    controls = control_scores(data.corpus)
    return {
        "name": name,
        "version": __version__,
        "seed": active.policy.seed,
        "fingerprint": data.corpus.fingerprint,
        "settings": settings_of(trainer, model, data, active) | {"test_on": test_on},
        "test": _test_scores(model),
        "tested_epoch": epoch,
        "validation": {"f1_macro": data.ledger.validation[epoch]},
        "labels": label_costs(data.ledger),
        "seconds": stage_seconds(data.ledger, data.ledger.total),
        **largest([*data.ledger.memory.values(), peak_memory()]),
        "break_even": break_even(data.ledger),
        "texts": data.text_counts,
        "words_found": active.words_found,
        "controls": controls,
        "epochs": epoch_records(data.ledger, data.plan),
    }


def settings_of(trainer: Trainer, model: Classifier, data: TextPool, active: ActiveLearning) -> dict[str, Any]:
    """The settings that tell one arm of a study from another, as the run used them (the baseline's are the baseline's)."""
    policy = active.policy
    hyperparameters = model.hparams
    return {
        "backbone": hyperparameters["backbone"],
        "uncertainty": hyperparameters["uncertainty"],
        "lora": hyperparameters["lora"],
        "epinet": None if model.epinet is None else vars(model.epinet.settings),
        "lr": model.lr,
        **{name: hyperparameters[name] for name in ("weight_decay", "warmup", "decay")},
        "epochs": trainer.max_epochs,
        "batch_size": data.batch_size,
        "max_length": data.max_length,
        "precision": trainer.precision,
        "accumulate": trainer.accumulate_grad_batches,
        "gradient_clip": trainer.gradient_clip_val,
        "acquire": _named(policy.acquire) if active.enabled else None,
        "budget": _named(policy.budget),
        "mode": policy.mode,
        "max_unique": policy.max_unique,
        "cluster": _named(policy.cluster),
        "embedding": _named(active.embedding),
        "recluster": policy.recluster,
        "allocate": policy.allocate,
        "warm_start": policy.warm_start,
        "scoring_precision": active.scoring_precision if active.enabled else None,
        "length_grouped": data.length_grouped,
        "replay": active.recorded.name if active.recorded else None,
        **(active.recorded.settings if active.recorded else {}),
    }


def _test_scores(model: Classifier) -> dict[str, Any]:
    result = model.evaluations.get("test")
    if result is None:
        return {"f1_macro": None, "accuracy": None, "loss": None, "predicted": None}
    return {
        "f1_macro": result.f1_macro,
        "accuracy": result.accuracy,
        "loss": result.loss,
        "predicted": dict(zip(model.label_names, result.predicted_C, strict=True)),
    }


def _named(value: object) -> str:
    """Class name, and its settings where it has any but a switch that is off: ``Entropy``, ``Ward(clusters=10)``."""
    return re.sub(r"(, )?\w+=False", "", str(value)).replace("(, ", "(").removesuffix("()")
