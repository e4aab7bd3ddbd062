"""The command line: ``python -m alft fit | validate | test | demo``.

One LightningCLI, which says what is wired to what, and a small parser for each command that trains nothing.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from jsonargparse import ArgumentParser
from lightning import Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from alft import __version__
from alft.data.pool import TextPool
from alft.loop.active import ActiveLearning
from alft.loop.progress import StageProgressBar
from alft.models.classifier import Classifier
from alft.run.demo import write_demo
from alft.run.fit import TestOn, finish, run_checkpoints, run_loggers
from alft.run.journal import Journal
from alft.run.parser import SentenceParser, UsageError, nearest
from alft.run.quiet import quieten
from alft.run.tables import result_table, show

COMMANDS = {
    "fit": "Fine-tune a classifier, choosing the rows of every epoch, then test it and leave a run folder.",
    "validate": "Measure a checkpoint of a run on the validation set.",
    "test": "Measure a checkpoint of a run on the test set.",
    "demo": "Write a small set of made-up reviews to try alft with.",
}


class AlftCLI(LightningCLI):
    """fit, validate and test of a Classifier on a TextPool, with an ActiveLearning callback."""

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """The Trainer's methods on offer, each with the arguments that are not for the command line."""
        return {name: skip | {"verbose"} for name, skip in LightningCLI.subcommands().items() if name in COMMANDS}

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The seed, always a number: a run without a known seed could not be repeated."""
        parser.add_argument(
            "--seed_everything",
            type=int,
            default=self.seed_everything_default,
            help="Seed of the run: new weights, order, dropout and selection (but not data.seed).",
        )

    def add_core_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The blocks in the order in which a newcomer needs them; the Trainer's many flags last."""
        parser.add_lightning_class_args(TextPool, "data")
        parser.add_lightning_class_args(Classifier, "model")
        parser.add_lightning_class_args(ActiveLearning, "active")
        parser.add_argument(
            "--test_on",
            type=TestOn,
            default="last",
            help="Which weights a fit tests at its end: those of the last epoch, or of the best one on validation.",
        )
        parser.add_lightning_class_args(Trainer, "trainer")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Links between the blocks, and our defaults for the Trainer."""
        parser.link_arguments("model.backbone", "data.tokenizer")
        parser.link_arguments("seed_everything", "active.seed")
        parser.link_arguments("data.label_names", "model.label_names", apply_on="instantiate")
        parser.set_defaults(
            {
                "trainer.reload_dataloaders_every_n_epochs": 1,
                "trainer.gradient_clip_val": 1.0,
                "trainer.num_sanity_val_steps": 0,
                "trainer.enable_model_summary": False,
                "trainer.default_root_dir": "runs",
            }
        )

    def before_instantiate_classes(self) -> None:
        """Ask for ``max_epochs`` while it can be seen whether it was given: the Trainer would put 1000 in its place."""
        if self.subcommand == "fit" and self.config.fit.trainer.max_epochs is None:
            raise ValueError(
                "trainer.max_epochs must be given, because the budget is spread over the epochs; try --trainer.max_epochs 8"
            )

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Add what every run has: books, progress bar, and for a fit loggers and checkpoints in its run folder."""
        settings = self.config_init[self.subcommand].trainer
        callbacks = [Journal(), *_as_list(settings.callbacks), StageProgressBar()]
        if self.subcommand == "fit":
            loggers = run_loggers(settings.default_root_dir, self._run_name(), settings.logger)
            callbacks += run_checkpoints(Path(str(loggers[0].log_dir)))
            return super().instantiate_trainer(logger=loggers, callbacks=callbacks, **kwargs)
        self.save_config_callback = None
        return super().instantiate_trainer(logger=False, callbacks=callbacks, enable_checkpointing=False, **kwargs)

    def before_fit(self) -> None:
        """Start the clock, and find what is wrong with data or plan before a run folder is made for it."""
        self._started = perf_counter()
        self.datamodule.setup("fit")
        self.config_init.fit.active.plan(self.trainer, self.datamodule)

    def after_fit(self) -> None:
        """Test, write the run folder's last files, and show the result."""
        seconds = perf_counter() - self._started
        active = self.config_init.fit.active
        summary = finish(self.trainer, self.model, self.datamodule, active, self.config.fit.test_on, seconds)
        if self.trainer.is_global_zero:
            show(result_table(summary), f"run folder: {self.trainer.log_dir}")

    def _run_name(self) -> str:
        """Stem of the first ``--config``."""
        files = self.config[self.subcommand].config
        return Path(os.fspath(files[0])).stem if files else "alft"


def main(args: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code: 0, or 2 after a mistake of the user, told in one line on stderr."""
    try:
        _dispatch(list(sys.argv[1:] if args is None else args))
    except (ValueError, OSError, MisconfigurationException) as error:
        if os.environ.get("ALFT_DEBUG") == "1":
            raise
        print(f"alft: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0


def _dispatch(args: list[str]) -> None:
    if args[:1] in ([], ["-h"], ["--help"]):
        print(_overview())
    elif args[0] == "demo":
        _demo(args[1:])
    elif args[0] in COMMANDS:
        quieten()
        AlftCLI(
            Classifier,
            TextPool,
            args=_with_config_of_run(args),
            seed_everything_default=0,
            auto_configure_optimizers=False,
            parser_class=SentenceParser,
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


def _demo(args: list[str]) -> None:
    parser = ArgumentParser(prog="python -m alft demo", description=COMMANDS["demo"])
    parser.add_argument("folder", type=str, help="Where to write train.csv, validation.csv and test.csv.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the generator.")
    settings = parser.parse_args(args)
    paths = write_demo(Path(settings.folder), settings.seed)
    print("demo texts:", ", ".join(str(path) for path in paths))


def _with_config_of_run(args: list[str]) -> list[str]:
    """Evaluating ``RUN/checkpoints/X.ckpt`` without a config means the run's own."""
    if args[:1] not in (["test"], ["validate"]) or any(arg.split("=")[0] in ("-c", "--config") for arg in args):
        return args
    paths = [value for key, value in zip(args, [*args[1:], ""], strict=True) if key == "--ckpt_path"]
    paths += [arg.partition("=")[2] for arg in args if arg.startswith("--ckpt_path=")]
    config = Path(paths[0]).parent.parent / "config.yaml" if paths else None
    return [args[0], "--config", str(config), *args[1:]] if config and config.is_file() else args


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
