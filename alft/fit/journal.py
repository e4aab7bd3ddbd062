"""The callback that records the cost and the results of each epoch.

Seconds go to the ledger and from there to ``summary.json``; never to ``metrics.csv``, which must be reproducible.
"""

from time import perf_counter

from lightning import Callback, LightningModule, Trainer

from alft.data.pool import TextPool
from alft.fit.display import plan_table
from alft.models.classifier import Classifier
from alft.record.metrics_file import MetricsFile
from alft.selection.ledger import Ledger
from alft.system.memory import peak_memory, restart_peak
from alft.system.terminal import show


class Journal(Callback):
    """Times training and validation and logs the labels bought.

    It must come before :class:`alft.loop.active.ActiveLearning` in the callbacks, so that the end of an epoch is recorded
    before the next selection begins.
    """

    def __init__(self, started: float) -> None:
        """Count from the start of the command, a value of ``perf_counter``."""
        self._settled = started
        self._epoch_started = 0.0
        self._validation_started = 0.0
        self._validated = 0.0

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show data and plan before anything is scored or trained; discard figures of an epoch that was not finished."""
        data: TextPool = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        for file in _metrics_files(trainer):
            file.resume(max(data.ledger.validation, default=-1) + 1)
        if trainer.is_global_zero and data.plan is not None:
            remarks = [f"  - {remark}" for remark in data.remarks]
            show(data.corpus.describe(), *remarks, plan_table(data.plan, data.ledger.pool))

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock of the epoch."""
        self._epoch_started = perf_counter()
        self._validated = 0.0
        for file in _metrics_files(trainer):
            file.begin(trainer.current_epoch)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let figures of the test count as those of the epoch after the last."""
        for file in _metrics_files(trainer):
            file.begin(trainer.current_epoch)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock of the validation."""
        self._validation_started = perf_counter()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock of the validation; an epoch may be validated several times."""
        self._validated += perf_counter() - self._validation_started

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Classifier) -> None:  # type: ignore[override]  # ours, always
        """Record seconds, memory and validation score; log labels bought and both savings so far."""
        data: TextPool = trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        ledger, epoch = data.ledger, trainer.current_epoch
        ledger.spend(epoch, "train", perf_counter() - self._epoch_started - self._validated)
        ledger.spend(epoch, "validate", self._validated)
        ledger.memory[epoch] = peak_memory()
        restart_peak()  # the next selection counts towards the epoch that trains on it, as its seconds do
        ledger.validation[epoch] = pl_module.evaluations["val"].f1_macro
        if epoch == ledger.diverged:  # weights that are not finite stay so, and nothing can be selected by them
            trainer.should_stop = True
        figures = {
            "labels_bought": float(ledger.bought),
            "rows_selected": float(len(ledger.selections[epoch].rows)),
            "unique_saving": ledger.unique_saving,
            "exposure_saving": ledger.exposure_saving,
        }
        pl_module.log_dict(figures)
        self.settle(ledger)

    def settle(self, ledger: Ledger) -> None:
        """Add the seconds since the last call to the total, whatever they were spent on."""
        now = perf_counter()
        ledger.total += now - self._settled
        self._settled = now


def _metrics_files(trainer: Trainer) -> list[MetricsFile]:
    return [logger for logger in trainer.loggers if isinstance(logger, MetricsFile)]
