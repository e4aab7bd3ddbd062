"""The base class of annotation tools: one subclass is one file format."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import ClassVar

from alft.campaign.answers import Asked, Taken
from alft.campaign.form import OneClass, form_of


class Tool(ABC):
    """Base class: reads and writes the files of one annotation tool. It is found by being imported, and is not registered.

    Args:
        task: Task of the campaign, one of :attr:`tasks`.
    """

    name: ClassVar[str]
    """Name of the tool, as written to the journal."""

    endings: ClassVar[tuple[str, ...]] = ()
    """Endings of the names of files that it writes, in lower case; empty for a format that is only read."""

    suggests: ClassVar[bool] = True
    """Whether its files have a place for a suggestion that is no answer."""

    tasks: ClassVar[tuple[str, ...]] = (OneClass.task,)
    """Tasks of the campaigns whose labels its files can hold."""

    def __init__(self, task: str = OneClass.task) -> None:
        self.form = form_of(task)

    @abstractmethod
    def recognises(self, content: bytes) -> bool:
        """Whether a file is of this tool, by what is in it."""

    @abstractmethod
    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """The answers in a file.

        Args:
            content: The file.
            classes: Known classes, to which labels are matched.
            known_ids: Ids of the campaign.

        Raises:
            ValueError: The file cannot be read; the message says where.
        """

    @abstractmethod
    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """A file that asks for the labels of these texts.

        Raises:
            ValueError: The tool cannot take these classes, or its format is only read; the message says what to use.
        """

    def advice(self, classes: list[str]) -> list[str]:  # most tools return every label as it is
        """Sentences to show when a file is written: classes that the tool may return in another form."""
        return []
