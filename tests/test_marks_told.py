"""Marks that a campaign cannot take as they are, and says so."""

import json
from pathlib import Path

import pytest

from alft.campaign.answers import Answer, Taken
from alft.campaign.form import Entities, SeveralClasses
from alft.campaign.marks import written
from alft.campaign.resolution import resolve_marks
from alft.campaign.taking import named
from alft.campaign.tools.label_studio import LabelStudio
from alft.cli.main import main

from .campaign_material import ask, open_reviews, record


def test_an_annotation_without_a_result_does_not_say_that_there_is_nothing():
    for task in ("tags", "multi"):
        tool = LabelStudio(task)
        tasks = [
            {"id": 1, "data": {"text": "v", "alft_id": f"t{number}"}, "annotations": [{"id": number, "completed_by": 1, **own}]}
            for number, own in enumerate(({}, {"result": "broken"}, {"result": []}))
        ]
        taken = tool.read(json.dumps(tasks).encode(), ["LOC"], {"t0", "t1", "t2"})
        assert [(answer.text_id, answer.label) for answer in taken.answers] == [("t2", "[]")]
        assert taken.remarks == ["not recorded: 2 rows whose annotation has no result: t0, t1"]


def test_a_comment_alone_is_an_answer_without_marks():
    comment = {"type": "textarea", "value": {"text": ["unclear"]}}
    tasks = [
        {"id": 1, "data": {"text": "v", "alft_id": "t0"}, "annotations": [{"id": 1, "completed_by": 1, "result": [comment]}]}
    ]
    assert LabelStudio("tags").read(json.dumps(tasks).encode(), ["LOC"], {"t0"}).answers[0].label == "[]"
    other = {"type": "rating", "value": {"rating": 3}}
    tasks[0]["annotations"][0]["result"] = [comment, other]
    assert not LabelStudio("tags").read(json.dumps(tasks).encode(), ["LOC"], {"t0"}).answers


def test_what_cannot_be_recorded_is_of_the_annotator_who_is_typed():
    taken = Taken([], [], unread=frozenset({Answer("t0", None, tool="label-studio", tool_id="7"), Answer("t1", None, "Bo")}))
    assert {answer.giver for answer in named(taken, "Ana").unread} == {"Ana", "Bo"}


def test_labels_of_another_task_are_told(in_a_folder, capsys):
    open_reviews(60, "--validation", "0", "--data.task", "multi")
    ids = ask("a.csv", "--count", "5")
    record(Answer(ids[0], '["negative"]', "Bo"))
    path = Path("posts/campaign.yaml")
    path.write_text(path.read_text().replace("task: multi", "task: tags"))
    assert main(["status", "posts"]) == 2
    assert "is no list of entities; take the answers again if the task was changed" in capsys.readouterr().err
    with pytest.raises(ValueError, match="is no list of classes"):
        SeveralClasses().names_in('[[0, 1, "LOC"]]')


def test_two_entities_in_one_word_are_refused():
    both = written([(0, 5, "LOC", "Praha"), (6, 10, "LOC", "Brno")])
    with pytest.raises(ValueError, match="with entities that share a word"):
        Entities().placed(both, "Praha-Brno x")
    assert Entities().placed(written([(0, 5, "LOC", "Praha")]), "Praha-Brno x") == '[[0, 1, "LOC"]]'


def test_nobody_is_taken_to_say_that_there_is_nothing_where_most_see_something():
    three = [written([(0, end, "PER")]) for end in (1, 2, 3)]
    assert resolve_marks(three).standing == "tied"
    assert resolve_marks([*three[:1], "[]", "[]"]).label == "[]"
    assert resolve_marks(["[]"]).label == "[]"
