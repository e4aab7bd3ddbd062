"""Base class of the formats of an export. A new format is one file in this folder; ``--format`` takes the file's name."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from transformers import PreTrainedTokenizerBase

from alft.models.classifier import Classifier
from alft.task.base import Unit

CUT: dict[Unit, str] = {
    "text": "`truncation=True` cuts texts at {} tokens, as in training; without it longer ones raise an error.",
    "word": "Texts are cut at {} tokens, as in training.",
}
"""Sentence of a card whose texts go through a pipeline."""


@dataclass(frozen=True)
class Written:
    """What the model card says about the files of an export.

    Attributes:
        use: How to use them, in Markdown.
        cut: How texts are cut, a sentence.
    """

    use: str
    cut: str


class Format(ABC):
    """Writes a model, and tells how to use what it wrote."""

    library: ClassVar[str] = "transformers"
    """Library that reads the files, as the hub names it."""

    keeps_epinet: ClassVar[bool] = False
    """Whether an epinet is in the files."""

    def check(self, lora: Mapping[str, Any] | None, head: str) -> None:  # noqa: B027  # most formats hold every model
        """Refuse, before training, a model that this format cannot hold, or a package that is not installed.

        Args:
            lora: The setting ``model.lora``.
            head: Import path of the class of ``model.head``.

        Raises:
            ValueError: The message says what is missing.
        """

    @abstractmethod
    def write(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write the files into a folder that does not exist yet, in float32.

        Raises:
            ValueError: What was written does not give the model's predictions.
        """

    @abstractmethod
    def describe(self, model: Classifier, tokenizer: PreTrainedTokenizerBase, folder: str) -> Written:
        """What the card says.

        Args:
            model: The classifier.
            tokenizer: Its tokenizer, with the tokens per text as its limit.
            folder: Folder of the export as typed.
        """
