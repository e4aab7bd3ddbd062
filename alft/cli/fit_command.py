"""``python -m alft fit``, ``validate``, ``test``: a LightningCLI that creates and runs data, model, callback and Trainer."""

import os
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml
from lightning import Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from alft.cli.checkpoint_arguments import FORMAT
from alft.cli.checks import export_target, refuse_fit_only, refuse_fit_settings
from alft.cli.export_left import OnlyExportLeftError, how_to_export, refuse_to_train_again
from alft.cli.fit_parser import FitParser
from alft.cli.presets import with_earlier_heads, with_presets
from alft.cli.run_settings import with_settings_of_run
from alft.controls.run import Extent
from alft.data.pool import TextPool
from alft.fit.config_callback import ConfigFile
from alft.fit.display import DIVERGED, on_divergence, result_table
from alft.fit.finish import TestOn, finish
from alft.fit.journal import Journal
from alft.fit.lost_process import lost_process
from alft.fit.rehearsal import rehearse
from alft.fit.trainer import DEFAULTS, evaluation_trainer, make_trainer
from alft.loop.active import ActiveLearning
from alft.models.classifier import Classifier
from alft.record.checkpoints import read_checkpoint
from alft.record.folder import given_back_on_error
from alft.record.resume import finished_run
from alft.record.workspace import Workspace, is_first_process
from alft.system.excerpt import listed
from alft.system.output import is_full
from alft.system.quiet import quieten
from alft.system.run_files import name_of
from alft.system.signals import Stopped
from alft.system.terminal import show
from alft.use.card import Provenance
from alft.use.export import DivergedError, TrainedModel, export
from alft.use.restore import refuse_other_architecture


def run(command: str, args: list[str], description: str) -> None:
    """Run ``fit``, ``validate`` or ``test`` with these arguments."""
    quieten()
    usage = f"python -m alft {command} --config FILE [--block.setting VALUE ...]"
    args, told = (args, "") if command == "fit" else with_settings_of_run(args)
    if told and is_first_process():
        show(told)
    AlftCLI([command, *args], texts={command: {"usage": usage, "description": description}})


