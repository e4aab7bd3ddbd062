"""Commands of a campaign that are killed at any moment, or run out of disk space, and are given again."""

import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from alft.campaign.events import AskedEvent, DeliveredEvent, Event
from alft.campaign.folder import read_campaign
from alft.campaign.journal import Journal
from alft.campaign.tools.label_studio_server import Sent
from alft.cli.main import main

from .campaign_material import ask, open_reviews
from .faults import Kill, run

COUNT = ["--count", "12", "--trainer.enable_progress_bar", "false"]
ASK = ["ask", "posts", "--to", "asked.csv", *COUNT]
TAKE = ["take", "posts", "answers.csv", "--annotator", "Ana"]
COMMANDS = {"ask": ASK, "more": [*ASK, "--more"], "take": TAKE, "changed": [*TAKE[:2], "changed.csv", *TAKE[3:]]}


@pytest.fixture
def template(in_a_folder):
    """A campaign with one round, two files of answers to it, and answers of the first that are recorded for ``changed``."""
    script = open_reviews(150, "--validation", "10")
    ids = ask("first.csv", "--count", "30")
    other = {"positive": "negative", "negative": "positive"}
    for name, label in {"answers": script, "changed": {i: other[script[i]] for i in ids}}.items():
        Path(f"{name}.csv").write_text("id,label\n" + "".join(f"{i},{label[i]}\n" for i in ids))
    return in_a_folder


def beginning(template: Path, folder: Path, command: str) -> None:
    """A copy of the campaign in the state in which a command is given."""
    shutil.copytree(template / "posts", folder / "posts")
    for name in ("answers.csv", "changed.csv"):
        shutil.copy(template / name, folder)
    if command in ("ask", "changed"):
        assert run(TAKE, folder).code == 0


def events_in(folder: Path) -> list[Event]:
    """The events of a journal without their times."""
    events = Journal(folder / "posts" / "journal.jsonl").read()
    return [replace(event, time="") if isinstance(event, AskedEvent | DeliveredEvent) else event for event in events]


def check(folder: Path, whole: Path, before: list[Event]) -> None:
    """What a killed command left is the state of a prefix of its events, and no file that is not whole has a name."""
    left, all_of_them = events_in(folder), events_in(whole)
    assert left[: len(before)] == before
    added = left[len(before) :]
    asked = [event for event in all_of_them[len(before) :] if isinstance(event, AskedEvent)]
    assert added == all_of_them[len(before) : len(left)]
    assert [event for event in added if isinstance(event, AskedEvent)] in ([], asked), "a round is asked as a whole"
    assert read_campaign(folder / "posts").settings == read_campaign(whole / "posts").settings
    files = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert files <= {path.name for path in whole.iterdir()}
    assert all((folder / name).read_bytes() == (whole / name).read_bytes() for name in files - {"posts"})


def check_kills(template: Path, command: str, kills: list[Kill]) -> int:
    """Kill a command at each of these moments and give it again; returns how often it was killed."""
    whole, killed = template / f"whole-{command}", 0
    whole.mkdir()
    beginning(template, whole, command)
    before = events_in(whole)
    assert run(COMMANDS[command], whole).code == 0
    for kill in kills:
        folder = template / f"{command}-{kill.stage}-{kill.number}"
        folder.mkdir()
        beginning(template, folder, command)
        ended = run(COMMANDS[command], folder, kill)
        assert ended.code in (0, -9), ended.err
        killed += ended.code == -9
        check(folder, whole, before)
        if events_in(folder) != events_in(whole):  # else it was done, and ask --more would begin another round
            again = run(COMMANDS[command], folder)
            assert again.code == 0, again.err
        assert events_in(folder) == events_in(whole)
        check(folder, whole, before)
        shutil.rmtree(folder)
    return killed


