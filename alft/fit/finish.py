"""Finishes a run after training: the final test and the last files."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from lightning import Callback, Trainer
from lightning.pytorch.loggers import WandbLogger

from alft import __version__
from alft.controls.run import Extent, refuse_unknown, run_controls, run_suspects
from alft.controls.scores import Figures
from alft.data.pool import TextPool
from alft.fit.held_folder import HeldFolder
from alft.fit.journal import Journal
from alft.fit.predicted_sets import predicted_sets
from alft.loop.active import ActiveLearning
from alft.models.classifier import Classifier
from alft.record.checkpoints import read_best
from alft.record.metrics_file import MetricsFile
from alft.record.predictions_file import write_predictions
from alft.record.same_run import TRAINING
from alft.record.summary import (
    Summary,
    break_even,
    epoch_records,
    finite,
    label_costs,
    stage_seconds,
    write_selection,
    write_summary,
)
from alft.record.suspects_file import write_suspects
from alft.system.memory import largest, peak_memory
from alft.system.run_files import best_checkpoint
from alft.system.short_form import short_form

FINAL = ("test", "labels", "seconds", "memory_mib", "gpu_memory_mib", "break_even", "controls")
"""Entries of the summary that are logged to W&B, in addition to the costs of each epoch."""

TestOn = Literal["last", "best"]

Kind = TypeVar("Kind", bound=Callback)


def finish(trainer: Trainer, test_on: TestOn = "last", controls: Extent = "all", arm: str | None = None) -> Summary | None:
    """Test the model and write the last files of the run.

    Args:
        trainer: Made by :func:`alft.fit.trainer.trainer`, after its ``fit``.
        test_on: Weights to test: those of the ``last`` epoch, or of the ``best`` one on validation.
        controls: Scores without fine-tuning to measure: ``all``, ``fast`` ones without an encoder, or ``none``.
        arm: What a report calls the runs with these settings.

    Returns:
        The summary, as in ``summary.json``; None except on the first process.

    Raises:
        ValueError: The Trainer was not made by alft, or has trained no epoch, or ``controls`` is another word.
    """
    refuse_unknown(controls)
    journal, active, folder = _callback(trainer, Journal), _callback(trainer, ActiveLearning), _folder(trainer)
    model: Any = trainer.lightning_module
    data: TextPool | None = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
    if data is None or not data.ledger.validation:
        raise ValueError("finish needs a Trainer that has trained at least one epoch: call fit(model, datamodule=data) first")
    ledger = data.ledger
    epoch = max(ledger.validation)
    if test_on == "best":
        # ModelCheckpoint compares what was logged, which is float32; of equal scores it keeps the first.
        scores = {e: -math.inf if math.isnan(score) else float(torch.tensor(score)) for e, score in ledger.validation.items()}
        epoch = max(scores, key=lambda e: (scores[e], -e))
        model.load_state_dict(_best_weights(folder, epoch))
    measured = "val" in model.evaluations and epoch == max(ledger.validation)  # a run that had ended measures nothing
    if data.corpus.test is not None:
        trainer.test(model, datamodule=data, verbose=False)
    predicted = predicted_sets(trainer, model, data, measured)
    if not trainer.is_global_zero:
        return None
    write_selection(folder, ledger)
    write_predictions(folder, model.task, predicted)
    journal.settle(ledger)
    memory = largest([*ledger.memory.values(), peak_memory()])  # before the controls, whose memory is not the run's
    bar, device = trainer.progress_bar_callback is not None, trainer.strategy.root_device  # which the model has left
    figures = run_controls(controls, data, model.hparams["backbone"], epoch, device, bar)
    if (suspects := run_suspects(controls, data, epoch)) is not None:
        write_suspects(folder, model.label_names, suspects)
    summary: Summary = finite(summarise(trainer, model, data, active, folder.parent.name, epoch, test_on, memory, figures))
    summary["arm"] = arm
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            log_summary(logger.experiment, summary)
    write_summary(folder, summary)
    for held in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(held, HeldFolder):
            held.workspace.release()
    return summary


def log_summary(run: Any, summary: Summary) -> None:
    """Log settings, final figures and the cost of each epoch; only to W&B, since ``metrics.csv`` must be reproducible."""
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
    memory: dict[str, float | None],
    controls: Figures,
) -> Summary:
    """The contents of ``summary.json``.

    Args:
        trainer: Provides the training settings.
        model: The model, as tested.
        data: Provides the ledger.
        active: Provides the settings of the selection.
        name: Name of the run.
        epoch: Epoch whose weights were tested.
        test_on: Rule by which that epoch was chosen.
        memory: Largest memory of the run.
        controls: Scores without fine-tuning.
    """
    assert data.plan is not None
    drops = active.settings.get("drop_unlearned") is not None
    left_out = {epoch: int(data.left_out(held.rows, epoch).sum()) for epoch, held in data.ledger.selections.items()}
    return {
        "name": name,
        "version": __version__,
        "seed": active.policy.seed,
        "fingerprint": data.corpus.fingerprint,
        "pool_labels": data.corpus.pool_labels,
        "fold": data.corpus.fold and asdict(data.corpus.fold),
        "settings": settings_of(trainer, model, data, active, test_on),
        "test": _test_scores(model),
        "tested_epoch": epoch,
        "validation": {"f1_macro": data.ledger.validation[epoch]},
        "labels": {**label_costs(data.ledger), "skipped": _skipped(data)},
        "seconds": stage_seconds(data.ledger, data.ledger.total),
        **memory,
        "break_even": break_even(data.ledger),
        "texts": data.text_counts,
        "remarks": data.remarks,
        "diverged": data.ledger.diverged,
        "stopped": active.policy.stop_reason(data.plan, data.ledger),
        "words_found": active.words_found,
        "controls": controls,
        "epochs": epoch_records(
            data.ledger, data.plan, active.policy.advise(data.plan, data.ledger), left_out if drops else None
        ),
    }


def settings_of(
    trainer: Trainer, model: Classifier, data: TextPool, active: ActiveLearning, test_on: TestOn
) -> dict[str, dict[str, Any]]:
    """The settings that distinguish one arm of a study from another, in the groups data, model, training and selection."""
    training = {name: short_form(getattr(trainer, name)) for name in TRAINING}
    return {
        "data": data.settings,
        "model": model.settings,
        "training": {**training, "test_on": test_on},
        "selection": active.settings,
    }


def _skipped(data: TextPool) -> int:
    """Bought rows that got no label; those that ``active.drop_unlearned`` leaves out have one."""
    silent_N = ~data.answered.labelled_N
    return int((silent_N & (data.ledger.first_used_N >= 0)).sum())


def _test_scores(model: Classifier) -> dict[str, Any]:
    result = model.evaluations.get("test")
    if result is None:
        return {"f1_macro": None, "accuracy": None, "loss": None, "predicted": None}
    predicted = None if result.broken else dict(zip(model.task.counted_names, result.predicted_C, strict=True))
    return {**result.figures, "predicted": predicted}


def _best_weights(folder: Path, epoch: int) -> dict[str, Any]:
    """The weights in ``best.ckpt``, which must be those of the best epoch."""
    checkpoint = read_best(folder)
    if checkpoint["epoch"] != epoch:
        raise ValueError(
            f"test_on best: {best_checkpoint(folder)} holds epoch {checkpoint['epoch']}, but the best one was {epoch}; "
            "start another run"
        )
    weights: dict[str, Any] = checkpoint["state_dict"]
    return weights


def _callback(trainer: Trainer, kind: type[Kind]) -> Kind:
    found = next((callback for callback in trainer.callbacks if isinstance(callback, kind)), None)  # type: ignore[attr-defined]
    if found is None:
        raise ValueError(f"the Trainer has no {kind.__name__}; make it with alft.trainer(data, active, max_epochs=...)")
    return found


def _folder(trainer: Trainer) -> Path:
    """The run's folder, broadcast from the first process."""
    folder = next((logger.folder for logger in trainer.loggers if isinstance(logger, MetricsFile)), None)
    if folder is None:
        raise ValueError("the Trainer has no run folder; make it with alft.trainer(data, active, max_epochs=...)")
    return trainer.strategy.broadcast(folder)
