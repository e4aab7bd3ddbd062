"""The command line: ``alft fit | validate | test | predict | export | grid | ...``, or ``python -m alft ...``.

It dispatches the command and reports errors as sentences. Each command has a file ``COMMAND_command.py``, imported when it is
called: most of them need neither torch nor Lightning, which take seconds to import.
"""

import os
import select
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from alft import __version__
from alft.cli.sentences import UsageError, innermost, nearest
from alft.system.output import is_full
from alft.system.signals import Stopped, notes_of, stop_on_signals
from alft.system.visible import visible

COMMANDS = {
    "fit": "Fine-tune a classifier, choosing the rows of every epoch, then test it and leave a run folder.",
    "validate": "Measure a checkpoint of a run on the validation set.",
    "test": "Measure a checkpoint of a run on the test set.",
    "predict": "Write a file of texts again, with a prediction and probabilities beside each row.",
    "export": "Write the model of a checkpoint as an ordinary Hugging Face folder.",
    "adapt": "Train an encoder further on texts without labels, as a masked language model.",
    "open": "Begin a campaign: texts of a file that people are to label, in rounds.",
    "ask": "Hand out texts of a campaign for labelling.",
    "take": "Record the answers of annotators in a campaign.",
    "close": "Give up the open rounds of a campaign: what is unanswered may be asked again.",
    "status": "Show how far a campaign is: rounds, labels, agreement, time, scores of its fits.",
    "grid": "Run a sweep file on this machine: what is finished is left out, what was broken off goes on.",
    "rehearse": "Label in rounds out of a file with labels: which policy would have saved how much, before people are paid.",
    "report": "Compare finished runs: means, paired differences with intervals, labels, stability, cost, in plain sentences.",
    "demo": "Write a small set of made-up reviews to try alft with.",
}

OF_TRAINER = ("fit", "validate", "test")
"""Commands that are methods of Lightning's Trainer and share one parser."""


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: The command and its arguments; by default those of the process.

    Returns:
        The exit code: 0; 2 after a user error or a system failure, 143 after SIGTERM, 130 after Ctrl-C, each with one line on
        stderr.
    """
    try:
        with stop_on_signals():
            _dispatch(list(sys.argv[1:] if args is None else args))
            sys.stdout.flush()
    except Stopped as stop:
        if _speaks_for_the_run():
            _print_error("; ".join([str(stop), *notes_of(stop)]))
        return stop.exit_code
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_has_gone():
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it flushes at exit
            return 128 + signal.SIGPIPE
        if os.environ.get("ALFT_DEBUG") == "1" or not _is_expected(error):
            raise
        _print_error(f"error: {_sentence(error)}")
        return 2
    return 0


def console() -> None:
    """Entry point of the command ``alft``: modules in the working directory can be imported, as with ``python -m alft``."""
    sys.path.insert(0, "")
    sys.exit(main())


def _reader_has_gone() -> bool:
    """Whether nobody reads the output any more, as after `alft report runs | head`."""
    output = select.poll()
    output.register(sys.stdout, select.POLLOUT)
    return any(event & select.POLLERR for _, event in output.poll(0))


def _is_expected(error: Exception) -> bool:
    """Whether an error is a user error or a system failure; Lightning's error for settings is identified by name only."""
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "MisconfigurationException"


def _sentence(error: Exception) -> str:
    if is_full(error):
        return "; ".join([f"the disk is full ({error}), what was written before is whole", *notes_of(error)])
    return "; ".join([innermost(str(error)), *notes_of(error)])


def _print_error(sentence: str) -> None:
    print(f"alft: {visible(' '.join(sentence.split()))}", file=sys.stderr)


def _speaks_for_the_run() -> bool:
    """Whether this process is the first of its run; a command that did not import Lightning has one process."""
    if "lightning" not in sys.modules:
        return True
    from alft.record.workspace import is_first_process

    return is_first_process()


def _dispatch(args: list[str]) -> None:
    if args[:1] in ([], ["-h"], ["--help"], ["help"]):
        print(_overview())
        return
    if args[:1] == ["--version"]:
        print(f"alft {__version__}")
        return
    command, rest = args[0], args[1:]
    if command not in COMMANDS:
        raise UsageError(f"there is no command {command}{nearest(command, set(COMMANDS))} Known: {', '.join(COMMANDS)}")
    if command in OF_TRAINER:
        import_module("alft.cli.fit_command").run(command, rest, COMMANDS[command])
    else:
        parser = import_module("alft.cli.parser").SentenceParser(
            prog=f"python -m alft {command}", description=COMMANDS[command]
        )
        import_module(f"alft.cli.{command}_command").run(parser, rest)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    return (
        f"alft {__version__}: active-learning fine-tuning of BERT\n\n"
        f"usage: python -m alft COMMAND ...\n\n{commands}\n\n"
        "The settings of a command: python -m alft COMMAND --help\n"
        "A first run: python -m alft demo data/demo && python -m alft fit --config preset:demo"
    )
