"""The parser of ``fit``, ``validate`` and ``test``: Lightning's, with our sentences."""

from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from alft.cli.extensions import classes_of
from alft.cli.parser import setting_names
from alft.cli.sentences import Known, UsageError, explain


class FitParser(LightningArgumentParser):
    """A parser that raises one sentence where others print their whole usage and exit."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise a UsageError that says what is wrong and, for a misspelt name, which known one is nearest."""
        parser = getattr(ex, "subcommand_parser", None) or self
        raise UsageError(explain(message, Known(setting_names(parser), classes_of))) from ex
