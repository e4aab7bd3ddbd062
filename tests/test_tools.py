"""Annotation tools: every file is recognised by its own tool alone, and recorded exports give the answers that people gave."""

import json
import time
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alft.campaign.answers import Answer, Asked
from alft.campaign.tools.known import tool_of_content, tool_of_name, tools
from alft.campaign.tools.label_studio import LabelStudio, labelling_config

CLASSES = ["negative", "positive"]
IDS = [f"t{number:016x}" for number in range(6)]
EXPORTS = Path(__file__).parent / "exports"
OF = {"label_studio": "LabelStudio", "argilla": "Argilla", "doccano": "Doccano", "prodigy": "Prodigy"}
FILES = sorted(path for path in EXPORTS.iterdir() if path.suffix != ".md")
ROWS = [
    Asked(IDS[0], "Tajjeb ħafna \N{PARTY POPPER}", suggestion="positive"),
    Asked(IDS[1], '=1+1, "quoted"; a\ttab\nand a line'),
    Asked(IDS[2], "half of a pair: \ud83d", score=0.5),
]
WRITERS = [tool for tool in tools() if tool.endings]
ANN, BEN = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def answers_in(name: str, content: bytes | None = None) -> list[tuple[str, str | None, str]]:
    content = (EXPORTS / name).read_bytes() if content is None else content
    taken = tool_of_content(content, Path(name)).read(content, CLASSES, IDS)
    return [(answer.text_id, answer.label, answer.annotator) for answer in taken.answers]


def remarks_of(name: str) -> list[str]:
    content = (EXPORTS / name).read_bytes()
    return tool_of_content(content, Path(name)).read(content, CLASSES, IDS).remarks


@pytest.mark.parametrize("tool", WRITERS, ids=lambda tool: type(tool).__name__)
@pytest.mark.parametrize("rows", [ROWS, [Asked(IDS[0], "one row")]], ids=len)
def test_what_a_tool_writes_only_it_recognises_and_nothing_in_it_is_answered(tool, rows):
    content = tool.write(rows, CLASSES)
    assert [type(other) for other in tools() if other.recognises(content)] == [type(tool)]
    taken = tool.read(content, CLASSES, IDS)
    assert (taken.answers, taken.remarks) == ([], [])
    assert all(row.text_id.encode() in content for row in rows) or content[:2] == b"PK"


def test_every_tool_has_a_name_and_endings_of_its_own():
    endings = [ending for tool in tools() for ending in tool.endings]
    assert len(endings) == len(set(endings)) == len(WRITERS)
    for tool in tools():
        assert tool.name == tool.name.lower()
        for ending in tool.endings:
            assert type(tool_of_name(Path(f"ask{ending.upper()}"))) is type(tool)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_export_is_recognised_by_its_tool_alone(path):
    (kind,) = [type(tool).__name__ for tool in tools() if tool.recognises(path.read_bytes())]
    assert kind == next(name for stem, name in OF.items() if path.stem.startswith(stem))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.sampled_from(FILES).map(Path.read_bytes), st.data())
def test_any_bytes_are_recognised_by_one_tool_at_most_and_never_raise(content, data):
    cut = data.draw(st.integers(0, len(content)))
    kinds = [tool for tool in tools() if tool.recognises(content[:cut])]
    assert len(kinds) <= 1


def test_label_studio_gives_the_newest_annotation_of_each_person_and_what_was_skipped():
    content = (EXPORTS / "label_studio.json").read_bytes()
    taken = LabelStudio().read(content, CLASSES, IDS)
    assert taken.answers == [
        Answer(IDS[0], "positive", "1", 3.2, "label-studio/2", "1", "2026-11-27T12:00:47.485769Z"),
        Answer(IDS[0], "negative", "2", 4.5, "label-studio/2", "2", "2026-11-27T12:00:47.825231Z"),
        Answer(IDS[1], "positive", "1", 6.0, "label-studio/2", "3", "2026-11-27T12:00:49.800450Z"),
        Answer(IDS[2], None, "1", 1.0, "label-studio/2", "4", "2026-11-27T12:00:50.167929Z"),
        Answer(IDS[3], "positive", "2", 2.5, "label-studio/2", "6", "2026-11-27T12:00:51.865546Z"),
    ]
    assert not taken.remarks
    assert {text_id for _, text_id in taken.listed} == set(IDS), "tasks without an annotation, too"
    before = answers_in("label_studio_before_withdrawal.json")
    assert set(before) - set(answers_in("label_studio.json")) == {(IDS[4], "negative", "1")}


@pytest.mark.parametrize("name", ["label_studio_min.json", "label_studio.csv"])
def test_short_exports_of_label_studio_lack_the_skipped_and_say_so(name):
    content = (EXPORTS / name).read_bytes()
    taken = LabelStudio().read(content, CLASSES, IDS)
    assert {(answer.text_id, answer.label, answer.annotator, answer.tool_id, answer.seconds) for answer in taken.answers} == {
        (IDS[0], "positive", "1", "1", 3.2),
        (IDS[0], "negative", "2", "2", 4.5),
        (IDS[1], "positive", "1", "3", 6.0),
        (IDS[3], "positive", "2", "6", 2.5),
    }
    assert not taken.listed
    assert "leaves skipped tasks out" in taken.remarks[0]


def task(annotations: list[dict], **data: str) -> bytes:
    return json.dumps([{"id": 1, "data": data or {"text": "x", "alft_id": IDS[0]}, "annotations": annotations}]).encode()


def annotation(*choices: str, number: int = 1, **more: object) -> dict:
    result = [{"type": "choices", "value": {"choices": list(choices)}}] if choices else []
    return {"id": number, "completed_by": 7, "result": result, "was_cancelled": False, **more}


