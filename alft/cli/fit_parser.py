"""The parser of ``fit``, ``validate`` and ``test``: Lightning's, with alft's error messages."""

from typing import NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from alft.cli.extensions import classes_of
from alft.cli.parser import setting_names
from alft.cli.sentences import Known, UsageError, explain


class FitParser(LightningArgumentParser):
    """A parser that raises an error with one sentence instead of printing its usage and exiting."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise a UsageError that states the error and, for a misspelt name, the nearest known one."""
        parser = getattr(ex, "subcommand_parser", None) or self
        raise UsageError(explain(message, Known(setting_names(parser), classes_of))) from ex
