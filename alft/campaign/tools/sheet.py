"""What all spreadsheets have in common: rows of cells, of which the columns id and label count.

A text that comes back is ignored: spreadsheets rewrite what looks like a number or a formula. A row is matched by its id alone,
so rows may be missing, doubled or in any order.
"""

import re
from abc import abstractmethod
from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from alft.campaign.answers import Asked, Taken
from alft.campaign.form import Form, OneClass, SeveralClasses
from alft.campaign.matching import SKIP, Intake, is_skip, match_label, number_in
from alft.campaign.tools.tool import Tool
from alft.system.excerpt import listed
from alft.system.visible import FORMULA

HEADER = ("id", "text", "label", "note")

SUGGESTED = "suggested"
"""Column with suggestions, in files that have some; it is ignored when it comes back."""

Rows = list[list[str]]
"""Cells of a table as text, with the header in one of the first rows; rows may differ in length."""

DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?|true|false", re.IGNORECASE)
"""A class that becomes a date or a truth value when a spreadsheet opens a CSV file."""

FIRST = 10
"""Rows among which the header is looked for."""

MISREAD_MARK = "ï»¿"
"""What a program that takes UTF-8 for Western European shows in place of the byte order mark."""

ALIKE = "label: the classes {} are the same number, which a spreadsheet may write in one way; rename all but one"
NUMBERS = (
    "label: the classes {} look like numbers; a spreadsheet may rewrite them, and they are matched by value when they return"
)
DATES = "label: the classes {} look like dates or truth values, which a spreadsheet rewrites: ask in .xlsx, or rename them"
LOST = (
    "label: the classes {} are alike once an old encoding has replaced their letters; keep the file in UTF-8, or ask in .xlsx"
)


class Sheet(Tool):
    """Base class of spreadsheets: ``tables`` gives the cells of a file, in every way in which they can be read."""

    name: ClassVar[str] = "spreadsheet"
    tasks: ClassVar[tuple[str, ...]] = (OneClass.task, SeveralClasses.task)

    @abstractmethod
    def tables(self, content: bytes) -> Iterator[Rows]:
        """The tables that a file may be read as; the one with the most rows of the campaign is taken.

        Raises:
            ValueError: The file is damaged.
        """

    def recognises(self, content: bytes) -> bool:
        """Whether a table has the columns id and label."""
        try:
            return any(start_of(rows) is not None for rows in self.tables(content))
        except ValueError:
            return False

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """Rows with a label, ``skip`` or ``?``; a row with an empty label is not answered."""
        tables = [columns for rows in self.tables(content) if (columns := _columns(rows)) is not None]
        if not tables:
            raise ValueError(f"has no columns id and label; keep the header {','.join(HEADER)} as written")
        return self._answers(max(tables, key=lambda columns: self._quality(columns, classes, known_ids)), classes, known_ids)

    def advice(self, classes: list[str]) -> list[str]:
        """Classes that look like numbers, and those that a spreadsheet may make alike."""
        numbers = [name for name in classes if number_in(name) is not None]
        alike = [name for name in numbers if match_label(f"{number_in(name)!r}", set(classes) - {name}) in classes]
        dates = [name for name in classes if DATE.fullmatch(name.strip()) and name not in numbers]
        masked = ["".join(letter if letter.isascii() else "?" for letter in name.casefold()) for name in classes]
        lost = [name for name, mask in zip(classes, masked, strict=True) if "?" in mask and masked.count(mask) > 1]
        found = ((ALIKE, alike), (NUMBERS, numbers if not alike else []), (DATES, dates), (LOST, lost))
        return [sentence.format(listed(names)) for sentence, names in found if names]

    def _quality(self, columns: list[tuple[str, str, str]], classes: list[str], known_ids: Collection[str]) -> tuple[int, int]:
        """Rows of the campaign, then labels of known classes, or skip: the right separator and encoding have the most."""
        labels = [label for text_id, label, _ in columns if text_id in known_ids and label]
        matched = {label: is_skip(label, classes) or self._is_known(label, classes) for label in set(labels)}
        return sum(text_id in known_ids for text_id, _, _ in columns), sum(matched[label] for label in labels)

    def _is_known(self, label: str, classes: list[str]) -> bool:
        return set(self.form.names_in(self.form.match(label, classes))) <= set(classes)

    def _answers(self, columns: list[tuple[str, str, str]], classes: list[str], known_ids: Collection[str]) -> Taken:
        """One answer for each id and annotator; an id with several labels is told and not recorded."""
        intake = Intake(self.name, classes, known_ids, self.form.match)
        labels: dict[tuple[str, str], dict[str, str]] = {}
        for text_id, label, annotator in columns:
            if label and text_id in known_ids:
                labels.setdefault((text_id, annotator), {}).setdefault(self.form.match(label, classes), label)
            elif text_id not in known_ids:
                intake.add(text_id, label)
        for (text_id, annotator), given in labels.items():
            if len(given) > 1:
                intake.tell("that have several labels for one id", text_id)
            else:
                intake.add(text_id, *given.values(), annotator=annotator)
        return intake.taken()


def start_of(rows: Rows) -> int | None:
    """The row with the columns id and label; None if none of the first has them."""
    named = (set(map(column_name, row)) for row in rows[:FIRST])
    return next((number for number, names in enumerate(named) if {"id", "label"} <= names), None)


def column_name(cell: str) -> str:
    """The name in a header, without the byte order mark and quotes that a program left in it.

    >>> column_name('ï»¿"id"'), column_name(" Label ")
    ('id', 'label')
    """
    return cell.strip().removeprefix(MISREAD_MARK).removeprefix("\ufeff").strip('"').strip().lower()


def table_of(rows: list[Asked], classes: list[str], form: Form) -> Rows:
    """Header and rows of a spreadsheet that asks; suggestions have their own column, since a filled label would be an answer.

    Raises:
        ValueError: A class is a word that skips a text.
    """
    skipping = [name for name in classes if name.strip().casefold() in SKIP]
    if skipping:
        raise ValueError(
            f"classes: {skipping[0]!r} skips a text in a spreadsheet; rename the class, or use Label Studio (.json)"
        )
    table = [[*HEADER], *([row.text_id, harmless(row.text), "", ""] for row in rows)]
    if any(row.suggestion is not None for row in rows):
        suggestions = [SUGGESTED, *(harmless("" if row.suggestion is None else form.shown(row.suggestion)) for row in rows)]
        table = [[*cells, suggestion] for cells, suggestion in zip(table, suggestions, strict=True)]
    return table


def harmless(text: str) -> str:
    """The text, after an apostrophe where a spreadsheet would run it as a formula.

    >>> harmless("=1+1"), harmless("fine")
    ("'=1+1", 'fine')
    """
    runs = text.startswith(("\t", "\r")) or text.lstrip().startswith(FORMULA)
    return f"'{text}" if runs else text


def cell_text(value: Any) -> str:
    """A typed cell as a person reads it: a whole number without its decimal point, an empty cell as nothing."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _columns(rows: Rows) -> list[tuple[str, str, str]] | None:
    """Id, label and annotator of each row below the header."""
    start = start_of(rows)
    if start is None:
        return None
    names = list(map(column_name, rows[start]))
    filled = (dict(zip(names, map(str.strip, row), strict=False)) for row in rows[start + 1 :] if any(map(str.strip, row)))
    return [(row.get("id", "").lower(), row.get("label", ""), row.get("annotator", "")) for row in filled]
