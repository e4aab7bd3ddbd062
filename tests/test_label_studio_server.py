"""Asking on a Label Studio server: nothing is sent twice and nothing is lost, and no message holds the key."""

import random
import sys
import threading
import time
from collections import Counter

import pytest

from alft.campaign.answers import Answer, Asked
from alft.campaign.tools.label_studio import LabelStudio
from alft.campaign.tools.label_studio_server import _refusal, fetch, send

from .label_studio_host import choice, tasks_of

CLASSES = ["negative", "positive"]
TEXTS = ["Tajjeb ħafna \N{PARTY POPPER}", "=1+1", 'say "no"\nnever', "007", "<b>&amp;</b>", "nobody labels this"]
SECRET = "a-secret-of-nobody"


@pytest.mark.parametrize(
    ("address", "key", "message"),
    [
        (None, SECRET, "LABEL_STUDIO_URL must be set"),
        ("localhost:8080", SECRET, "LABEL_STUDIO_URL must be set to the address .* such as http"),
        ("http://127.0.0.1:9", None, "LABEL_STUDIO_API_KEY must be set"),
    ],
)
def test_address_and_key_come_from_the_environment(set_up, address, key, message):
    set_up(address, key)
    with pytest.raises(ValueError, match=message):
        fetch("posts")


def test_without_the_sdk_the_message_says_what_to_install(set_up, monkeypatch):
    set_up("http://127.0.0.1:9", SECRET)
    monkeypatch.setitem(sys.modules, "label_studio_sdk", None)
    with pytest.raises(ValueError, match=r"pip install 'alft\[label-studio\]', or use \.json"):
        fetch("posts")


def test_a_server_that_is_down_is_named_without_password_or_key(set_up):
    pytest.importorskip("label_studio_sdk")
    set_up("http://user:word@127.0.0.1:9", SECRET)
    with pytest.raises(ValueError, match=r"no answer from http://127\.0\.0\.1:9 \(ConnectError\)") as error:
        fetch("posts")
    assert SECRET not in str(error.value)
    assert "word" not in str(error.value)


def test_a_refusal_says_whether_the_token_is_the_reason():
    assert _refusal(401, {"detail": "Invalid token."}, "http://x").startswith(
        "LABEL_STUDIO_API_KEY: http://x refuses the token"
    )
    assert _refusal(400, {"detail": "no config"}, "http://x") == "label-studio: http://x refuses the request (400): 'no config'"


def rows_of(texts: list[str]) -> list[Asked]:
    return [Asked(f"t{number:016x}", text, suggestion=None if number % 2 else "positive") for number, text in enumerate(texts)]


@pytest.mark.soak
def test_two_annotators_who_skip_change_repeat_and_withdraw(client):
    rows = rows_of(TEXTS)
    sent = send("people", rows, CLASSES, annotations=2)
    assert (sent.imported, sent.present, sent.doubled) == (len(rows), 0, [])
    tasks = tasks_of(client, "people")
    assert list(tasks) == [row.text_id for row in rows]
    task = [numbers[0] for numbers in tasks.values()]
    ann = client.users.whoami().id
    ben = client.users.create(email="ben@example.com", username="ben", first_name="B", last_name="N").id
    give = client.annotations.create
    give(task[0], result=choice("positive"), lead_time=3.0, completed_by=ann)
    give(task[0], result=choice("negative"), lead_time=4.0, completed_by=ben)
    changed = give(task[1], result=choice("negative"), lead_time=2.0, completed_by=ann)
    give(task[2], result=choice("positive"), lead_time=1.0, completed_by=ann, was_cancelled=True)
    give(task[3], result=choice("negative"), lead_time=1.0, completed_by=ben)
    time.sleep(0.1)
    give(task[3], result=choice("positive"), lead_time=2.0, completed_by=ben)
    withdrawn = give(task[4], result=choice("negative"), lead_time=2.0, completed_by=ann)
    ids = {row.text_id for row in rows}
    first = LabelStudio().read(fetch("people"), CLASSES, ids)
    client.annotations.update(changed.id, result=choice("positive"), lead_time=6.0)
    client.annotations.delete(withdrawn.id)
    second = LabelStudio().read(fetch("people"), CLASSES, ids)
    assert by_person(first.answers) == {
        **{("0", str(ann)): "positive", ("0", str(ben)): "negative", ("1", str(ann)): "negative"},
        **{("2", str(ann)): None, ("3", str(ben)): "positive", ("4", str(ann)): "negative"},
    }
    assert by_person(second.answers) == {
        **{("0", str(ann)): "positive", ("0", str(ben)): "negative", ("1", str(ann)): "positive"},
        **{("2", str(ann)): None, ("3", str(ben)): "positive"},
    }
    assert {text_id for _, text_id in second.listed} == ids, "the task whose only annotation was withdrawn, too"
    assert not second.remarks
    assert {answer.tool_id for answer in second.answers} < {answer.tool_id for answer in first.answers}
    assert [answer.seconds for answer in second.answers if answer.tool_id == str(changed.id)] == [6.0]
    assert min(answer.time for answer in second.answers) > "2020"


