"""What would a fit be run with? Its settings, parsed and checked, without a model, data or a run folder."""

from functools import cached_property
from typing import Any

import yaml
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from alft.data.pool import TextPool
from alft.loop.active import ActiveLearning
from alft.models.classifier import Classifier
from alft.models.epinet import Epinet
from alft.models.lora import Lora
from alft.run.checks import refuse_fit_settings
from alft.run.parser import SentenceParser
from alft.run.wiring import AlftCLI

COMMON: dict[str, Any] = {
    "seed_everything_default": 0,
    "auto_configure_optimizers": False,
    "parser_class": SentenceParser,
}
"""What every command line that knows the settings of a fit is made with."""


class FitSettings(AlftCLI):
    """Parses the settings of a fit, and does nothing with them."""

    def __init__(self, arguments: list[str]) -> None:
        """Parse what follows ``python -m alft fit``."""
        super().__init__(Classifier, TextPool, args=arguments, run=False, parser_kwargs={"allow_abbrev": False}, **COMMON)

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
        parser = SentenceParser()
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
