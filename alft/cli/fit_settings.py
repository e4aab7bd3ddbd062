"""Parses and checks the settings of a fit without a model, data or a run folder.

``python -m alft.cli.fit_settings`` serves other processes, see :mod:`alft.cli.settings_service`.
"""

import json
import sys
from dataclasses import fields
from functools import cached_property
from inspect import signature
from typing import Any

import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from alft.cli.checks import refuse_fit_settings
from alft.cli.fit_command import AlftCLI
from alft.cli.fit_parser import FitParser
from alft.cli.sentences import innermost
from alft.data.answers import Answers
from alft.data.corpus import load_corpus
from alft.loop.active import ActiveLearning
from alft.models.defaults import plain_defaults
from alft.models.epinet import Epinet
from alft.models.head import Head
from alft.models.lora import Lora
from alft.models.optimisation import Optimisation
from alft.system.quiet import quieten


class FitSettings(AlftCLI):
    """Parses the settings of a fit without using them."""

    def __init__(self, arguments: list[str]) -> None:
        """Parse the arguments of ``python -m alft fit``."""
        super().__init__(arguments, run=False)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and refuse the same settings as a fit."""
        LightningCLI.parse_arguments(self, parser, args)
        refuse_fit_settings(self.config)

    def instantiate_classes(self) -> None:
        """Do nothing: no model is made and no data are read."""

    def after_instantiate_classes(self) -> None:
        """Do nothing: there is nothing to check."""

    def refuse_out_of_range(self) -> None:
        """Instantiate what validates itself and needs neither data nor weights: selection, answers, head, LoRA, epinet, AdamW.

        Raises:
            ValueError: A value is out of range, or a file that the selection reads does not exist.
        """
        parser = FitParser()
        parser.add_class_arguments(ActiveLearning, "active")
        for name, kind in {"lora": Lora, "epinet": Epinet, "head": Head}.items():
            parser.add_argument(f"--model.{name}", type=kind | None)
        plain = self.plain
        given = plain_defaults(plain["model"], plain["data"]["task"])
        Optimisation(**{field.name: given[field.name] for field in fields(Optimisation)})
        Answers(plain["data"]["noise"], plain["data"]["skip"])
        model = {name: plain["model"][name] for name in ("lora", "epinet", "head")}
        parser.instantiate(parser.parse_object({"active": plain["active"], "model": model}))

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers of labelled texts in the pool and in the test set.

        Raises:
            ValueError: The data cannot be used.
        """
        known = signature(load_corpus).parameters
        corpus = load_corpus(**{name: value for name, value in self.plain["data"].items() if name in known})
        return {"pool": len(corpus.pool.labelled), "test": 0 if corpus.test is None else len(corpus.test)}

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The settings as in ``config.yaml``."""
        settings: dict[str, Any] = yaml.safe_load(self.parser.dump(self.config, skip_unset=False))
        return settings


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Settings for the arguments in a question, or the error as a sentence.

    Args:
        question: ``arguments``, those of ``python -m alft fit``; ``check``, whether values out of range are errors; and
            perhaps ``sizes``, whether to read the data and tell their sizes.
    """
    try:
        asked = FitSettings(question["arguments"])
        if question["check"]:
            asked.refuse_out_of_range()
        sizes = {"sizes": asked.sizes} if question.get("sizes") else {}
    except (ValueError, OSError, MisconfigurationException) as error:
        return {"error": innermost(str(error))}
    return {"settings": asked.plain, **sizes}


def serve() -> None:
    """Answer questions, one line of JSON each, until the input ends."""
    quieten()
    answers, sys.stdout = sys.stdout, sys.stderr  # output printed by libraries must not mix with the answers
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
