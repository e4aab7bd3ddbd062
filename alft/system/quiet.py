"""What is not worth a user's attention? Library messages that are expected here, each with its reason."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXPECTED = {
    # Texts are tokenised once and batches are cut from memory: workers would only slow them down.
    r".*does not have many workers.*": UserWarning,
    # Lightning's own use of torch's tree utilities (its issue 20996); nothing a user of ours could change.
    r".*isinstance\(treespec, LeafSpec\).*": FutureWarning,
    # peft asks transformers for a switch under its old name; nothing a user of ours could change.
    r"`is_gradient_checkpointing` is deprecated.*": FutureWarning,
    # main(args) hands its arguments on, so they are the command line.
    r"LightningCLI's args parameter.*": UserWarning,
    # The run folder is made for this run; the two checkpoint callbacks share its folder on purpose.
    r"Checkpoint directory .* exists and is not empty.*": UserWarning,
    # An evaluation writes no checkpoints, so it has none of the callbacks that did.
    r"Be aware that when using `ckpt_path`, callbacks.*": UserWarning,
    # Only the metrics of an epoch are logged, so the interval within it plays no part.
    r"The number of training batches .* is smaller than the logging interval.*": UserWarning,
}


def quieten() -> None:
    """Leave the terminal to the plan, the progress bar and the result; ALFT_DEBUG=1 changes nothing."""
    if os.environ.get("ALFT_DEBUG") == "1":
        return
    import datasets  # here, since commands that train nothing must start without these libraries
    from transformers.utils import logging as transformers_logging

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for message, category in EXPECTED.items():
        warnings.filterwarnings("ignore", message, category)


@contextmanager
def silenced(*libraries: str) -> Iterator[None]:
    """Keep libraries' logs off the terminal while our own sentence is in the making."""
    loggers = [logging.getLogger(name) for name in libraries]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
