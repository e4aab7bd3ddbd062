"""Matches what a file of answers holds to the campaign: its ids, and its labels to the classes."""

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from alft.campaign.answers import Answer, Taken
from alft.system.excerpt import listed

SKIP = ("skip", "?")
"""Labels that skip a text, unless they are classes."""

ID_KEYS = ("alft_id", "id")
"""Where tools keep the id of a text: the first is ours, the second is the column of a spreadsheet that a tool imported."""


def match_label(written: str, classes: Collection[str]) -> str:
    """The class that a label stands for; the trimmed label itself if none does, or more than one.

    A label is compared as written, then without regard to case, then as a number (a spreadsheet turns 03 into 3), then as a
    program shows it that takes UTF-8 for Western European, and with the question marks that an old encoding puts in place of
    letters it lacks.

    >>> [match_label(label, ["Positive", "03", "ħażin"]) for label in (" positive", "3,0", "?a?in", "sad ")]
    ['Positive', '03', 'ħażin', 'sad']
    """
    label = _plain(written)
    for alike in (_same, _same_letters, _same_number, _misread, _damaged):
        fitting = [name for name in classes if alike(_plain(name), label)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            break
    return written.strip()


def is_skip(written: str, classes: Collection[str]) -> bool:
    """Whether a label skips the text."""
    return _plain(written).casefold() in SKIP and _plain(written) not in map(_plain, classes)


def number_in(label: str) -> float | None:
    """The number that a label is, also with a decimal comma; None for a word."""
    try:
        number = float(label.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def id_in(data: dict[str, Any], known_ids: Collection[str]) -> str:
    """The id that the data of a task hold: the one that the campaign knows, else the first that is there, else none."""
    written = [str(data[key]).strip() for key in ID_KEYS if data.get(key) is not None]
    return next((text_id for text_id in written if text_id in known_ids), next(iter(written), ""))


class Intake:
    """Collects the answers of a file, and the ids of what cannot be recorded."""

    def __init__(
        self,
        tool: str,
        classes: Collection[str],
        known_ids: Collection[str],
        match: Callable[[str, Collection[str]], str] = match_label,
    ) -> None:
        self.tool, self.classes, self.known_ids, self.match = tool, classes, known_ids, match
        self.answers: list[Answer] = []
        self.told: dict[str, list[str]] = {}
        self.listed: set[tuple[str, str]] = set()
        self.unread: set[Answer] = set()
        self.time = ""
        self._matched: dict[str, str] = {}

    def add(self, text_id: str, label: str | None, **given: Any) -> None:
        """Add an answer; None or an empty label is a skipped text. An id that the campaign lacks is told."""
        if text_id not in self.known_ids:
            self.tell("whose id is not of this campaign", text_id or "(no id)")
            return
        if label is None or not label.strip() or is_skip(label, self.classes):
            name = None
        else:
            name = self._matched.setdefault(label, self.match(label, self.classes))
        self.answers.append(Answer(text_id, name, **{"tool": self.tool, **given}))

    def tell(self, why: str, text_id: str, **given: Any) -> None:
        """Remember that a row was not recorded, and what is known of its answer: an earlier one of that person stays."""
        self.told.setdefault(why, []).append(text_id)
        if given:
            self.unread.add(Answer(text_id, None, **given))

    def list_task(self, tool: str, text_id: str, changed: str = "") -> None:
        """Note that the file has a task with all its answers, and when it was last changed."""
        self.listed.add((tool, text_id))
        self.time = max(self.time, changed)

    def taken(self, *remarks: str) -> Taken:
        """All that was added, with a remark for each reason why rows were not."""
        return Taken(
            self.answers, [*not_recorded(self.told), *remarks], frozenset(self.listed), self.time, frozenset(self.unread)
        )


def not_recorded(told: Mapping[str, Sequence[str]]) -> list[str]:
    """A remark for each reason why rows of these ids were not recorded."""
    return [f"not recorded: {len(ids)} rows {why}: {listed(ids)}" for why, ids in told.items()]


def newest(answers: list[Answer], order: Callable[[Answer], Any]) -> list[Answer]:
    """Of several answers of one annotator on one text only the newest; answers of unknown people all stay."""
    last: dict[tuple[str, str], Answer] = {}
    for answer in sorted(answers, key=order):
        last[answer.text_id, answer.annotator or f"#{answer.tool_id}"] = answer
    kept = {id(answer) for answer in last.values()}
    return [answer for answer in answers if id(answer) in kept]


def _plain(label: str) -> str:
    return unicodedata.normalize("NFC", label.strip())


def _same(name: str, label: str) -> bool:
    return name == label


def _same_letters(name: str, label: str) -> bool:
    return name.casefold() == label.casefold()


def _same_number(name: str, label: str) -> bool:
    number = number_in(label)
    return number is not None and number_in(name) == number


def _misread(name: str, label: str) -> bool:
    return not name.isascii() and name.encode("utf-8", "replace").decode("cp1252", "replace") == label


def _damaged(name: str, label: str) -> bool:
    if "?" not in label or name.isascii():
        return False
    letters = [re.escape(letter) if letter.isascii() else rf"(?:{re.escape(letter)}|\?{{1,2}})" for letter in name]
    return re.fullmatch("".join(letters), label, re.IGNORECASE) is not None