def lines_of(template: Path, command: str) -> int:
    """Number of lines of alft's files of campaigns that a command runs."""
    folder = template / f"counted-{command}"
    folder.mkdir()
    beginning(template, folder, command)
    assert run(COMMANDS[command], folder, Kill("line", 0)).code == 0
    return int((folder / ".lines").read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_killed_while_it_writes_is_given_again(template, command):
    kills = [Kill("half", 1), Kill("half", 2), Kill("sync", 1), Kill("sync", 2), Kill("rename", 1)]
    assert check_kills(template, command, kills) >= 2


@pytest.mark.soak
@pytest.mark.parametrize("command", COMMANDS)
def test_twenty_drawn_kills_leave_a_whole_journal(template, command, tell_figure):
    lines, rng = lines_of(template, command), random.Random(command)
    numbers = sorted(rng.sample(range(1, lines + 1), 20))
    killed = check_kills(template, command, [Kill("line", number) for number in numbers])
    tell_figure(f"{command}: {killed} of 20 killed before a drawn one of {lines} lines: whole journals, nothing lost or twice")
    assert killed == 20


@pytest.mark.soak
@pytest.mark.parametrize("command", COMMANDS)
def test_kills_by_the_clock_leave_a_whole_journal(template, command, tell_figure):
    folder, rng = template / "timed", random.Random(command)
    folder.mkdir()
    beginning(template, folder, command)
    began = time.monotonic()
    assert run(COMMANDS[command], folder).code == 0
    most = max(2, round(100 * (time.monotonic() - began)))
    numbers = rng.sample(range(1, 4 * most), 20) if most < 6 else [rng.randint(1, most) for _ in range(20)]
    killed = check_kills(template, command, [Kill("clock", number) for number in sorted(set(numbers))])
    tell_figure(f"{command}: {killed} of {len(set(numbers))} killed at a drawn time")


def size_of(path: str) -> int:
    return Path(path).stat().st_size


def test_open_on_a_full_disk_can_be_given_again(template):
    arguments = ["open", "posts.csv", "--classes", "negative,positive", "--campaign", "other", "--validation", "5"]
    full = run(arguments, template, limit=size_of("posts/pool.parquet") // 2)
    assert (full.code, full.err.count("\n")) == (2, 1)
    assert "the disk is full" in full.err
    assert not Path("other/campaign.yaml").exists()
    assert run(arguments, template).code == 0
    assert len(read_campaign(Path("other")).pool) == 150


@pytest.mark.parametrize("room", ["none", "journal"])
def test_ask_on_a_full_disk_can_be_given_again(template, room):
    """The second time there is room for the journal, and not for the file."""
    for name in ("whole", "copy"):
        shutil.copytree("posts", f"{name}/posts", ignore=shutil.ignore_patterns("journal.jsonl"))
    whole, copy = template / "whole", template / "copy"
    assert run(ASK, whole).code == 0
    journal, file = size_of("whole/posts/journal.jsonl"), size_of("whole/asked.csv")
    assert file > journal, "else the limit on the size of files does not tell them apart"
    full = run(ASK, copy, limit=journal // 2 if room == "none" else journal)
    assert (full.code, full.err.count("\n")) == (2, 1)
    assert "the disk is full" in full.err
    assert (events_in(copy) == []) == (room == "none"), "a round is recorded as a whole or not at all"
    assert {path.name for path in copy.iterdir() if not path.name.startswith(".")} == {"posts"}
    assert run(ASK, copy).code == 0
    assert events_in(copy) == events_in(whole)
    assert Path("copy/asked.csv").read_bytes() == Path("whole/asked.csv").read_bytes()


def test_take_on_a_full_disk_records_nothing_and_can_be_given_again(template):
    before = Path("posts/journal.jsonl").read_bytes()
    full = run(TAKE, template, limit=len(before) + 900)
    assert (full.code, full.err.count("\n")) == (2, 1)
    assert "the disk is full" in full.err
    assert Path("posts/journal.jsonl").read_bytes() == before
    assert run(TAKE, template).code == 0
    assert len(read_campaign(Path("posts")).state.standing) == len(Path("answers.csv").read_text().splitlines()) - 1


def test_a_server_that_fails_midway_is_asked_for_the_rest_of_the_round(in_a_folder, capsys, monkeypatch):
    """The part that arrived may be labelled before ask is given again; ``--more`` begins no other round before that."""
    script, sent = open_reviews(60, "--validation", "5"), []

    def send(title, rows, classes, task, progress=None):
        if rows and not sent:
            sent.extend(row.text_id for row in rows)
            raise ValueError("LABEL_STUDIO_URL: no answer")
        if rows:
            sent.append([row.text_id for row in rows])
        return Sent("http://localhost/projects/1", len(rows), 0)

    monkeypatch.setattr("alft.cli.campaign_places.send", send)
    to_server = ["ask", "posts", "--count", "5", "--to", "label-studio"]
    assert main(to_server) == 2
    ids = list(sent)
    Path("a.csv").write_text(f"id,label\n{ids[0]},{script[ids[0]]}\n{ids[7]},{script[ids[7]]}\n")
    assert main(["take", "posts", "a.csv"]) == 0
    assert main([*to_server, "--more"]) == 0
    assert sent[-1] == [i for i in ids if i not in (ids[0], ids[7])]
    assert main(to_server) == 0
    assert not set(sent[-1]) & set(ids), "a round that was handed out and has answers is followed by another"