@pytest.mark.parametrize(
    ("content", "expected", "remark"),
    [
        (task([annotation("positive", was_cancelled=True)]), [(IDS[0], None, "7")], ""),
        (task([annotation("POSITIVE ", completed_by={"id": 7, "email": "a@b"})]), [(IDS[0], "positive", "7")], ""),
        (task([annotation("positive", completed_by=None)]), [(IDS[0], "positive", "")], ""),
        (task([annotation("mixed")]), [(IDS[0], "mixed", "7")], ""),
        (task([annotation()]), [], f"1 rows whose annotation holds no choice: {IDS[0]}"),
        (task([annotation("negative", "positive")]), [], f"1 rows that have several choices: {IDS[0]}"),
        (task([annotation("positive")], text="x", id=IDS[0], label=""), [(IDS[0], "positive", "7")], ""),
        (task([annotation("positive")], text="x"), [], "1 rows whose id is not of this campaign: (no id)"),
        (task([annotation("positive")], alft_id="t9"), [], "1 rows whose id is not of this campaign: t9"),
        (task([annotation("positive", number=9), annotation("negative", number=10)]), [(IDS[0], "negative", "7")], ""),
        (
            task([annotation("positive", updated_at="2026-01-02"), annotation("negative", number=2, updated_at="2026-01-01")]),
            [(IDS[0], "positive", "7")],
            "",
        ),
    ],
)
def test_one_annotation_of_label_studio(content, expected, remark):
    taken = LabelStudio().read(content, CLASSES, IDS)
    assert [(answer.text_id, answer.label, answer.annotator) for answer in taken.answers] == expected
    assert "".join(taken.remarks).removeprefix("not recorded: ") == remark


def test_label_studio_gets_a_prediction_only_where_a_suggestion_is():
    written = json.loads(LabelStudio().write(ROWS, CLASSES))
    assert [row["data"]["alft_id"] for row in written] == [row.text_id for row in ROWS]
    assert ["predictions" in row for row in written] == [True, False, False]
    assert written[0]["predictions"][0]["result"][0]["value"] == {"choices": ["positive"]}


def test_the_labelling_configuration_offers_every_class_as_written():
    classes = ['a < "b"', "it's", "ħażin & co", "=1"]
    choices = ElementTree.fromstring(labelling_config(classes)).findall("Choices/Choice")
    assert [choice.get("value") for choice in choices] == classes


def test_argilla_counts_what_was_submitted_and_skips_what_was_discarded():
    assert answers_in("argilla.jsonl") == [(IDS[0], "positive", ANN), (IDS[0], "negative", BEN), (IDS[2], None, ANN)]
    assert remarks_of("argilla.jsonl") == []


def test_argilla_json_states_no_status_which_is_told():
    assert (IDS[1], "negative", ANN) in answers_in("argilla.json")
    assert "state no status" in remarks_of("argilla.json")[0]


def test_argilla_with_several_questions_needs_one_called_label():
    row = {"id": IDS[0], "fields": {}, "responses": {"tone": [{"value": "positive"}], "topic": [{"value": "x"}]}}
    with pytest.raises(ValueError, match="questions tone, topic, and none is called label"):
        answers_in("a.json", json.dumps([row]).encode())
    del row["responses"]["topic"]
    assert answers_in("a.json", json.dumps([row]).encode()) == [(IDS[0], "positive", "")]


@pytest.mark.parametrize("name", ["doccano.jsonl", "doccano.csv"])
def test_doccano_gives_single_labels_and_tells_several(name):
    assert answers_in(name) == [(IDS[0], "positive", ""), (IDS[3], "negative", "")]
    assert remarks_of(name) == [f"not recorded: 1 rows that have several labels: {IDS[2]}"]


def test_an_archive_of_doccano_names_its_members():
    archive = BytesIO()
    with ZipFile(archive, "w") as written:
        written.write(EXPORTS / "doccano.jsonl", "ann.jsonl")
        written.write(EXPORTS / "doccano.csv", "all.csv")
        written.writestr("ben.jsonl", "")
    answers = answers_in("export.zip", archive.getvalue())
    assert answers == [
        (IDS[0], "positive", "ann"),
        (IDS[3], "negative", "ann"),
        (IDS[0], "positive", ""),
        (IDS[3], "negative", ""),
    ]


def test_prodigy_takes_accepted_options_the_other_of_two_classes_and_ignored_tasks():
    assert answers_in("prodigy.jsonl") == [
        (IDS[0], "positive", "posts-ann"),
        (IDS[0], "negative", "posts-ben"),
        (IDS[1], "negative", ""),
        (IDS[2], None, "posts-ann"),
    ]
    assert remarks_of("prodigy.jsonl") == [
        f"not recorded: 1 rows that were accepted without a label: {IDS[3]}",
        "a rejected label of two classes was taken for the other class: 1 answers",
    ]


def test_a_damaged_line_is_named():
    content = (EXPORTS / "prodigy.jsonl").read_bytes().replace(b'"_task_hash":103', b'"_task_hash":')
    with pytest.raises(ValueError, match="line 4 is not valid JSON"):
        next(tool for tool in tools() if tool.name == "prodigy").read(content, CLASSES, IDS)


def test_two_thousand_answers_take_seconds():
    rows = [Asked(f"t{number:016x}", "some text, of a usual length; with commas") for number in range(2_000)]
    ids = {row.text_id for row in rows}
    begin = time.monotonic()
    for tool in WRITERS:
        content = tool.write(rows, CLASSES)
        tool_of_content(content, Path("a")).read(content, CLASSES, ids)
    assert time.monotonic() - begin < 30
