"""The progress bar: Lightning's rich bar, extended by lines for scoring and clustering."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar


class StageProgressBar(RichProgressBar):
    """Lightning's bar for training, validation and test; :func:`stage` adds the other stages."""

    def __init__(self) -> None:
        """Remove finished lines: the table at the end reports the results."""
        super().__init__(leave=False)

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Metrics without the logger's version number, which is part of the run folder's path."""
        return {name: value for name, value in super().get_metrics(trainer, pl_module).items() if name != "v_num"}


@contextmanager
def stage(trainer: Trainer, module: LightningModule, name: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a stage while it runs; call the yielded function once per finished part. Silent when the bar is off."""
    bar = trainer.progress_bar_callback
    if not isinstance(bar, StageProgressBar) or bar.is_disabled or not trainer.is_global_zero:
        yield lambda: None
        return
    if bar.progress is None:  # the first selection comes before Lightning starts the bar
        bar.on_train_start(trainer, module)
    progress = bar.progress
    assert progress is not None
    task = progress.add_task(name, total=total)

    def advance() -> None:
        progress.advance(task)
        bar.refresh()

    try:
        yield advance
    finally:
        progress.update(task, visible=False)
        bar.refresh()
