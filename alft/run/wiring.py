"""What is wired to what? The LightningCLI that makes data, model, callback and Trainer out of settings, and runs them."""

import os
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml
from lightning import Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from alft.data.pool import TextPool
from alft.loop.active import ActiveLearning
from alft.loop.progress import StageProgressBar
from alft.models.classifier import Classifier
from alft.record.checkpoints import AtomicCheckpointIO, run_checkpoints
from alft.record.config_file import ConfigFile
from alft.record.folder import given_back_on_error
from alft.record.place import Place, is_first_process
from alft.run.checks import export_target, refuse_fit_only, refuse_fit_settings
from alft.run.fit import TestOn, finish, run_loggers
from alft.run.interruption import StopAtOnce, Stopped
from alft.run.journal import Journal
from alft.run.tables import result_table, show
from alft.use.card import Facts
from alft.use.export import Trained, export
from alft.use.restore import read_checkpoint


class AlftCLI(LightningCLI):
    """fit, validate and test of a Classifier on a TextPool, with an ActiveLearning callback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start the clock of the run, then parse, instantiate and run; hold the run's folder until then."""
        self.journal = Journal(perf_counter())
        self.place = Place()
        try:
            super().__init__(*args, **kwargs)
        except (Stopped, OSError) as error:  # a full disk is an OSError
            if kwargs.get("run", True):
                error.add_note(self.place.how_to_go_on(kwargs["args"]))
            raise
        finally:
            self.place.release()

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """The Trainer's methods on offer, each with the arguments that are not for the command line."""
        ours = {"fit", "validate", "test"}
        skipped = {"ckpt_path", "weights_only", "verbose"}
        return {name: skip | skipped for name, skip in LightningCLI.subcommands().items() if name in ours}

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
            "--ckpt_path",
            type=str | None,
            default=None,
            help="fit: go on with a run that was stopped, `last` for the newest of this name, or RUN/checkpoints/last.ckpt. "
            "validate, test: the checkpoint to measure.",
        )
        parser.add_argument(
            "--test_on",
            type=TestOn,
            default="last",
            help="Which weights a fit tests at its end: those of the last epoch, or of the best one on validation.",
        )
        parser.add_argument(
            "--export",
            type=str | None,
            default=None,
            help="After a fit: write the tested model to this folder, for transformers' from_pretrained and pipeline.",
        )
        parser.add_argument("--adapter", action="store_true", help="With --export: the LoRA adapter alone, as a peft folder.")
        parser.add_argument("--force", action="store_true", help="With --export: replace an earlier export.")
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

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and refuse what would fail later in other words."""
        super().parse_arguments(parser, args)
        settings = self.config[self.config.subcommand]
        if self.config.subcommand == "fit":
            refuse_fit_settings(settings)
            asked, settings.ckpt_path = settings.ckpt_path, None  # Lightning would put the checkpoint's settings over these
            root, name = settings.trainer.default_root_dir, self._run_name()
            found = asked is not None and self.place.look_for(asked, root, name, self._settings())
            if asked is not None and not found and is_first_process():
                show(f"ckpt_path last: no unfinished run of {name} in {root} has a checkpoint, so a new one starts")
        else:
            refuse_fit_only(args, self.config.subcommand)
            self.trained_labels = read_checkpoint(settings.ckpt_path)["hyper_parameters"]["label_names"]

    def after_instantiate_classes(self) -> None:
        """Refuse to measure a model on labels that are not its own."""
        if self.subcommand != "fit" and self.datamodule.label_names != self.trained_labels:
            raise ValueError(
                f"ckpt_path: the model was trained on the labels {', '.join(self.trained_labels)}, "
                f"but data.source has {', '.join(self.datamodule.label_names)}"
            )

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Add what every run has: books, progress bar, and for a fit loggers and checkpoints in its run folder."""
        settings = self.config_init[self.subcommand].trainer
        callbacks = [StopAtOnce(), self.journal, *_as_list(settings.callbacks)]
        if settings.enable_progress_bar is not False:
            callbacks.append(StageProgressBar())
        self.save_config_callback = None  # its file would not be written at one stroke
        if self.subcommand != "fit":
            return super().instantiate_trainer(logger=False, callbacks=callbacks, enable_checkpointing=False, **kwargs)
        self.place.take(settings.default_root_dir, self._run_name())
        with given_back_on_error(self.place.held):
            if settings.enable_checkpointing is not False:
                callbacks += run_checkpoints(self.place.path)
            callbacks += [] if self.place.checkpoint else [ConfigFile(self.place.path, self._settings())]
            loggers = run_loggers(self.place.path, self.datamodule.ledger.metrics, settings.logger)
            plugins = [AtomicCheckpointIO(), *_as_list(settings.plugins)]
            return super().instantiate_trainer(logger=loggers, callbacks=callbacks, plugins=plugins, **kwargs)

    def before_fit(self) -> None:
        """Find what is wrong with data or plan before anything is written."""
        with given_back_on_error(self.place.held):
            self.datamodule.setup("fit")
            active = self.config_init.fit.active
            if active.recorded is not None:
                active.recorded.refuse_other_data(self.datamodule.corpus.fingerprint, self.datamodule.ledger.labelled_N)
            active.plan(self.trainer, self.datamodule)
        if active.words_found is not None and self.trainer.is_global_zero:
            show(f"words with a vector: {active.words_found:.1%} of the running words of the pool")

    def fit(self, **kwargs: Any) -> None:
        """Train, from the checkpoint if a run goes on."""
        if self.place.checkpoint is not None and self.trainer.is_global_zero:
            show(f"going on with the run in {self.place.path}")
        self.trainer.fit(**kwargs, ckpt_path=self.place.checkpoint, weights_only=True)

    def validate(self, **kwargs: Any) -> None:
        """Measure a checkpoint on the validation set."""
        self.trainer.validate(**kwargs, ckpt_path=self.config.validate.ckpt_path, weights_only=True)

    def test(self, **kwargs: Any) -> None:
        """Measure a checkpoint on the test set."""
        self.trainer.test(**kwargs, ckpt_path=self.config.test.ckpt_path, weights_only=True)

    def after_fit(self) -> None:
        """Test, write the run folder's last files, and show the result."""
        active, test_on = self.config_init.fit.active, self.config.fit.test_on
        summary = finish(self.trainer, self.model, self.datamodule, active, test_on, self.place.path, self.journal)
        if summary is None:
            return
        show(result_table(summary), f"run folder: {self.place.path}")
        if target := export_target(self.config.fit):
            bought = self.datamodule.ledger.bought_until(summary["tested_epoch"])
            facts = Facts(summary["name"], self.config.fit.data.source, bought, summary, tested=True)
            trainer = self.config.fit.trainer
            bar = trainer.enable_progress_bar is not False
            data = self.datamodule
            export(Trained(self.model, data.max_length, facts, data.validation_tokens, trainer.accelerator, bar), target)
            show(f"model: {target.folder}")

    def _settings(self) -> dict[str, Any]:
        """The settings of a fit as plain values."""
        settings: dict[str, Any] = yaml.safe_load(self.parser.dump(self.config, skip_none=False))["fit"]
        return settings

    def _run_name(self) -> str:
        """Stem of the first ``--config``."""
        files = self.config[self.config.subcommand].config
        return Path(os.fspath(files[0])).stem if files else "alft"


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
