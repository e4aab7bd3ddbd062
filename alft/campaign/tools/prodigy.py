"""JSONL files of Prodigy: tasks with options, and what ``prodigy db-out`` writes.

Source: prodi.gy/docs/api-interfaces (``choice``: ``options`` and ``accept``; ``classification``: ``label``; ``answer`` is
accept, reject or ignore) and prodi.gy/docs/api-web-app (``_annotator_id``, ``_session_id``, ``_timestamp`` in seconds). Own
keys of a task stay in it.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, ClassVar

from alft.campaign.answers import Asked, Taken
from alft.campaign.matching import Intake, id_in, match_label, newest
from alft.campaign.tools.json_rows import Row, dictionary, entries, json_lines, rows_if_any, rows_of
from alft.campaign.tools.tool import Tool

NAMELESS = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$")
"""End of the name that Prodigy gives a session without one: when it began, which is no person."""

OTHER = "a rejected label of two classes was taken for the other class: {} answers"


class Prodigy(Tool):
    """Tasks of the interfaces choice and classification."""

    name: ClassVar[str] = "prodigy"
    endings: ClassVar[tuple[str, ...]] = (".prodigy.jsonl",)

    def recognises(self, content: bytes) -> bool:
        """Whether the rows are tasks, before or after they were answered."""
        first = next(iter(rows_if_any(content)), {})
        return "text" in first and ("_task_hash" in first or isinstance(first.get("options"), list))

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """Accepted labels; ignored tasks are skipped texts, and so are rejected ones, unless they reject one of two classes."""
        intake, others = Intake(self.name, classes, known_ids), 0
        for row in rows_of(content):
            if row.get("answer") is None:
                continue
            text_id = id_in({**dictionary(row.get("meta")), **row}, known_ids)
            labels = _labels(row, classes)
            if row["answer"] == "reject" and len(labels) == 1 and len(classes) == 2 and "options" not in row:
                labels, others = [name for name in classes if name != labels[0]], others + (text_id in known_ids)
            elif row["answer"] != "accept":
                labels = []
            _add(intake, text_id, labels, row)
        intake.answers = newest(intake.answers, lambda answer: answer.time)
        return intake.taken(*[OTHER.format(others)] if others else [])

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """Tasks for a recipe with the interface choice, such as ``prodigy mark DATASET FILE --view-id choice``."""
        options = [{"id": name, "text": name} for name in classes]
        return json_lines([_task(row, options) for row in rows])


def _add(intake: Intake, text_id: str, labels: list[str], row: Row) -> None:
    given = {"annotator": _person(row), "tool_id": str(row.get("_task_hash", "")), "time": _time(row.get("_timestamp"))}
    if len(labels) > 1:
        intake.tell("that have several labels", text_id)
    elif row["answer"] == "accept" and not labels:
        intake.tell("that were accepted without a label", text_id)
    else:
        intake.add(text_id, labels[0] if labels else None, **given)


def _labels(row: Row, classes: list[str]) -> list[str]:
    """The accepted options, by their ids or else by their texts; or the label of the task."""
    if "options" not in row and "accept" not in row:
        return [match_label(str(row["label"]), classes)] if row.get("label") is not None else []
    texts = {str(option.get("id")): str(option.get("text")) for option in map(dictionary, entries(row.get("options")))}
    accepted = [match_label(str(choice), classes) for choice in entries(row.get("accept"))]
    return [choice if choice in classes else match_label(texts.get(choice, choice), classes) for choice in accepted]


def _person(row: Row) -> str:
    name = str(row.get("_annotator_id") or row.get("_session_id") or "")
    return "" if NAMELESS.search(name) else name


def _time(seconds: Any) -> str:
    if not isinstance(seconds, int | float):
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _task(row: Asked, options: list[dict[str, str]]) -> Row:
    suggested = {} if row.suggestion is None else {"accept": [row.suggestion]}
    return {"text": row.text, "alft_id": row.text_id, "options": options, **suggested}
