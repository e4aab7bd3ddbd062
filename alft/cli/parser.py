"""The parser of commands that need no Trainer."""

from typing import NoReturn

from jsonargparse import ArgumentParser

from alft.cli.sentences import Known, UsageError, explain


class SentenceParser(ArgumentParser):
    """A parser that raises an error with one sentence instead of printing its usage and exiting."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise a UsageError that states the error and, for a misspelt name, the nearest known one."""
        raise UsageError(explain(message, Known(setting_names(self)))) from ex


def setting_names(parser: ArgumentParser) -> set[str]:
    """Full names of a parser's settings, as typed."""
    return {key.removesuffix(".class_path").replace(".init_args.", ".") for key in parser.get_defaults().keys()}  # noqa: SIM118  # iterating a Namespace gives no full names
