"""A campaign through a real Label Studio, by the commands: its server dies, people change their minds, one of them clicks."""

import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import alft.cli.campaign_places as places
from alft.campaign.events import AnsweredEvent, RetractedEvent
from alft.campaign.tools.label_studio_server import send
from alft.cli.main import main

from .campaign_material import open_reviews, posts
from .conftest import ROOT
from .label_studio_host import COMMAND, EMAIL, PASSWORD, choice, tasks_of

TO_SERVER = ["ask", "posts", "--count", "260", "--to", "label-studio", "--trainer.enable_progress_bar", "false"]
FROM_SERVER = ["take", "posts", "label-studio"]
Labels = dict[str, dict[str, str | None]]
"""Labels by id of the text, then by annotator; None for a skip."""


def recorded() -> Labels:
    """What counts in the journal."""
    standing = posts().state.standing
    return {i: {giver: answer.label for giver, answer in given.items()} for i, given in standing.items() if given}


def kill_during_import(host, monkeypatch):
    """Have the server die a moment after the first hundred tasks."""

    def dying(title, rows, classes, task, progress=None):
        def told(imported: int, total: int) -> None:
            if imported == 100:
                threading.Timer(random.Random(1).uniform(0.0, 0.3), host.kill).start()

        return send(title, rows, classes, task, progress=told)

    monkeypatch.setattr(places, "send", dying)


@pytest.mark.soak
def test_a_campaign_through_a_server_that_dies(host, client, in_a_folder, capsys, monkeypatch, tell_figure):
    script = open_reviews(400, "--validation", "60")
    with monkeypatch.context() as patch:
        kill_during_import(host, patch)
        assert main(TO_SERVER) == 2
    assert "no text is sent twice" in capsys.readouterr().err
    host.start()
    arrived = tasks_of(client, "posts")
    asked = [text_id for event in posts().state.asked for text_id in event.ids]
    assert len(asked) == 320
    assert 100 <= len(arrived) < 320
    ann = client.users.whoami().id
    ben = client.users.create(email="ben2@example.com", username="ben2", first_name="B", last_name="N").id
    early = asked[:3]
    for text_id in early:
        client.annotations.create(arrived[text_id][0], result=choice(script[text_id]), lead_time=2.0, completed_by=ann)
    assert main(FROM_SERVER) == 0
    assert recorded() == {i: {str(ann): script[i]} for i in early}
    assert main([*TO_SERVER, "--more"]) == 0
    assert f"{317 - (len(arrived) - 3)} tasks imported" in capsys.readouterr().out
    tasks = tasks_of(client, "posts")
    assert {i: len(numbers) for i, numbers in tasks.items()} == dict.fromkeys(asked, 1)
    assert posts().state.newest_round == 0

    expected = annotate(client, {i: numbers[0] for i, numbers in tasks.items()}, asked[3:40], script, ann, ben)
    expected |= {i: {str(ann): script[i]} for i in early}
    assert main(FROM_SERVER) == 0
    assert recorded() == expected
    changed, withdrawn = asked[3], asked[4]
    (annotation,) = client.annotations.list(tasks[changed][0])
    other = {"positive": "negative", "negative": "positive"}[script[changed]]
    client.annotations.update(annotation.id, result=choice(other), lead_time=9.0)
    client.annotations.delete(client.annotations.list(tasks[withdrawn][0])[0].id)
    host.kill()
    before = Path("posts/journal.jsonl").read_bytes()
    assert main(FROM_SERVER) == 2
    assert Path("posts/journal.jsonl").read_bytes() == before
    host.start()
    assert main(FROM_SERVER) == 0
    expected[changed] = {str(ann): other}
    del expected[withdrawn]
    assert recorded() == expected
    audit(expected)
    before = Path("posts/journal.jsonl").read_bytes()
    assert main(FROM_SERVER) == 0
    assert Path("posts/journal.jsonl").read_bytes() == before, "nothing is recorded twice"
    assert main([*TO_SERVER, "--count", "5"]) == 0
    second = {event.purpose: set(event.ids) for event in posts().state.asked if event.round == 1}
    assert second["again"] == {i for i, given in expected.items() if len(set(given.values())) == 2}, "ties"
    assert not second["train"] & set(asked)
    assert max(len(numbers) for numbers in tasks_of(client, "posts").values()) == 1
    answers = sum(map(len, expected.values()))
    tell_figure(f"{len(tasks)} texts on a server killed twice: each there once, all of {answers} answers recorded once")


def annotate(client, task: dict[str, int], ids: list[str], script: dict[str, str], ann: int, ben: int) -> Labels:
    """Two people: all by one of them, skips, every third by both, and second thoughts; returns what counts."""
    give, expected = client.annotations.create, {}
    for place, text_id in enumerate(ids):
        label = script[text_id]
        if place % 7 == 3:
            give(task[text_id], result=choice(label), lead_time=1.0, completed_by=ann, was_cancelled=True)
            expected[text_id] = {str(ann): None}
            continue
        give(task[text_id], result=choice(label), lead_time=1.0, completed_by=ann)
        expected[text_id] = {str(ann): label}
        if place % 3 == 2:
            give(task[text_id], result=choice("negative"), lead_time=1.0, completed_by=ben)
            time.sleep(0.01)
            give(task[text_id], result=choice("positive"), lead_time=1.0, completed_by=ben)  # twice: the newer counts
            expected[text_id][str(ben)] = "positive"
    return expected


def audit(expected: Labels) -> None:
    """Every answer that counts is in the journal once; what is there beside them was retracted."""
    events = posts().journal.read()
    answers = Counter((event.answer.text_id, event.answer.giver) for event in events if isinstance(event, AnsweredEvent))
    gone = Counter((event.text_id, event.giver) for event in events if isinstance(event, RetractedEvent))
    assert answers - gone == Counter((i, giver) for i, given in expected.items() for giver in given)
    tool_ids = [event.answer.tool_id for event in events if isinstance(event, AnsweredEvent)]
    assert max(Counter(tool_ids).values()) <= 2, "one was updated, no other annotation stands in it twice"


@pytest.mark.soak
def test_a_task_labelled_by_clicking_is_taken(host, client, in_a_folder, capsys, tell_figure):
    chromium, program = shutil.which("chromium"), COMMAND.parent / "python"
    if chromium is None or subprocess.run([program, "-c", "import playwright"], capture_output=True).returncode:
        pytest.skip("no chromium, or no playwright in the environment of Label Studio")
    script = open_reviews(40, "--validation", "5")
    Path("posts").rename("clicked")
    assert main(["ask", "clicked", "--count", "5", "--to", "label-studio"]) == 0
    first = next(iter(tasks_of(client, "clicked")))
    (project,) = [project.id for project in client.projects.list() if project.title == "clicked"]
    arguments = [host.address, EMAIL, PASSWORD, str(project), script[first], "picture.png", chromium]
    clicked = subprocess.run([program, ROOT / "tests/label_studio_browser.py", *arguments], capture_output=True, text=True)
    assert clicked.returncode == 0, clicked.stderr
    assert main(["take", "clicked", "label-studio"]) == 0
    assert "recorded: 1 labels" in capsys.readouterr().out
    Path("clicked").rename("posts")
    assert {i: list(given.values()) for i, given in recorded().items()} == {first: [script[first]]}
    tell_figure(f"one task was labelled by clicking, as {script[first]}")
