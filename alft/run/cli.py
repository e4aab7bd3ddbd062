"""The command line: ``python -m alft fit|validate|test|demo``.

One LightningCLI; this file only says which classes it wires together and what happens around a fit.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import CSVLogger, Logger, WandbLogger

from alft import __version__
from alft.data.pool import TextPool
from alft.loop.active import ActiveLearning
from alft.loop.progress import StageProgressBar
from alft.models.classifier import Classifier
from alft.run.journal import Journal
from alft.run.parser import SentenceParser


class AlftCLI(LightningCLI):
    """fit, validate and test of a Classifier on a TextPool, with an ActiveLearning callback."""

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """The Trainer's methods that are offered; ``predict`` has its own command line."""
        return {name: skipped for name, skipped in LightningCLI.subcommands().items() if name != "predict"}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """The ``active`` block, the links between blocks, and our defaults."""
        parser.add_lightning_class_args(ActiveLearning, "active")
        parser.link_arguments("model.backbone", "data.tokenizer")
        parser.link_arguments("seed_everything", "active.seed")
        parser.link_arguments("data.label_names", "model.label_names", apply_on="instantiate")
        parser.set_defaults(
            {
                "trainer.reload_dataloaders_every_n_epochs": 1,
                "trainer.gradient_clip_val": 1.0,
                "trainer.num_sanity_val_steps": 0,
                "trainer.default_root_dir": "runs",
            }
        )

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        return super().instantiate_trainer(**kwargs)


def main(args: Sequence[str] | None = None) -> int:
    args = list(sys.argv[1:] if args is None else args)
    cli = AlftCLI(Classifier, TextPool, args=args, seed_everything_default=0, auto_configure_optimizers=False, parser_class=SentenceParser)
    return 0
