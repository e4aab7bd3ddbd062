"""Files of Label Studio: tasks to import, and its exports JSON, JSON_MIN and CSV.

Source: labelstud.io/guide/task_format, labelstud.io/guide/export, and files written by Label Studio 1.23.2. In a JSON export
each task has ``annotations``; one with ``was_cancelled`` was skipped, even if it carries the label that a model suggested.
JSON_MIN and CSV have one row an annotation and leave skipped tasks out. The tool of an answer is ``label-studio/PROJECT``,
so that an export of one project says nothing about the answers of another. An export may be filtered to annotated tasks, which
nothing in it tells: an answer was withdrawn if its task is there without it, and stays if its task is not there.
"""

import codecs
import json
from collections.abc import Collection, Iterator
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

from alft.campaign.answers import Answer, Asked, Taken
from alft.campaign.matching import Intake, id_in, newest, number_in
from alft.campaign.tools.json_rows import Row, dictionary, entries, rows_if_any, rows_of
from alft.campaign.tools.tool import Tool
from alft.data.readers.delimited import read_delimited

CONTROL = "label"
"""Name of the choices in the labelling configuration, and so the key of the answer in JSON_MIN."""

CONFIG = (
    '<View><Text name="text" value="$text"/>'
    '<Choices name="label" toName="text" choice="single" showInline="true">{}</Choices></View>'
)

MODEL = "alft"
"""What the predictions state as their model."""

NO_SKIPS = "a JSON_MIN or CSV export leaves skipped tasks out, and withdrawn answers are not noticed: export JSON to count them"
SHORT = {"annotation_id", "annotator", "lead_time"}
"""Keys of a row of JSON_MIN or CSV."""

NO_LABEL = "whose annotation holds no choice"


class LabelStudio(Tool):
    """Tasks of text classification with one choice."""

    name: ClassVar[str] = "label-studio"
    endings: ClassVar[tuple[str, ...]] = (".json",)

    def recognises(self, content: bytes) -> bool:
        """Whether the first object is a task, or an annotation of JSON_MIN or CSV."""
        first = next(iter(rows_if_any(content)), {})
        return isinstance(first.get("data"), dict) or first.keys() >= SHORT or _is_table(content)

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """The newest annotation of each person. A task with a list of annotations has all of them, in a filtered export too."""
        rows = _table(content) if _is_table(content) else rows_of(content)
        intake = Intake(self.name, classes, known_ids)
        for row in rows:
            _read_task(row, intake) if "data" in row else _read_short(row, intake)
        intake.answers = newest(intake.answers, _age)
        return intake.taken(*[NO_SKIPS] if any("data" not in row for row in rows) else [])

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """Tasks to import; a prediction stands in those that have a suggestion."""
        return json.dumps([task_of(row) for row in rows], ensure_ascii=False, indent=1).encode("utf-8", errors="replace")


def labelling_config(classes: list[str]) -> str:
    """The labelling configuration: one choice of the classes.

    >>> print(labelling_config(["a & b"]))
    <View>...<Choice value="a &amp; b"/></Choices></View>
    """
    return CONFIG.format("".join(f"<Choice value={quoteattr(name)}/>" for name in classes))


def task_of(row: Asked) -> Row:
    """One task to import."""
    task: Row = {"data": {"text": row.text, "alft_id": row.text_id}}
    if row.suggestion is not None:
        choice = {"from_name": CONTROL, "to_name": "text", "type": "choices", "value": {"choices": [row.suggestion]}}
        task["predictions"] = [{"model_version": MODEL, "result": [choice]}]
    return task


def _read_task(task: Row, intake: Intake) -> None:
    text_id = id_in(dictionary(task["data"]), intake.known_ids)
    tool = f"{intake.tool}/{task['project']}" if "project" in task else intake.tool
    if isinstance(task.get("annotations"), list):
        intake.list_task(tool, text_id, _time(task))
    for annotation in map(dictionary, entries(task.get("annotations"))):
        given = {
            "annotator": _person(annotation.get("completed_by")),
            "seconds": _seconds(annotation),
            "tool": tool,
            "tool_id": str(annotation.get("id", "")),
            "time": _time(annotation),
        }
        choices = list(_choices(annotation.get("result")))
        if annotation.get("was_cancelled"):
            intake.add(text_id, None, **given)
        elif len(choices) == 1:
            intake.add(text_id, choices[0], **given)
        else:
            intake.tell("that have several choices" if choices else NO_LABEL, text_id)


def _read_short(row: Row, intake: Intake) -> None:
    """One row of JSON_MIN, in which the data stand beside the annotation; an untouched task has no annotation."""
    if row.get("annotation_id") in (None, ""):
        return
    label, text_id = row.get(CONTROL), str(row.get("alft_id") or "")
    if not isinstance(label, str) or not label:
        intake.tell("that have several choices" if label else NO_LABEL, text_id)
        return
    annotator, tool_id = _person(row.get("annotator")), str(row["annotation_id"])
    intake.add(text_id, label, annotator=annotator, seconds=_seconds(row), tool_id=tool_id, time=_time(row))


def _is_table(content: bytes) -> bool:
    """Whether the first line is the header of a CSV export."""
    first = content.lstrip(codecs.BOM_UTF8 + b" \r\n").partition(b"\n")[0]
    return not first.startswith((b"[", b"{")) and all(name.encode() in first for name in SHORT)


def _table(content: bytes) -> list[Row]:
    columns = read_delimited(content, ",", True, (CONTROL,)).columns
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _choices(result: Any) -> Iterator[str]:
    """The choices of one annotation; other regions, such as a comment, are passed over."""
    for region in map(dictionary, entries(result)):
        if region.get("type") == "choices":
            yield from map(str, entries(dictionary(region.get("value")).get("choices")))


def _person(who: Any) -> str:
    """The number of an annotator, which some exports give within an object."""
    who = who.get("id") if isinstance(who, dict) else who
    return "" if who is None else str(who)


def _seconds(annotation: Row) -> float | None:
    return number_in(str(annotation.get("lead_time")))


def _time(annotation: Row) -> str:
    return str(annotation.get("updated_at") or annotation.get("created_at") or "")


def _age(answer: Answer) -> tuple[str, int]:
    """Later is newer; of two in one moment, the one with the higher number."""
    return answer.time, int(answer.tool_id) if answer.tool_id.isdigit() else 0
