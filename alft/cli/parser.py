"""The parser of a command that needs no Trainer."""

from typing import NoReturn

from jsonargparse import ArgumentParser

from alft.cli.sentences import Known, UsageError, explain


class SentenceParser(ArgumentParser):
    """A parser that raises one sentence where others print their whole usage and exit."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise a UsageError that says what is wrong and, for a misspelt name, which known one is nearest."""
        raise UsageError(explain(message, Known(setting_names(self)))) from ex


def setting_names(parser: ArgumentParser) -> set[str]:
    """Full names of a parser's settings, as they are typed."""
    return {key.removesuffix(".class_path").replace(".init_args.", ".") for key in parser.get_defaults().keys()}  # noqa: SIM118  # iterating a Namespace gives no full names  # noqa: SIM118  # iterating a Namespace gives no full names
