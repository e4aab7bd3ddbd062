"""CSV files for a spreadsheet: columns id, text, label, note. Answers are matched by id; a text that returns is ignored."""

import csv
from collections.abc import Collection
from io import StringIO
from typing import ClassVar

from alft.campaign.answers import Answer, Asked, Taken
from alft.campaign.tools.tool import Tool
from alft.data.readers.delimited import read_delimited
from alft.system.excerpt import listed
from alft.system.visible import FORMULA

SKIP = ("skip", "?")


class Spreadsheet(Tool):
    """A table to fill in."""

    name: ClassVar[str] = "spreadsheet"
    endings: ClassVar[tuple[str, ...]] = (".csv",)

    def recognises(self, content: bytes) -> bool:
        """Whether it is a table with the columns id and label."""
        try:
            return {"id", "label"} <= set(read_delimited(content, ",", True, ("id",)).columns)
        except ValueError:
            return False

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """Rows with a label or ``skip``; labels are trimmed, and matched to the classes without regard to case."""
        columns = read_delimited(content, ",", True, ("id",)).columns
        alike = {name.casefold(): name for name in classes}
        answers, unknown = [], []
        for cell, written in zip(columns["id"], columns["label"], strict=True):
            text_id, label = cell.strip(), written.strip()
            if text_id not in known_ids:
                unknown.append(text_id)
            elif label:
                skipped = label.casefold() in SKIP and label.casefold() not in alike
                answers.append(Answer(text_id, None if skipped else alike.get(label.casefold(), label), tool=self.name))
        remarks = [f"not recorded: {len(unknown)} rows whose id is not of this campaign: {listed(unknown)}"] if unknown else []
        return Taken(answers, remarks)

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """UTF-8 with a byte order mark; a text that a spreadsheet would run as a formula begins with an apostrophe."""
        lines = StringIO()
        writer = csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(["id", "text", "label", "note"])
        writer.writerows([row.text_id, _harmless(row.text), "", ""] for row in rows)
        return lines.getvalue().encode("utf-8-sig", errors="replace")


def _harmless(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text