def by_person(answers: list[Answer]) -> dict[tuple[str, str], str | None]:
    given = {(f"{int(answer.text_id[1:], 16)}", answer.annotator): answer.label for answer in answers}
    assert len(given) == len(answers)
    return given


@pytest.mark.soak
def test_a_server_killed_during_an_import_gets_every_text_once(host, client):
    rows = rows_of([f"post {number}: Għażiż \N{PARTY POPPER}" for number in range(1_500)])
    rng = random.Random(0)

    def kill_soon(imported: int, total: int) -> None:
        if imported == 100:
            threading.Timer(rng.uniform(0.0, 0.5), host.kill).start()

    before = 0
    for _ in range(2):
        with pytest.raises(ValueError, match=r"LABEL_STUDIO_URL: no answer .* no text is sent twice"):
            send("killed", rows, CLASSES, progress=kill_soon)
        host.start()
        counts = Counter({text_id: len(numbers) for text_id, numbers in tasks_of(client, "killed").items()})
        assert max(counts.values()) == 1
        assert before < len(counts) < len(rows)
        before = len(counts)
    sent = send("killed", rows, CLASSES)
    assert (sent.imported, sent.present, sent.doubled) == (len(rows) - before, before, [])
    assert {text_id: len(numbers) for text_id, numbers in tasks_of(client, "killed").items()} == {
        row.text_id: 1 for row in rows
    }
    again = send("killed", rows, CLASSES)
    assert (again.imported, again.present) == (0, len(rows))


@pytest.mark.soak
def test_a_new_class_is_offered_unless_somebody_changed_the_project(client):
    send("classes", rows_of(TEXTS[:1]), CLASSES)
    send("classes", rows_of(TEXTS[:2]), [*CLASSES, 'a < "b"'])
    (project,) = [project for project in client.projects.list() if project.title == "classes"]
    config = client.projects.get(project.id).label_config
    assert config.count("<Choice ") == 3
    client.projects.update(project.id, label_config=config.replace("<View>", '<View><Header value="Read it twice"/>'))
    with pytest.raises(ValueError, match="the project lacks the choices mixed; add them under Settings"):
        send("classes", rows_of(TEXTS), [*CLASSES, "mixed"])


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore:The `parse_obj` method is deprecated")  # dependency: the SDK reads the access token by it
def test_a_personal_access_token_works_like_a_legacy_one(host, client, set_up):
    send("personal", rows_of(TEXTS[:2]), CLASSES)
    set_up(host.address, client.tokens.create().token)
    assert send("personal", rows_of(TEXTS[:3]), CLASSES).imported == 1
    assert fetch("personal").count(b'"alft_id"') == 3


@pytest.mark.soak
def test_a_wrong_key_and_a_missing_project_are_told(host, client, set_up):
    with pytest.raises(ValueError, match="the server has no project 'nothing'"):
        fetch("nothing")
    set_up(host.address, SECRET)
    with pytest.raises(ValueError, match=r"LABEL_STUDIO_API_KEY: http://127\.0\.0\.1:\d+ refuses the token \(401\)") as error:
        fetch("people")
    assert SECRET not in str(error.value)
