"""What would a fit be run with? Its settings, parsed and checked, without a model, data or a run folder.

``python -m alft.cli.fit_settings`` answers for other processes, see :mod:`alft.cli.settings_service`.
"""

import json
import sys
from functools import cached_property
from typing import Any

import yaml
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from alft.cli.checks import refuse_fit_settings
from alft.cli.fit_command import AlftCLI
from alft.cli.fit_parser import FitParser
from alft.cli.sentences import innermost
from alft.loop.active import ActiveLearning
from alft.models.epinet import Epinet
from alft.models.lora import Lora
from alft.system.quiet import quieten


class FitSettings(AlftCLI):
    """Parses the settings of a fit, and does nothing with them."""

    def __init__(self, arguments: list[str]) -> None:
        """Parse what follows ``python -m alft fit``."""
        super().__init__(arguments, run=False)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parse, and refuse what a fit would refuse."""
        LightningCLI.parse_arguments(self, parser, args)
        refuse_fit_settings(self.config)

    def instantiate_classes(self) -> None:
        """Make no model and read no data."""

    def after_instantiate_classes(self) -> None:
        """There is nothing to check."""

    def refuse_out_of_range(self) -> None:
        """Make what checks its own values and needs neither data nor weights: the selection, LoRA and the epinet.

        Raises:
            ValueError: A value is out of its range, or a file that the selection reads is not there.
        """
        parser = FitParser()
        parser.add_class_arguments(ActiveLearning, "active")
        for name, kind in {"lora": Lora, "epinet": Epinet}.items():
            parser.add_argument(f"--model.{name}", type=kind | None)
        plain = self.plain
        model = {name: plain["model"][name] for name in ("lora", "epinet")}
        parser.instantiate_classes(parser.parse_object({"active": plain["active"], "model": model}))

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The settings as ``config.yaml`` has them."""
        settings: dict[str, Any] = yaml.safe_load(self.parser.dump(self.config, skip_none=False))
        return settings


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Settings of the arguments in a question, or the error as a sentence.

    Args:
        question: ``arguments``, what follows ``python -m alft fit``, and ``check``, whether values out of range are errors.
    """
    try:
        asked = FitSettings(question["arguments"])
        if question["check"]:
            asked.refuse_out_of_range()
    except (ValueError, OSError, MisconfigurationException) as error:
        return {"error": innermost(str(error))}
    return {"settings": asked.plain}


def serve() -> None:
    """Answer questions, one line of JSON each, until there are no more."""
    quieten()
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints must not stand among the answers
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
