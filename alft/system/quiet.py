"""Silences library messages that are expected here, each with its reason."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXPECTED = {
    # Texts are tokenised once and batches are cut from memory: workers would only slow this down.
    r".*does not have many workers.*": UserWarning,
    # Lightning's own use of torch's tree utilities (its issue 20996); users cannot change it.
    r".*isinstance\(treespec, LeafSpec\).*": FutureWarning,
    # peft uses the old name of a transformers option; users cannot change it.
    r"`is_gradient_checkpointing` is deprecated.*": FutureWarning,
    # main(args) passes its arguments on, so they are the command line.
    r"LightningCLI's args parameter.*": UserWarning,
    # The run folder is created for this run; the two checkpoint callbacks share its folder on purpose.
    r"Checkpoint directory .* exists and is not empty.*": UserWarning,
    # A precision that the hardware lacks is refused in a sentence, and its short names are as good as the long ones.
    r".*AMP with fp16 is not supported on CPU.*": UserWarning,
    r".*is supported for historical reasons but its usage is discouraged.*": UserWarning,
    # All processes log the same figures: those of the evaluation are added up before, the ledger is the same everywhere.
    r"It is recommended to use `self.log\(.*sync_dist=True.*": UserWarning,
    # An evaluation writes no checkpoints, so it lacks the callbacks that wrote them.
    r"Be aware that when using `ckpt_path`, callbacks.*": UserWarning,
    # Metrics are only logged per epoch, so the interval within an epoch is irrelevant.
    r"The number of training batches .* is smaller than the logging interval.*": UserWarning,
}


def quieten() -> None:
    """Show only the plan, the progress bar and the result on the terminal; with ALFT_DEBUG=1, do nothing."""
    if os.environ.get("ALFT_DEBUG") == "1":
        return
    import datasets  # imported here, since commands without training must start without these libraries
    from transformers.utils import logging as transformers_logging

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for message, category in EXPECTED.items():
        warnings.filterwarnings("ignore", message, category)


@contextmanager
def silenced(*libraries: str) -> Iterator[None]:
    """Suppress logs of libraries whose errors are reported in one sentence."""
    loggers = [logging.getLogger(name) for name in libraries]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
