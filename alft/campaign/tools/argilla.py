"""Files of Argilla 2: records as JSON (``dataset.records.to_json``), and as JSONL by way of ``to_datasets``.

Source: argilla/src/argilla/records of github.com/argilla-io/argilla, version 2: ``Record.to_dict`` (``responses`` by question,
each with ``value`` and ``user_id``, without a status) and ``GenericIO`` (columns ``QUESTION.responses``, with ``.users`` and
``.status``).
"""

import json
from collections.abc import Collection, Iterator
from itertools import zip_longest
from typing import Any, ClassVar

from alft.campaign.answers import Asked, Taken
from alft.campaign.matching import Intake, id_in
from alft.campaign.tools.json_rows import Row, dictionary, entries, rows_if_any, rows_of
from alft.campaign.tools.tool import Tool
from alft.system.excerpt import listed

QUESTION = "label"
"""The question that is read where a data set has several."""

FLAT = ".responses"

NO_STATUS = (
    "records in JSON state no status, so drafts count as answers and discarded ones with a label too; "
    "to tell them apart, export with dataset.records.to_datasets().to_json(PATH)"
)
SEVERAL = "has the questions {}, and none is called label; rename the one that asks for the class"


class Argilla(Tool):
    """Records with one question for a label; the id of a record is the id of the text."""

    name: ClassVar[str] = "argilla"
    endings: ClassVar[tuple[str, ...]] = (".argilla.json",)

    def recognises(self, content: bytes) -> bool:
        """Whether the rows are records, nested or flat."""
        first = next(iter(rows_if_any(content)), {})
        nested = {"id", "fields", "responses"} <= first.keys()
        return nested or "_server_id" in first or any(name.endswith(FLAT) for name in first)

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """Submitted responses; discarded ones are skipped texts, drafts are not answers yet."""
        rows = rows_of(content)
        question, stateless = _question(rows), False
        intake = Intake(self.name, classes, known_ids)
        for row in rows:
            text_id = id_in({**row, **dictionary(row.get("metadata"))}, known_ids)
            for value, person, status in _responses(row, question):
                stateless |= status is None
                _add(intake, text_id, value, person, status)
        return intake.taken(*[NO_STATUS] if stateless else [])

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """Records for ``dataset.records.from_json``, of a data set with a field ``text`` and a label question ``label``."""
        return json.dumps([_record(row) for row in rows], ensure_ascii=False, indent=1).encode("utf-8", errors="replace")


def _add(intake: Intake, text_id: str, value: Any, person: str, status: str | None) -> None:
    values = value if isinstance(value, list) else [value]
    if status == "draft":
        return
    if status == "discarded" or value is None or not values:
        intake.add(text_id, None, annotator=person)
    elif len(values) == 1:
        intake.add(text_id, str(values[0]), annotator=person)
    else:
        intake.tell("that have several labels", text_id)


def _question(rows: list[Row]) -> str:
    """The question that asks for the label."""
    nested = [name for row in rows for name in dictionary(row.get("responses"))]
    flat = [name.removesuffix(FLAT) for row in rows for name in row if name.endswith(FLAT)]
    names = list(dict.fromkeys([*nested, *flat]))
    if len(names) > 1 and QUESTION not in names:
        raise ValueError(SEVERAL.format(listed(names)))
    return QUESTION if QUESTION in names or not names else names[0]


def _responses(row: Row, question: str) -> Iterator[tuple[Any, str, str | None]]:
    """Value, person and status of each response; the status is None where the file states none."""
    for response in map(dictionary, entries(dictionary(row.get("responses")).get(question))):
        yield response.get("value"), str(response.get("user_id") or ""), response.get("status")
    columns = [entries(row.get(f"{question}{FLAT}{part}")) for part in ("", ".users", ".status")]
    for value, person, status in zip_longest(*columns):
        yield value, str(person or ""), status


def _record(row: Asked) -> Row:
    suggestion = {} if row.suggestion is None else {QUESTION: {"value": row.suggestion, "score": None, "agent": "alft"}}
    empty: Row = {"metadata": {}, "vectors": {}, "responses": {}}
    return {"id": row.text_id, "fields": {"text": row.text}, "suggestions": suggestion, **empty}
