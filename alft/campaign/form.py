"""What a label is in a campaign, by its task: one class, several classes, or entities; one subclass each.

A label is one string everywhere in a campaign, so that journal, tools and resolution need not know the task. One class is its
name; others are marks (:mod:`alft.campaign.marks`). The classes of a campaign with entities are their types.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from alft.campaign.marks import classes_in, entities_in, is_marks, marks_in, written
from alft.campaign.matching import match_label
from alft.campaign.placing import in_words
from alft.system.spans import BEGIN, INSIDE, OUTSIDE, Span, spans_of, tags_of
from alft.system.subclasses import subclasses


class Form(ABC):
    """Base class: the form of the labels of one task."""

    task: ClassVar[str]
    """Value of ``data.task``."""

    fewest: ClassVar[int] = 1
    """Smallest number of classes."""

    of_marks: ClassVar[bool] = True
    """Whether labels are marks, of which the majority decides one by one."""

    what: ClassVar[str]
    """What to give a text, in words."""

    ending: ClassVar[str] = ".csv"
    """Ending of a file that can ask for labels."""

    @abstractmethod
    def match(self, label: str, classes: Collection[str]) -> str:
        """A label as a tool gives it, with the names of the classes that it stands for."""

    @abstractmethod
    def names_in(self, label: str) -> tuple[str, ...]:
        """Names of the classes in a label, each once."""

    @abstractmethod
    def of_cell(self, cell: Any) -> str:
        """The label in what :meth:`alft.task.base.Task.read` makes of a cell."""

    @abstractmethod
    def columns(self, texts: Sequence[str], labels: Sequence[str]) -> dict[str, list[Any]]:
        """Columns of texts and labels, as a run reads them."""

    def placed(self, label: str, text: str) -> str:  # only entities have places
        """A matched label with places in words, where tools give them in characters.

        Raises:
            ValueError: It does not fit the text; the message continues "rows".
        """
        return label

    def outputs(self, classes: list[str]) -> list[str]:
        """Names of the outputs of a model."""
        return classes

    def refuse_names(self, classes: Collection[str]) -> None:
        """Raise a ValueError for a name that no class can have; most forms take any."""
        return

    def suffices(self, labels: Sequence[tuple[str, ...]]) -> bool:
        """Whether a model can be trained on labels with these classes."""
        return any(labels)

    def shown(self, label: str) -> str:
        """The label for people."""
        return "; ".join(self.names_in(label)) or NOTHING


NOTHING = "none"
"""What annotators write where no class applies, unless it is a class."""

JOINT, OTHERS = ";", (",", "|", "/", "\n")
"""What separates classes in a cell of a spreadsheet, and what people write in its place."""


class OneClass(Form):
    """The name of a class."""

    task: ClassVar[str] = "single"
    fewest: ClassVar[int] = 2
    of_marks: ClassVar[bool] = False
    what: ClassVar[str] = "a label"

    def match(self, label: str, classes: Collection[str]) -> str:
        """The class that it stands for."""
        return match_label(label, classes)

    def names_in(self, label: str) -> tuple[str, ...]:
        """The label."""
        return (label,)

    def of_cell(self, cell: Any) -> str:
        """The name."""
        return str(cell)

    def suffices(self, labels: Sequence[tuple[str, ...]]) -> bool:
        """Whether two classes occur."""
        return len(set(labels)) > 1

    def columns(self, texts: Sequence[str], labels: Sequence[str]) -> dict[str, list[Any]]:
        """Text and name."""
        return {"text": [*texts], "label": [*labels]}


class SeveralClasses(Form):
    """The names of any number of classes."""

    task: ClassVar[str] = "multi"
    what: ClassVar[str] = f"its labels, separated by {JOINT}, or {NOTHING}"

    def match(self, label: str, classes: Collection[str]) -> str:
        """The classes of a list in JSON, or of a cell in which they are separated by semicolons.

        >>> SeveralClasses().match("Sad; angry", ["angry", "sad"]), SeveralClasses().match("none", ["angry", "sad"])
        ('["angry", "sad"]', '[]')
        """
        if is_marks(label) and all(isinstance(mark, str) for mark in marks_in(label)):
            names = [name for mark in marks_in(label) for name in _classes_in(str(mark), classes)]
        else:
            names = _classes_in(label, classes)
        return written([] if [name.casefold() for name in names] == [NOTHING] and NOTHING not in classes else names)

    def refuse_names(self, classes: Collection[str]) -> None:
        """Refuse names that a cell cannot hold beside others."""
        for name in classes:
            if JOINT in name or name.casefold() == NOTHING:
                raise ValueError(
                    f"classes: {name!r} cannot be written beside others, separated by {JOINT}; give it another name"
                )

    def suffices(self, labels: Sequence[tuple[str, ...]]) -> bool:
        """Whether there are two different ones."""
        return len(set(labels)) > 1

    def names_in(self, label: str) -> tuple[str, ...]:
        """The classes."""
        return tuple(classes_in(label))

    def of_cell(self, cell: Any) -> str:
        """The names."""
        return written(cell)

    def columns(self, texts: Sequence[str], labels: Sequence[str]) -> dict[str, list[Any]]:
        """Text and list of names."""
        return {"text": [*texts], "label": [[*self.names_in(label)] for label in labels]}


class Entities(Form):
    """Entities: their first word, the word behind their last, and their type."""

    task: ClassVar[str] = "tags"
    what: ClassVar[str] = "its entities"
    ending: ClassVar[str] = ".json"

    def match(self, label: str, classes: Collection[str]) -> str:
        """The entities with the types that they stand for."""
        return written((*mark[:2], match_label(mark[2], classes), *mark[3:]) for mark in entities_in(label))

    def placed(self, label: str, text: str) -> str:
        """Words of entities that a tool gives in characters."""
        marks = entities_in(label)
        return written(in_words([Span(*mark[:3]) for mark in marks], [mark[3] for mark in marks], text))

    def names_in(self, label: str) -> tuple[str, ...]:
        """The types."""
        return tuple(dict.fromkeys(mark[2] for mark in entities_in(label)))

    def of_cell(self, cell: Any) -> str:
        """The entities of tags in IOB2."""
        return written(spans_of(cell))

    def columns(self, texts: Sequence[str], labels: Sequence[str]) -> dict[str, list[Any]]:
        """Words and tags in IOB2."""
        tokens = [text.split(" ") for text in texts]
        spans = [[Span(*mark) for mark in entities_in(label)] for label in labels]
        return {"tokens": tokens, "tags": [tags_of(own, len(words)) for own, words in zip(spans, tokens, strict=True)]}

    def outputs(self, classes: list[str]) -> list[str]:
        """``O``, and both tags of each type."""
        return [OUTSIDE, *(prefix + name for name in classes for prefix in (BEGIN, INSIDE))]


def _classes_in(cell: str, classes: Collection[str]) -> list[str]:
    """The classes in a cell: the whole, its parts between semicolons, or those between another sign if all are classes."""
    whole = match_label(cell, classes)
    if whole in classes:
        return [whole]
    for sign in (JOINT, *OTHERS):
        parts = [match_label(part, classes) for part in cell.split(sign) if part.strip()]
        if len(parts) > 1 and (sign == JOINT or all(part in classes for part in parts)):
            return parts
    return [match_label(cell.strip(f"{JOINT} ") or cell, classes)]


def form_of(task: str) -> Form:
    """The form of the labels of a task.

    Raises:
        ValueError: There is none of this name.
    """
    forms: list[Form] = [kind() for kind in subclasses(Form)]
    known = {form.task: form for form in forms}
    if task not in known:
        raise ValueError(f"data.task of a campaign must be {', '.join(sorted(known))}, got {task!r}")
    return known[task]