class AlftCLI(LightningCLI):
    """Commands fit, validate and test for a Classifier on a TextPool, with an ActiveLearning callback."""

    def __init__(self, args: list[str], run: bool = True, texts: dict[str, Any] | None = None) -> None:
        """Start the clock of the run, then parse, instantiate and run; the run's folder is released at the end.

        Args:
            args: The command and its arguments; without ``run`` only the arguments of a fit.
            run: Whether to run the command.
            texts: Usage and description of the command, by its name.
        """
        self.journal = Journal(perf_counter())
        self.workspace = Workspace()
        try:
            super().__init__(
                Classifier,
                TextPool,
                args=with_earlier_heads(with_presets(args)),
                run=run,
                seed_everything_default=0,
                auto_configure_optimizers=False,
                parser_class=FitParser,
                parser_kwargs={"allow_abbrev": False, **(texts or {})},
            )
        except OnlyExportLeftError as left:
            if is_first_process():
                left.export()
        except (Stopped, OSError, ValueError) as error:
            finished = self.workspace.held is not None and not isinstance(error, DivergedError)
            if finished and (advice := how_to_export(self.workspace.path, self.config)):
                error.add_note(advice)
            elif run and (isinstance(error, Stopped) or is_full(error)):
                error.add_note(self.workspace.how_to_go_on(args))
            raise
        except RuntimeError as error:
            lost = lost_process(getattr(self, "trainer", None), error)
            if lost is None:
                raise
            raise ChildProcessError(f"{lost}; {self.workspace.how_to_go_on(args)}") from error
        finally:
            self.workspace.release()

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """The Trainer's methods that are commands, each with the arguments excluded from the command line."""
        ours = {"fit", "validate", "test"}
        skipped = {"ckpt_path", "weights_only", "verbose"}
        return {name: skip | skipped for name, skip in LightningCLI.subcommands().items() if name in ours}

    def add_default_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the seed, always a number: a run without a known seed could not be repeated."""
        parser.add_argument(
            "--seed_everything",
            type=int,
            default=self.seed_everything_default,
            help="Seed of the run: new weights, order, dropout and selection (but not data.seed).",
        )

    def add_core_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add the groups in the order in which a new user needs them; the Trainer's many flags come last."""
        parser.add_lightning_class_args(TextPool, "data")
        parser.add_lightning_class_args(Classifier, "model")
        parser.add_lightning_class_args(ActiveLearning, "active")
        parser.add_argument(
            "--ckpt_path",
            type=str | None,
            default=None,
            help="fit: go on with a run that was stopped, `last` for the newest of this name, or RUN/checkpoints/last.ckpt. "
            "validate, test: the checkpoint to measure.",
        )
        named = "What a report calls the runs with these settings; by default what tells them from others."
        parser.add_argument("--arm", type=str | None, default=None, help=named)
        parser.add_argument(
            "--test_on",
            type=TestOn,
            default="last",
            help="Which weights a fit tests at its end: those of the last epoch, or of the best one on validation.",
        )
        parser.add_argument(
            "--controls",
            type=Extent,
            default="all",
            help="Scores without fine-tuning that a fit measures at its end, in at most a tenth of its training or 10 s: all, "
            "the fast ones without an encoder, or none.",
        )
        parser.add_argument(
            "--export",
            type=str | None,
            default=None,
            help="After a fit: write the tested model to this folder.",
        )
        parser.add_argument("--format", type=str | None, default=None, help=f"With --export. {FORMAT}")
        parser.add_argument("--adapter", action="store_true", help="With --export: the same as --format adapter.")
        parser.add_argument("--force", action="store_true", help="With --export: replace an earlier export.")
        parser.add_lightning_class_args(Trainer, "trainer")

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add links between the groups, and alft's defaults for the Trainer."""
        parser.link_arguments("model.backbone", "data.tokenizer")
        parser.link_arguments("seed_everything", "active.seed")
        parser.link_arguments("data.label_names", "model.label_names", apply_on="instantiate")
        parser.link_arguments("data.task", "model.task", apply_on="instantiate")
        parser.set_defaults({f"trainer.{name}": value for name, value in DEFAULTS.items()})

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and refuse settings that would fail later with a less clear message."""
        super().parse_arguments(parser, args)
        settings = self.config[self.config.subcommand]
        if self.config.subcommand == "fit":
            refuse_fit_settings(settings)
            asked, settings.ckpt_path = settings.ckpt_path, None  # Lightning would override these settings by the checkpoint's
            root, name = settings.trainer.default_root_dir, self._run_name()
            if asked is not None and (target := export_target(settings)):
                refuse_to_train_again(finished_run(asked, root, name, self._settings()), settings.test_on, target)
            found = asked is not None and self.workspace.find(asked, root, name, self._settings())
            if asked is not None and not found and is_first_process():
                show(f"ckpt_path last: no unfinished run of {name} in {root} has a checkpoint, so a new one starts")
        else:
            refuse_fit_only(args, self.config.subcommand)
            read_checkpoint(settings.ckpt_path)
            settings.ckpt_path = os.path.expanduser(settings.ckpt_path)

    def after_instantiate_classes(self) -> None:
        """Refuse a checkpoint whose model has other labels than the data, or other weights than the model."""
        path = self.workspace.checkpoint if self.subcommand == "fit" else self.config[self.subcommand].ckpt_path
        if path is None:
            return
        checkpoint = read_checkpoint(path)
        trained_on = checkpoint["hyper_parameters"]["label_names"]
        if self.datamodule.label_names != trained_on:
            raise ValueError(
                f"ckpt_path: the model was trained on the labels {listed(trained_on)}, "
                f"but data.source has {listed(self.datamodule.label_names)}"
            )
        refuse_other_architecture(self.model, checkpoint)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Make the Trainer of a run in its folder for fit, or one that writes nothing for an evaluation."""
        settings = {**self.config_init[self.subcommand].trainer, **kwargs}
        if self.subcommand != "fit":
            return evaluation_trainer(settings)
        self.workspace.claim(settings["default_root_dir"], self._run_name())
        with given_back_on_error(self.workspace.held):
            is_new = self.workspace.checkpoint is None
            config = [ConfigFile(self.workspace.path, self._settings())] if is_new else []
            active = self.config_init.fit.active
            return make_trainer(self.workspace.path, self.datamodule, active, self.journal, settings, config)

    def before_fit(self) -> None:
        """Detect errors in data or plan before anything is written."""
        active = self.config_init.fit.active
        with given_back_on_error(self.workspace.held):
            self.datamodule.setup("fit")
            rehearse(self.model, self.datamodule, active)
            active.plan(self.trainer, self.datamodule)
        if active.words_found is not None and self.trainer.is_global_zero:
            show(f"words with a vector: {active.words_found:.1%} of the running words of the pool")

    def fit(self, **kwargs: Any) -> None:
        """Train, from the checkpoint if a run is resumed."""
        if self.workspace.checkpoint is not None and self.trainer.is_global_zero:
            show(f"going on with the run in {self.workspace.path}")
        self.trainer.fit(**kwargs, ckpt_path=self.workspace.checkpoint, weights_only=True)

    def validate(self, **kwargs: Any) -> None:
        """Evaluate a checkpoint on the validation set."""
        self.trainer.validate(**kwargs, ckpt_path=self.config.validate.ckpt_path, weights_only=True)
        self._tell_broken("val")

    def test(self, **kwargs: Any) -> None:
        """Evaluate a checkpoint on the test set."""
        self.trainer.test(**kwargs, ckpt_path=self.config.test.ckpt_path, weights_only=True)
        self._tell_broken("test")

    def _tell_broken(self, stage: str) -> None:
        result = self.model.evaluations[stage]
        if result.broken and self.trainer.is_global_zero:
            rows = len(result.logits_NC)
            show(f"no score: for {result.broken} of {rows} rows the model gives outputs that are not finite; {DIVERGED}")

    def after_fit(self) -> None:
        """Test, write the run folder's last files, show the result, and export if requested."""
        asked = self.config.fit
        summary = finish(self.trainer, asked.test_on, asked.controls, asked.arm)
        if summary is None:
            return
        show(result_table(summary), *on_divergence(summary), f"run folder: {self.workspace.path}")
        if target := export_target(self.config.fit):
            data, trainer = self.datamodule, self.config.fit.trainer
            bought = data.ledger.bought_until(summary["tested_epoch"])
            provenance = Provenance(summary["name"], self.config.fit.data.source, bought, summary, tested=True)
            bar = trainer.enable_progress_bar is not False
            export(
                TrainedModel(self.model, data.max_length, provenance, data.validation_tokens, trainer.accelerator, bar), target
            )
            show(f"model: {target.folder}")

    def _settings(self) -> dict[str, Any]:
        """The settings of a fit as plain values."""
        settings: dict[str, Any] = yaml.safe_load(self.parser.dump(self.config, skip_unset=False))["fit"]
        return settings

    def _run_name(self) -> str:
        """Stem of the first ``--config``; of the config of a run, the name of that run."""
        files = self.config[self.config.subcommand].config
        return name_of(Path(os.path.abspath(files[0]))) if files else "alft"
