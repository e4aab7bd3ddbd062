"""Campaigns whose labels are marks: several classes a text, and entities, from the file with texts to the fit."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from alft.campaign.answers import Asked
from alft.campaign.folder import read_campaign
from alft.campaign.source import table_of
from alft.campaign.tools.label_studio import LabelStudio, labelling_config
from alft.campaign.tools.label_studio_server import fetch, send
from alft.cli.main import main

from .campaign_material import fill, ids_in
from .label_studio_host import tasks_of

PLACES = ("Brno", "Praha", "Nitra", "Martin")
QUIET = ("--trainer.enable_progress_bar", "false")


def span(text: str, covered: str, kind: str = "LOC", **more: object) -> dict:
    """A region of Label Studio."""
    start = text.index(covered)
    value = {"start": start, "end": start + len(covered), "text": covered, "labels": [kind], **more}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value}


def task(text_id: str, results: dict[int, list[dict] | None], number: int = 0) -> dict:
    """A task of a JSON export with an annotation of each person; None for a skip."""
    annotations = [
        {"id": 100 * number + who, "completed_by": who, "result": result or [], "was_cancelled": result is None}
        for who, result in results.items()
    ]
    return {"id": number, "project": 1, "data": {"alft_id": text_id}, "annotations": annotations}


def read_tags(tasks: list[dict], classes: list[str], ids: set[str]):
    return LabelStudio("tags").read(json.dumps(tasks).encode(), classes, ids)


def test_labels_of_spans_are_read_with_what_cannot_be_recorded():
    text, ids = "Brno a Praha", {"t1", "t2", "t3", "t4"}
    whole = {**span(text, "Brno"), "value": {"labels": ["LOC"]}}
    taken = read_tags(
        [
            task("t1", {1: [span(text, "Brno", "loc"), span(text, "Praha", "City")], 2: []}, 1),
            task("t2", {1: None}, 2),
            task("t3", {1: [whole]}, 3),
            task("else", {1: []}, 4),
        ],
        ["LOC"],
        ids,
    )
    assert [(one.text_id, one.annotator, one.label) for one in taken.answers] == [
        ("t1", "1", '[[0, 4, "LOC", "Brno"], [7, 12, "City", "Praha"]]'),
        ("t1", "2", "[]"),
        ("t2", "1", None),
    ]
    assert taken.remarks == [
        "not recorded: 1 rows with an entity that has no place: t3",
        "not recorded: 1 rows whose id is not of this campaign: else",
    ]


def open_places(*more: str) -> dict[str, str]:
    """A campaign with texts about places; the place in each text by its id."""
    texts = [f"Post {number}: {PLACES[number % 4]}, ktoré mesto?" for number in range(40)]
    Path("posts.csv").write_text("text\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    arguments = ("--data.task", "tags", "--classes", "LOC", "--campaign", "posts", "--validation", "8")
    assert main(["open", "posts.csv", *arguments, *more]) == 0
    pool = read_campaign(Path("posts")).pool
    assert pool.texts[0] == "Post 0 : Brno , ktoré mesto ?"
    return {text_id: PLACES[row % 4] for row, text_id in enumerate(pool.ids)}


def answer_places(asked: str, answers: str, places: dict[str, str], people: int = 1) -> None:
    """Annotate the tasks of a file as Label Studio exports them."""
    rows = json.loads(Path(asked).read_text(encoding="utf-8"))
    done = []
    for number, row in enumerate(rows, start=1):
        text, text_id = row["data"]["text"], row["data"]["alft_id"]
        done.append(task(text_id, {who: [span(text, places[text_id])] for who in range(1, people + 1)}, number))
    Path(answers).write_text(json.dumps(done), encoding="utf-8")


def test_a_campaign_of_entities_from_texts_to_suggestions(workplace, capsys):
    places = open_places()
    assert main(["ask", "posts", "--count", "22", "--to", "a.json", *QUIET]) == 0
    answer_places("a.json", "back.json", places, people=2)
    assert main(["take", "posts", "back.json"]) == 0
    campaign = read_campaign(Path("posts"))
    table = table_of(campaign, "train")
    assert len(table) == 22
    assert all(tags == ["O", "O", "O", "B-LOC", "O", "O", "O", "O"] for tags in table.columns["tags"])
    assert table.columns["tokens"][0][3] in PLACES
    settings = ("--data.source", "posts", "--data.task", "tags", "--model.backbone", "tiny-bert", "--data.max_length", "32")
    policy = ("--active.acquire", "Entropy", "--active.cluster", "Whole", "--active.unit", "words", "--trainer.max_epochs", "8")
    assert main(["fit", *settings, *policy, "--model.lr", "1e-3", "--controls", "none", *QUIET]) == 0
    capsys.readouterr()
    assert main(["ask", "posts", "--count", "5", "--to", "b.json", "--suggest", *QUIET]) == 0
    assert "Entropy of runs" in capsys.readouterr().out
    rows = json.loads(Path("b.json").read_text(encoding="utf-8"))
    (result,) = rows[0]["predictions"][0]["result"]
    value = result["value"]
    assert rows[0]["data"]["text"][value["start"] : value["end"]] == value["text"] == places[rows[0]["data"]["alft_id"]]
    assert main(["status", "posts", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["texts"] == {"train": 22, "validation": 8, "test": 0}
    assert told["labels"]["train"] == {"LOC": 22}
    assert told["agreement"]["value"] == 1.0


def test_annotators_who_differ_in_one_entity_tie_and_a_new_type_is_told(in_a_folder, capsys):
    open_places()
    assert main(["ask", "posts", "--count", "3", "--to", "a.json", *QUIET]) == 0
    rows = json.loads(Path("a.json").read_text(encoding="utf-8"))
    (one, text), (two, other), (three, last) = [(row["data"]["alft_id"], row["data"]["text"]) for row in rows[:3]]
    place = {t: next(name for name in PLACES if name in t) for t in (text, other, last)}
    tasks = [
        task(one, {1: [span(text, place[text]), span(text, "Post")], 2: [span(text, place[text])]}, 1),
        task(two, {1: [span(other, place[other], "CITY")]}, 2),
        task(three, {1: [span(last, place[last]), span(last, f"{place[last]} ,")]}, 3),
    ]
    Path("back.json").write_text(json.dumps(tasks))
    assert main(["take", "posts", "back.json"]) == 0
    told = capsys.readouterr().out
    assert f"not recorded: 1 rows with entities that overlap, which tags cannot say: {three}" in told
    assert "labels that are no class: CITY" in told
    state = read_campaign(Path("posts")).state
    assert state.resolution(one).standing == "tied"
    assert main(["take", "posts", "back.json", "--add_classes", "CITY"]) == 0
    assert read_campaign(Path("posts")).settings.classes == ["LOC", "CITY"]


def test_a_campaign_of_several_classes_by_spreadsheet(workplace):
    texts = [f"post {number} {'angry' if number % 2 else ''} {'sad' if number % 3 else ''}" for number in range(50)]
    Path("posts.csv").write_text("text\n" + "".join(f"{text}\n" for text in texts))
    arguments = ("--data.task", "multi", "--classes", "angry,sad", "--campaign", "posts", "--validation", "10")
    assert main(["open", "posts.csv", *arguments]) == 0
    assert main(["ask", "posts", "--count", "30", "--to", "a.csv", *QUIET]) == 0
    pool = read_campaign(Path("posts")).pool
    true = {i: [name for name in ("angry", "sad") if name in t] for i, t in zip(pool.ids, pool.texts, strict=True)}
    skipped = ids_in("a.csv")[0]
    fill("a.csv", lambda i: "skip" if i == skipped else "; ".join(name.title() for name in true[i]) or "None")
    assert main(["take", "posts", "a.csv", "--annotator", "ann"]) == 0
    campaign = read_campaign(Path("posts"))
    standing = {i: json.loads(given["ann"].label or "null") for i, given in campaign.state.standing.items()}
    assert standing == {i: None if i == skipped else true[i] for i in ids_in("a.csv")}
    settings = ("--data.source", "posts", "--data.task", "multi", "--model.backbone", "tiny-bert", "--data.max_length", "32")
    assert main(["fit", *settings, "--trainer.max_epochs", "1", "--controls", "none", *QUIET]) == 0
    assert main(["ask", "posts", "--count", "5", "--to", "b.csv", "--suggest", *QUIET]) == 0
    assert "suggested" in Path("b.csv").read_text(encoding="utf-8-sig").splitlines()[0]


def test_several_choices_are_read_in_all_forms_of_an_export():
    classes, ids = ["angry", "sad"], {"t1"}
    both = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["sad", "angry"]}}]
    short = {"alft_id": "t1", "annotation_id": 1, "annotator": 1, "lead_time": 1.0}
    contents = [
        (json.dumps([task("t1", {1: both})]), '["angry", "sad"]'),
        (json.dumps([task("t1", {1: []})]), "[]"),
        (json.dumps([{**short, "label": {"choices": ["sad", "angry"]}}]), '["angry", "sad"]'),
        (json.dumps([{**short, "label": "sad"}]), '["sad"]'),
        (json.dumps([{**short, "label": "sad"}, {**short, "annotation_id": 2}]), "[]"),
    ]
    for content, label in contents:
        assert LabelStudio("multi").read(content.encode(), classes, ids).answers[-1].label == label


@pytest.mark.parametrize("task_name", ["multi", "tags"])
def test_a_file_that_does_not_say_what_was_given_does_not_say_that_nothing_was(task_name):
    short = {"alft_id": "t1", "annotation_id": 1, "annotator": 1, "lead_time": 1.0}
    other = {"from_name": "x", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": [["LOC"]]}}
    empty = {"type": "labels" if task_name == "tags" else "choices", "value": {"start": 0, "end": 2}}
    for rows in ([{**short, "ner": "LOC"}], [task("t1", {1: [other]})], [task("t1", {1: [empty]})]):
        taken = LabelStudio(task_name).read(json.dumps(rows).encode(), ["LOC"], {"t1"})
        assert taken.answers == []
        assert taken.remarks[0].startswith("not recorded: 1 rows w")


def test_an_answer_that_cannot_be_recorded_leaves_the_earlier_one(in_a_folder, capsys):
    places = open_places()
    assert main(["ask", "posts", "--count", "3", "--to", "a.json", *QUIET]) == 0
    answer_places("a.json", "back.json", places)
    assert main(["take", "posts", "back.json"]) == 0
    before = read_campaign(Path("posts")).state.resolutions
    tasks = json.loads(Path("back.json").read_text())
    for one in tasks:
        (given,) = one["annotations"]
        given["result"] += [{**given["result"][0], "value": {**given["result"][0]["value"], "labels": ["ORG"]}}]
    Path("worse.json").write_text(json.dumps(tasks))
    assert main(["take", "posts", "worse.json"]) == 0
    assert "withdrawn" not in capsys.readouterr().out
    assert read_campaign(Path("posts")).state.resolutions == before


def test_texts_beside_an_empty_column_of_labels_are_separated_and_an_encoder_needs_no_second_type(workplace, capsys):
    Path("posts.csv").write_text("text,label\n" + "".join(f"Brno ({number})!,\n" for number in range(20)) + '"[]",\n\xa0,\n')
    arguments = ("--data.task", "tags", "--classes", "LOC", "--campaign", "posts", "--validation", "2")
    assert main(["open", "posts.csv", *arguments, "--model.backbone", "tiny-bert", "--data.max_length", "32"]) == 0
    assert "--to ask.json" in capsys.readouterr().out
    pool = read_campaign(Path("posts")).pool
    assert pool.texts[0] == "Brno ( 0 ) !"
    assert pool.texts[-2:] == ["[ ]", ""]
    assert main(["ask", "posts", "--count", "3", "--to", "a.json", *QUIET]) == 0


def test_labels_that_a_file_has_are_those_of_the_campaign(in_a_folder):
    rows = [{"tokens": ["v", "Brne", "?"], "tags": ["O", "B-LOC", "O"]}, {"tokens": ["nič", ",", "nič"], "tags": None}]
    Path("posts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in [*rows, {"tokens": ["tri"], "tags": None}]))
    arguments = ["open", "posts.jsonl", "--data.task", "tags", "--campaign", "posts", "--validation", "0", "--classes"]
    assert main([*arguments, "LOC"]) == 0
    assert pq.read_table("posts/pool.parquet").column("label").to_pylist() == ['[[1, 2, "LOC"]]', None, None]
    assert table_of(read_campaign(Path("posts")), "train").columns == {
        "tokens": [["v", "Brne", "?"]],
        "tags": [["O", "B-LOC", "O"]],
    }


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("open", "posts.csv", "--data.task", "tags", "--resolve", "dawid-skene"), "dawid-skene is for one class a text"),
        (("open", "posts.csv", "--data.task", "multi", "--classes", "a;b,c"), "'a;b' cannot be written beside others"),
        (("open", "posts.csv", "--data.task", "multi", "--classes", "none,c"), "'none' cannot be written beside others"),
        (("open", "posts.csv", "--data.task", "sets"), "data.task of a campaign must be multi, single, tags, got 'sets'"),
        (("ask", "posts", "--to", "a.csv"), "must end in one of .json in a campaign with the task tags"),
        (("take", "posts", "posts.csv"), r"no file of a known tool in a campaign with the task tags \(label-studio\)"),
        (
            ("fit", "--data.source", "posts", "--model.backbone", "none"),
            "are for the task tags, got single; add --data.task tags",
        ),
    ],
)
def test_what_does_not_fit_the_task_is_refused(in_a_folder, capsys, command, message):
    open_places()
    if command[0] == "fit":
        assert main(["ask", "posts", "--count", "3", "--to", "a.json", *QUIET]) == 0
        places = dict(zip(read_campaign(Path("posts")).pool.ids, PLACES * 10, strict=True))
        answer_places("a.json", "back.json", places)
        assert main(["take", "posts", "back.json"]) == 0
    classes = () if "--classes" in command else ("--classes", "LOC")
    more = (*classes, "--campaign", "others") if command[0] == "open" else ()
    assert main([*command, *more]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_configuration_offers_the_types():
    assert '<Label value="LOC"/>' in labelling_config(["LOC"], "tags")
    assert 'choice="multiple"' in labelling_config(["LOC"], "multi")


@pytest.mark.soak
def test_spans_on_a_real_server_come_back_in_every_form_of_its_exports(client):
    texts = {"t1": "v Brne \N{PARTY POPPER} a v Prahe", "t2": "nič", "t3": "preskočené"}
    rows = [Asked(i, text, suggestion='[[1, 2, "LOC"]]' if i == "t1" else None) for i, text in texts.items()]
    send("spans", rows, ["LOC"], "tags")
    assert send("spans", rows, ["LOC", "ORG"], "tags").present == 3, "a type that was added is offered"
    tasks = {i: numbers[0] for i, numbers in tasks_of(client, "spans").items()}
    give = client.annotations.create
    give(tasks["t1"], result=[span(texts["t1"], "Brne"), span(texts["t1"], "Prahe", "ORG")], lead_time=1.0)
    give(tasks["t2"], result=[], lead_time=1.0)
    give(tasks["t3"], result=[], lead_time=1.0, was_cancelled=True)
    (project,) = [one.id for one in client.projects.list() if one.title == "spans"]
    found = {"t1": '[[2, 6, "LOC", "Brne"], [13, 18, "ORG", "Prahe"]]', "t2": "[]"}
    assert labels_in(fetch("spans"), texts) == {**found, "t3": None}
    for kind in ("JSON_MIN", "CSV"):
        export = b"".join(client.projects.exports.download_sync(project, export_type=kind, download_all_tasks=True))
        assert labels_in(export, texts) == found


def labels_in(content: bytes, ids: dict[str, str]) -> dict[str, str | None]:
    assert LabelStudio("tags").recognises(content)
    return {one.text_id: one.label for one in LabelStudio("tags").read(content, ["LOC", "ORG"], ids.keys()).answers}
