"""The command line: ``python -m alft fit | validate | test | predict | export | grid | ...``.

It finds the command and tells mistakes; what a fit is made of stands in :mod:`alft.run.wiring`, the small commands in
:mod:`alft.run.commands`.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lightning.fabric.utilities.exceptions import MisconfigurationException

from alft import __version__
from alft.data.pool import TextPool
from alft.models.classifier import Classifier
from alft.record.place import is_first_process
from alft.run import commands
from alft.run.fit_settings import COMMON
from alft.run.grid_command import grid
from alft.run.interruption import Stopped, notes_of, stop_on_signals
from alft.run.parser import SentenceParser, UsageError, innermost, nearest
from alft.run.quiet import quieten
from alft.run.report_command import report
from alft.run.wiring import AlftCLI

COMMANDS = {
    "fit": "Fine-tune a classifier, choosing the rows of every epoch, then test it and leave a run folder.",
    "validate": "Measure a checkpoint of a run on the validation set.",
    "test": "Measure a checkpoint of a run on the test set.",
    "predict": "Write a file of texts again, with a prediction and probabilities beside each row.",
    "export": "Write the model of a checkpoint as an ordinary Hugging Face folder.",
    "grid": "Run a sweep file on this machine: what is finished is left out, what was broken off goes on.",
    "report": "Compare finished runs: means, paired differences with intervals, labels, stability, cost, in plain sentences.",
    "demo": "Write a small set of made-up reviews to try alft with.",
}

SMALL: dict[str, Callable[[SentenceParser, list[str]], None]] = {
    "predict": commands.predict,
    "export": commands.export_checkpoint,
    "grid": grid,
    "report": report,
    "demo": commands.demo,
}
"""Commands with a parser of their own."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the system that mean that a file could not grow."""


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit code: 0; 2 after a mistake of the user or a failure of the machine, 143 after SIGTERM, 130 after Ctrl-C, each
        told in one line on stderr.
    """
    try:
        with stop_on_signals():
            _dispatch(list(sys.argv[1:] if args is None else args))
    except Stopped as stop:
        if is_first_process():
            _tell("; ".join([str(stop), *notes_of(stop)]))
        return stop.exit_code
    except (ValueError, OSError, MisconfigurationException) as error:
        if os.environ.get("ALFT_DEBUG") == "1":
            raise
        _tell(f"error: {_sentence(error)}")
        return 2
    return 0


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in FULL:
        return "; ".join([f"the disk is full ({error}), what was written before is whole", *notes_of(error)])
    return innermost(str(error))


def _tell(sentence: str) -> None:
    print(f"alft: {' '.join(sentence.split())}", file=sys.stderr)


def _dispatch(args: list[str]) -> None:
    if args[:1] in ([], ["-h"], ["--help"]):
        print(_overview())
    elif args[0] in SMALL:
        quieten()
        SMALL[args[0]](SentenceParser(prog=f"python -m alft {args[0]}", description=COMMANDS[args[0]]), args[1:])
    elif args[0] in COMMANDS:
        quieten()
        AlftCLI(
            Classifier,
            TextPool,
            args=_with_config_of_run(args),
            **COMMON,
            parser_kwargs={"allow_abbrev": False, **{name: _texts(name) for name in AlftCLI.subcommands()}},
        )
    else:
        raise UsageError(f"there is no command {args[0]}{nearest(args[0], set(COMMANDS))} Known: {', '.join(COMMANDS)}")


def _overview() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    return (
        f"alft {__version__}: active-learning fine-tuning of BERT\n\n"
        f"usage: python -m alft COMMAND ...\n\n{commands}\n\n"
        "The settings of a command: python -m alft COMMAND --help\n"
        "A first run: python -m alft demo data/demo && python -m alft fit --config configs/demo.yaml"
    )


def _texts(command: str) -> dict[str, str]:
    usage = f"python -m alft {command} --config FILE [--block.setting VALUE ...]"
    return {"usage": usage, "description": COMMANDS[command]}


def _with_config_of_run(args: list[str]) -> list[str]:
    """Evaluating ``RUN/checkpoints/X.ckpt`` without a config means the run's own."""
    if args[:1] not in (["test"], ["validate"]) or any(arg.split("=")[0] in ("-c", "--config") for arg in args):
        return args
    paths = [value for key, value in zip(args, [*args[1:], ""], strict=True) if key == "--ckpt_path"]
    paths += [arg.partition("=")[2] for arg in args if arg.startswith("--ckpt_path=")]
    config = Path(paths[0]).parent.parent / "config.yaml" if paths else None
    return [args[0], "--config", str(config), *args[1:]] if config and config.is_file() else args
