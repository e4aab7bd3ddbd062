"""What annotators of Label Studio give a text, by the task of the campaign: one choice, several choices, or labels of spans.

Source: labelstud.io/tags/choices, labelstud.io/tags/labels, and files written by Label Studio 1.23.2. A span has its characters
as ``start`` and ``end``, which is the one behind its last.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

from alft.campaign.form import Entities, OneClass, SeveralClasses
from alft.campaign.marks import marks_in, written
from alft.campaign.placing import in_characters
from alft.campaign.tools.json_rows import Row, dictionary, entries
from alft.system.spans import Span
from alft.system.subclasses import subclasses

CONTROL = "label"
"""Name of the control in the labelling configuration, and so the key of the answer in JSON_MIN."""

COMMENT = "textarea"
"""Type of the regions of a comment, which may stand where nothing is chosen or marked."""

NO_LABEL = "whose annotation holds no choice"


class Control(ABC):
    """Base class: one control of a labelling configuration."""

    task: ClassVar[str]
    """Task of the campaigns that use it."""

    kind: ClassVar[str]
    """Type of its regions, and key of the names in their values."""

    element: ClassVar[str]
    """Name of the elements of the classes."""

    frame: ClassVar[str]
    """The configuration around these elements."""

    def config(self, classes: list[str]) -> str:
        """The labelling configuration."""
        return self.frame.format("".join(f"<{self.element} value={quoteattr(name)}/>" for name in classes))

    def label_in(self, result: Any) -> str:
        """The label in the result of an annotation; other regions, such as a comment, are passed over.

        Raises:
            ValueError: It holds none, or several where one is expected; the message continues "rows".
        """
        if not isinstance(result, list):
            raise ValueError("whose annotation has no result")
        regions = list(map(dictionary, result))
        own = [dictionary(region.get("value")) for region in regions if region.get("type") == self.kind]
        if not own and any(region.get("type") != COMMENT for region in regions):
            raise ValueError(NO_LABEL)
        return self.label_of(own)

    def label_in_cell(self, cell: Any) -> str:
        """The same of the cell of an annotation in JSON_MIN or CSV, which has names alone where there is nothing else.

        Raises:
            ValueError: As above.
        """
        if isinstance(cell, str) and cell.startswith(("{", "[")):
            with suppress(ValueError, RecursionError):  # else it is a name that begins so
                cell = json.loads(cell)
        if not cell:
            return self.label_of([])
        if isinstance(cell, str):
            cell = {self.kind: [cell]}
        return self.label_of(list(map(dictionary, cell if isinstance(cell, list) else [cell])))

    @abstractmethod
    def label_of(self, values: list[Row]) -> str:
        """The label in the values of regions."""

    @abstractmethod
    def values_of(self, label: str, text: str) -> Iterator[Row]:
        """The values of regions that show a label."""

    def _names(self, values: list[Row]) -> list[str]:
        """The names in all values, each of which must have a list of them."""
        lists = [value.get(self.kind) for value in values]
        if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
            raise ValueError(NO_LABEL)
        return [name for names in lists for name in entries(names)]


class OneChoice(Control):
    """One of the classes."""

    task: ClassVar[str] = OneClass.task
    kind: ClassVar[str] = "choices"
    element: ClassVar[str] = "Choice"
    frame: ClassVar[str] = (
        '<View><Text name="text" value="$text"/>'
        '<Choices name="label" toName="text" choice="single" showInline="true">{}</Choices></View>'
    )

    def label_of(self, values: list[Row]) -> str:
        """The one choice."""
        names = self._names(values)
        if len(names) != 1:
            raise ValueError("that have several choices" if names else NO_LABEL)
        return names[0]

    def values_of(self, label: str, text: str) -> Iterator[Row]:
        """One choice."""
        yield {"choices": [label]}


class SeveralChoices(Control):
    """Any number of the classes; none of them if an annotation holds no choice."""

    task: ClassVar[str] = SeveralClasses.task
    kind: ClassVar[str] = "choices"
    element: ClassVar[str] = "Choice"
    frame: ClassVar[str] = OneChoice.frame.replace('"single"', '"multiple"')

    def label_of(self, values: list[Row]) -> str:
        """All choices."""
        return written(self._names(values))

    def values_of(self, label: str, text: str) -> Iterator[Row]:
        """All choices in one value."""
        yield {"choices": [*marks_in(label)]}


class LabelledSpans(Control):
    """Spans of the text with a type each; no entity if an annotation holds none."""

    task: ClassVar[str] = Entities.task
    kind: ClassVar[str] = "labels"
    element: ClassVar[str] = "Label"
    frame: ClassVar[str] = (
        '<View><Labels name="label" toName="text">{}</Labels><Text name="text" value="$text" granularity="word"/></View>'
    )

    def label_of(self, values: list[Row]) -> str:
        """Entities in characters, with what they cover."""
        if not all(any(self._names([value])) for value in values):
            raise ValueError("with an entity that has no type")
        if any(type(value.get(end)) is not int for value in values for end in ("start", "end")):
            raise ValueError("with an entity that has no place")
        return written(
            (one["start"], one["end"], name, str(one.get("text") or "")) for one in values for name in one[self.kind]
        )

    def values_of(self, label: str, text: str) -> Iterator[Row]:
        """A value for each entity."""
        for start, end, kind in in_characters([Span(*mark) for mark in marks_in(label)], text):
            yield {"start": start, "end": end, "text": text[start:end], "labels": [kind]}


def control_of(task: str) -> Control:
    """The control for campaigns of a task."""
    controls: list[Control] = [kind() for kind in subclasses(Control)]
    return next(control for control in controls if control.task == task)
