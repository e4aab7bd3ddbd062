"""How are mistakes on the command line told? In one sentence, with the nearest name that would have been right."""

import re
from difflib import get_close_matches
from typing import NoReturn

from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser

from alft.selection.acquisition import Acquisition
from alft.selection.budget import Budget
from alft.selection.clustering import Clustering
from alft.selection.embedding import Embedding


class UsageError(ValueError):
    """The command line or a config file cannot be understood."""


class SentenceParser(LightningArgumentParser):
    """A parser that raises one sentence where others print their whole usage and exit."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise a UsageError with the message and, for a misspelt name, the nearest known one."""
        raise UsageError(message) from ex
