"""Files of doccano 1.8: JSONL to import; its exports JSONL, JSON and CSV, alone or in the archive with one file a member.

Source: backend/data_export/pipeline of github.com/doccano/doccano: ``factories.py`` (columns ``id``, ``text``, ``label``,
``Comments``, and those that were imported), ``formatters.py`` (labels as a list, in CSV joined by ``#``), ``celery_tasks.py``
(the archive). doccano knows no skipped texts; an empty list is a text without an answer.
"""

from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import PurePosixPath
from typing import ClassVar
from zipfile import BadZipFile, ZipFile

from alft.campaign.answers import Asked, Taken
from alft.campaign.matching import Intake, id_in
from alft.campaign.tools.json_rows import Row, entries, json_lines, rows_if_any, rows_of
from alft.campaign.tools.tool import Tool
from alft.data.readers.delimited import read_delimited

JOIN = "#"
"""Between the labels of a text in CSV."""

ENDINGS = (".jsonl", ".json", ".csv")

TOGETHER = "all"
"""Name of the file of a project whose members share their labels."""


class Doccano(Tool):
    """Texts of a project for text classification."""

    name: ClassVar[str] = "doccano"
    endings: ClassVar[tuple[str, ...]] = (".doccano.jsonl",)
    suggests: ClassVar[bool] = False

    def recognises(self, content: bytes) -> bool:
        """Whether it is a table with comments, a list of texts with a list of labels, or an archive of such files."""
        return any(_is_export(part) for _, part in _parts(content))

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """Texts with one label; in an archive the name of a file is that of the member."""
        intake = Intake(self.name, classes, known_ids)
        for member, part in _parts(content):
            for row in _rows(part):
                text_id, labels = id_in(row, known_ids), [str(label) for label in entries(row.get("label"))]
                if len(labels) == 1 or (labels and JOIN.join(labels) in classes):
                    intake.add(text_id, JOIN.join(labels), annotator=member)
                elif labels:
                    intake.tell("that have several labels", text_id)
        return intake.taken()

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """One text a line for the import as JSONL; a suggestion is left out, since doccano would take it for an answer."""
        return json_lines([{"text": row.text, "label": [], "alft_id": row.text_id} for row in rows])


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of an archive with the names of their members; else the file itself."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            names = [PurePosixPath(name) for name in archive.namelist()]
            if all(name.suffix in ENDINGS for name in names):
                yield from (("" if name.stem == TOGETHER else name.stem, archive.read(str(name))) for name in names)
    except (BadZipFile, OSError, ValueError):
        yield "", content


def _is_export(content: bytes) -> bool:
    row = next(iter(rows_if_any(content)), None)
    if row is not None:
        return isinstance(row.get("text"), str) and isinstance(row.get("label"), list)
    try:
        return _is_table(content)
    except ValueError:
        return False


def _is_table(content: bytes) -> bool:
    columns = read_delimited(content, ",", True, ("text", "label")).columns
    return {"id", "text", "label", "Comments"} <= set(columns)


def _rows(content: bytes) -> list[Row]:
    if not content.strip():
        return []
    if rows_if_any(content):
        return rows_of(content)
    columns = read_delimited(content, ",", True, ("text", "label")).columns
    rows = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
    return [{**row, "label": row["label"].split(JOIN) if row["label"].strip() else []} for row in rows]
