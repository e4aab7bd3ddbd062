"""Files of Label Studio: tasks to import, and its exports JSON, JSON_MIN and CSV.

Source: labelstud.io/guide/task_format, labelstud.io/guide/export, and files written by Label Studio 1.23.2. In a JSON export
each task has ``annotations``; one with ``was_cancelled`` was skipped, even if it carries the label that a model suggested.
JSON_MIN and CSV have one row an annotation and leave skipped tasks out. The tool of an answer is ``label-studio/PROJECT``,
so that an export of one project says nothing about the answers of another. An export may be filtered to annotated tasks, which
nothing in it tells: an answer was withdrawn if its task is there without it, and stays if its task is not there.
"""

import codecs
import json
from collections.abc import Collection
from typing import Any, ClassVar

from alft.campaign.answers import Answer, Asked, Taken
from alft.campaign.form import Entities, OneClass, SeveralClasses
from alft.campaign.matching import Intake, id_in, newest, number_in
from alft.campaign.tools.json_rows import Row, dictionary, entries, rows_if_any, rows_of
from alft.campaign.tools.label_studio_control import CONTROL, NO_LABEL, Control, control_of
from alft.campaign.tools.tool import Tool
from alft.data.readers.delimited import read_delimited

MODEL = "alft"
"""What the predictions state as their model."""

NO_SKIPS = "a JSON_MIN or CSV export leaves skipped tasks out, and withdrawn answers are not noticed: export JSON to count them"
SHORT = {"annotation_id", "annotator", "lead_time"}
"""Keys of a row of JSON_MIN or CSV."""


class LabelStudio(Tool):
    """Tasks of text with one control, by the task of the campaign."""

    name: ClassVar[str] = "label-studio"
    endings: ClassVar[tuple[str, ...]] = (".json",)
    tasks: ClassVar[tuple[str, ...]] = (OneClass.task, SeveralClasses.task, Entities.task)

    def recognises(self, content: bytes) -> bool:
        """Whether the first object is a task, or an annotation of JSON_MIN or CSV."""
        first = next(iter(rows_if_any(content)), {})
        return isinstance(first.get("data"), dict) or first.keys() >= SHORT or _is_table(content)

    def read(self, content: bytes, classes: list[str], known_ids: Collection[str]) -> Taken:
        """The newest annotation of each person. A task with a list of annotations has all of them, in a filtered export too."""
        rows = _table(content) if _is_table(content) else rows_of(content)
        intake, control = Intake(self.name, classes, known_ids, self.form.match), control_of(self.form.task)
        named = any(row.get(CONTROL) not in (None, "") for row in rows)  # else nothing tells what an answer without a label is
        for row in rows:
            if "data" in row:
                _read_task(row, control, intake)
            elif row.get("annotation_id") not in (None, ""):  # an untouched task has no annotation
                _read_short(row, control, intake) if named else intake.tell(NO_LABEL, str(row.get("alft_id") or ""))
        intake.answers = newest(intake.answers, _age)
        return intake.taken(*[NO_SKIPS] if any("data" not in row for row in rows) else [])

    def write(self, rows: list[Asked], classes: list[str]) -> bytes:
        """Tasks to import; a prediction stands in those that have a suggestion."""
        return json.dumps([task_of(row, self.form.task) for row in rows], ensure_ascii=False, indent=1).encode(
            "utf-8", errors="replace"
        )


def labelling_config(classes: list[str], task: str = OneClass.task) -> str:
    """The labelling configuration: one control with the classes.

    >>> print(labelling_config(["a & b"]))
    <View>...<Choice value="a &amp; b"/></Choices></View>
    """
    return control_of(task).config(classes)


def task_of(row: Asked, task: str = OneClass.task) -> Row:
    """One task to import."""
    made: Row = {"data": {"text": row.text, "alft_id": row.text_id}}
    if row.suggestion is not None:
        control = control_of(task)
        head = {"from_name": CONTROL, "to_name": "text", "type": control.kind}
        result = [{**head, "value": value} for value in control.values_of(row.suggestion, row.text)]
        made["predictions"] = [{"model_version": MODEL, "result": result}]
    return made


def _read_task(task: Row, control: Control, intake: Intake) -> None:
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
        try:
            label = None if annotation.get("was_cancelled") else control.label_in(annotation.get("result"))
        except ValueError as why:
            intake.tell(str(why), text_id, **given)
            continue
        intake.add(text_id, label, **given)


def _read_short(row: Row, control: Control, intake: Intake) -> None:
    """One row of JSON_MIN or CSV: the data stand beside the annotation, and a label that holds nothing is left out."""
    text_id = str(row.get("alft_id") or "")
    try:
        label = control.label_in_cell(row.get(CONTROL) or "")
    except ValueError as why:
        intake.tell(str(why), text_id)
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
