"""The journal of a campaign: replayed, torn, killed, shared by two processes; and what a file of answers adds to it."""

import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from time import sleep

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alft.campaign.answers import Answer, Taken
from alft.campaign.events import (
    AnsweredEvent,
    AskedEvent,
    ClosedEvent,
    DeliveredEvent,
    Event,
    RetractedEvent,
    events_of,
    line_of,
    line_of_all,
)
from alft.campaign.journal import Journal
from alft.campaign.resolution import resolve
from alft.campaign.state import State, replay
from alft.campaign.taking import take
from alft.cli.main import main

from .campaign_material import ask, fill, open_reviews, posts
from .conftest import ROOT

IDS = ["t0", "t1", "t2"]
CLASSES = ["neg", "pos"]
LISTED = frozenset((tool, text_id) for tool in ("sheet", "studio") for text_id in IDS)
"""All tasks of all tools."""

answers = st.builds(
    Answer,
    text_id=st.sampled_from(IDS),
    label=st.sampled_from([*CLASSES, "new\u2028 \ud800é", None]),
    annotator=st.sampled_from(["", "Ana", "Bo"]),
    seconds=st.sampled_from([None, 1.5]),
    tool=st.sampled_from(["sheet", "studio"]),
    tool_id=st.sampled_from(["", "7", "8"]),
    time=st.sampled_from(["", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]),
)
events = st.one_of(
    st.builds(AnsweredEvent, answers, st.sampled_from(["", "abc"])),
    st.builds(RetractedEvent, st.sampled_from(IDS), st.sampled_from(["", "Ana", "studio#7"]), st.just("replaced")),
    st.builds(ClosedEvent, st.integers(0, 3)),
    st.builds(DeliveredEvent, st.integers(0, 3)),
    st.builds(AskedEvent, st.integers(0, 3), st.just("train"), st.just(("t0", "t2")), st.sampled_from([(), (0.5, -1.0)])),
)


def state_of(found: State) -> tuple:
    """What counts of a state, without the order in which texts were first met."""
    standing = {text_id: dict(sorted(given.items())) for text_id, given in found.standing.items() if given}
    return sorted(standing.items()), found.closed, found.round_of


@given(events)
@example(RetractedEvent("t0", "", "replaced"))
@example(AnsweredEvent(Answer("t0", None)))
@example(ClosedEvent(0))
def test_an_event_survives_its_line(event):
    line = line_of(event)
    assert line.count(b"\n") == 1
    assert events_of(line) == [event]
    assert events_of(line_of_all([event, event])) == [event, event]


@settings(deadline=None, max_examples=60)
@given(st.lists(events, max_size=8), st.integers(0, 2_000), st.lists(events, max_size=3))
def test_a_torn_tail_is_dropped_and_the_next_append_removes_it(tmp_path_factory, whole, cut, more):
    journal = Journal(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    journal.append(whole)
    content = b"".join(map(line_of, whole))
    kept = content[: min(cut, len(content))]
    journal.path.write_bytes(kept)
    left = whole[: kept.count(b"\n")]
    assert journal.read() == left
    journal.append(more)
    assert journal.read() == ([*left, *more] if more else left)


@settings(deadline=None)
@given(st.lists(events, max_size=12), st.randoms())
def test_any_interleaving_of_texts_and_annotators_replays_to_the_same_state(together, drawn):
    """Events on one text by one giver keep their order, as do askings; all else may come in any order."""
    streams: dict[object, list[Event]] = {}
    for event in together:
        if isinstance(event, AnsweredEvent):
            key: object = event.answer.text_id, event.answer.giver
        elif isinstance(event, RetractedEvent):
            key = event.text_id, event.giver
        else:
            key = "askings"
        streams.setdefault(key, []).append(event)
    shuffled: list[Event] = []
    while streams:
        key = drawn.choice(sorted(streams, key=str))
        shuffled.append(streams[key].pop(0))
        streams = {name: left for name, left in streams.items() if left}
    assert state_of(replay(shuffled)) == state_of(replay(together))
    assert replay(shuffled).resolutions == replay(together).resolutions


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.lists(answers, max_size=5), st.booleans()), min_size=1, max_size=3), st.data())
def test_a_file_taken_again_adds_nothing_and_mends_a_take_that_was_killed(files, data):
    history: list[Event] = []
    for number, (given_answers, complete) in enumerate(files):
        taken, file = Taken(given_answers, [], LISTED if complete else frozenset()), f"file{number}"
        added = take(taken, replay(history), IDS, CLASSES, file).events
        whole = replay([*history, *added])
        assert take(taken, whole, IDS, CLASSES, file).events == []
        torn = [*history, *added[: data.draw(st.integers(0, len(added)))]]
        mended = [*torn, *take(taken, replay(torn), IDS, CLASSES, file).events]
        assert state_of(replay(mended)) == state_of(whole)
        history += added


@pytest.mark.parametrize(
    ("labels", "standing", "label"),
    [
        ([], "unanswered", None),
        ([None], "skipped", None),
        ([None, None], "skipped", None),
        (["pos"], "resolved", "pos"),
        (["pos", None], "resolved", "pos"),
        (["pos", "neg"], "tied", None),
        (["pos", "neg", None], "tied", None),
        (["pos", "neg", "pos"], "resolved", "pos"),
        (["a", "b", "c", "a", "b"], "tied", None),
        (["a", "b", "c", "a"], "resolved", "a"),
        (["b"] * 3 + ["a"] * 2, "resolved", "b"),
    ],
)
def test_several_answers_make_one_label(labels, standing, label):
    found = resolve(labels)
    assert (found.standing, found.label) == (standing, label)


def taken(*given_answers: Answer, listed: tuple[str, ...] = (), time: str = "") -> Taken:
    return Taken(list(given_answers), [], frozenset(("studio", text_id) for text_id in listed), time)


def after(*files: Taken) -> State:
    """The state after files were taken one after the other."""
    history: list[Event] = []
    for number, file in enumerate(files):
        history += take(file, replay(history), IDS, CLASSES, f"file{number}").events
    return replay(history)


def labels(state: State, text_id: str = "t0") -> dict[str, str | None]:
    return {giver: answer.label for giver, answer in state.standing.get(text_id, {}).items()}


def test_a_later_answer_of_the_same_annotator_replaces_the_earlier():
    first, second = Answer("t0", "pos", "Ana"), Answer("t0", "neg", "Ana")
    history = take(taken(first), State(), IDS, CLASSES, "a").events
    outcome = take(taken(second, Answer("t0", "pos", "Bo")), replay(history), IDS, CLASSES, "b")
    assert [event.kind for event in outcome.events] == ["retracted", "answered", "answered"]
    assert labels(replay([*history, *outcome.events])) == {"Ana": "neg", "Bo": "pos"}


def test_an_older_answer_does_not_replace_a_newer():
    old, new = (Answer("t0", label, "Ana", time=f"2026-01-0{day}T00:00:00Z") for label, day in (("pos", 1), ("neg", 2)))
    assert labels(after(taken(new), taken(old))) == {"Ana": "neg"}
    assert labels(after(taken(new, old))) == {"Ana": "neg"}, "the order of a file with times does not count"


def test_an_answer_whose_task_is_listed_without_it_was_withdrawn():
    both = [Answer(i, "pos", "Ana", tool="studio", tool_id=i, time="2026-01-01T00:00:00Z") for i in ("t0", "t1")]
    sheet = Answer("t1", "neg", "Bo", tool="sheet")
    export = taken(both[0], listed=("t0", "t1"))
    assert labels(after(taken(*both), taken(sheet), export), "t1") == {"Bo": "neg"}, "another tool"
    assert labels(after(taken(*both), taken(both[0])), "t1") == {"Ana": "pos"}, "a file that lists no task"
    assert labels(after(taken(*both), taken(both[0], listed=("t0",))), "t1") == {"Ana": "pos"}, "filtered to other tasks"
    later = Answer("t1", "neg", "Ana", tool="studio", tool_id="t1", time="2026-01-03T00:00:00Z")
    assert labels(after(taken(both[0], later), export), "t1") == {"Ana": "neg"}, "newer than the export"


def test_an_export_without_any_answer_withdraws_what_is_older_than_its_tasks():
    answer = Answer("t0", "pos", "Ana", tool="studio", time="2026-01-02T00:00:00Z")
    before, since = (taken(listed=("t0",), time=f"2026-01-0{day}T00:00:00Z") for day in (1, 3))
    assert labels(after(taken(answer), before)) == {"Ana": "pos"}, "exported before the answer was given"
    assert labels(after(taken(answer), since)) == {}


def test_answers_of_nobody_in_particular_are_told_apart_by_the_tool():
    first, second = (Answer("t0", label, tool="studio", tool_id=number) for label, number in (("pos", "1"), ("neg", "2")))
    assert labels(after(taken(first, second))) == {"studio#1": "pos", "studio#2": "neg"}
    assert labels(after(taken(Answer("t0", "pos")), taken(Answer("t0", "neg")))) == {"": "neg"}


def test_a_file_taken_again_with_a_name_counts_once():
    nameless, ana, bo = (taken(Answer("t0", "pos", name, tool="sheet")) for name in ("", "Ana", "Bo"))
    history = take(nameless, State(), IDS, CLASSES, "a").events
    for file in (ana, nameless, ana):
        history = [*history, *take(file, replay(history), IDS, CLASSES, "a").events]
    assert labels(replay(history)) == {"Ana": "pos"}
    history = [*history, *take(bo, replay(history), IDS, CLASSES, "a").events]
    assert labels(replay(history)) == {"Ana": "pos", "Bo": "pos"}, "two people may hand in the same answers"


DRIVER = """
import sys
import alft.cli.take_command
from alft.cli.main import main
print('ready', flush=True)
sys.stdin.readline()
for file in sys.argv[1:]:
    assert main(['take', 'posts', file]) == 0
"""


def about_to_take(*files: str) -> subprocess.Popen:
    """A process that has imported everything, and takes files at a sign."""
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", DRIVER, *files], text=True, env=environment, **streams)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen) -> None:
    """Give the sign."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_take_that_is_killed_leaves_a_whole_journal_and_goes_on(in_a_folder, capsys):
    script = open_reviews(600, "--validation", "10")
    ids = ask("a.csv", "--count", "590")
    names = [f"{part}.csv" for part in range(6)]
    for part, name in enumerate(names):
        Path(name).write_text("id,label\n" + "".join(f"{i},{script[i]}\n" for i in ids[part::6]))
    rng, sizes = random.Random(5), []
    for _ in range(5):
        process = about_to_take(*names)
        go(process)
        sleep(rng.uniform(0, 0.15))
        process.kill()
        process.communicate()
        assert {i: found.label for i, found in posts().state.resolutions.items()}.items() <= script.items()
        sizes.append(len(posts().state.resolutions))
    assert all(less <= more for less, more in pairwise(sizes))
    assert main(["take", "posts", "0.csv"]) == 0
    for name in names:
        assert main(["take", "posts", name]) == 0
    assert {i: found.label for i, found in posts().state.resolutions.items()} == {i: script[i] for i in ids}
    told = [event for event in posts().journal.read() if isinstance(event, AnsweredEvent)]
    assert len(told) == len(ids), "nothing was recorded twice"


def test_two_takes_at_once_are_both_kept(in_a_folder):
    script = open_reviews(300, "--validation", "10")
    ids = ask("a.csv", "--count", "290")
    for part in range(4):
        Path(f"{part}.csv").write_text("id,label\n" + "".join(f"{i},{script[i]}\n" for i in ids[part::4]))
    both = [about_to_take("0.csv", "2.csv"), about_to_take("1.csv", "3.csv")]
    for process in both:
        go(process)
    for process in both:
        process.communicate()
        assert process.returncode == 0
    assert {i: found.label for i, found in posts().state.resolutions.items()} == {i: script[i] for i in ids}


def test_a_damaged_line_is_told_with_its_number(in_a_folder, capsys):
    script = open_reviews(40, "--validation", "5")
    ask("a.csv", "--count", "5")
    fill("a.csv", lambda i: script[i])
    assert main(["take", "posts", "a.csv"]) == 0
    path = Path("posts/journal.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    for damage in (b"{}\n", b"[1]\n", b'{"event": "answered"}\n', b"\x00\xff\n", b'{"event": "asked", "rounds": 1}\n'):
        path.write_bytes(b"".join([*lines[:3], damage, *lines[4:]]))
        capsys.readouterr()
        assert main(["status", "posts"]) == 2
        assert "journal.jsonl is damaged in line 4" in capsys.readouterr().err


ASKER = """
import sys
import alft.cli.campaign_policy
from alft.cli import ask_command
from alft.cli.main import main
record = ask_command._record
def after_a_sign(*given):
    print('chosen', flush=True)
    sys.stdin.readline()
    record(*given)
ask_command._record = after_a_sign
sys.exit(main(['ask', 'posts', '--count', '20', '--more', '--to', 'late.csv', '--trainer.enable_progress_bar', 'false']))
"""


@pytest.mark.parametrize("meantime", ["asked", "unasked"])
def test_a_take_while_ask_chooses_is_kept(in_a_folder, meantime):
    """Answers to texts that ask has just chosen make it end with a sentence; others do not matter."""
    script = open_reviews(120, "--validation", "10")
    ids = ask("a.csv", "--count", "30")
    others = [i for i in script if i not in ids]
    Path("b.csv").write_text("id,label\n" + "".join(f"{i},{script[i]}\n" for i in (ids if meantime == "asked" else others)))
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "-c", ASKER], text=True, env=environment, **streams)
    assert process.stdout is not None
    assert process.stdout.readline() == "chosen\n"
    taker = about_to_take("b.csv")
    go(taker)
    taker.communicate()
    assert taker.returncode == 0
    _, told = process.communicate("\n")
    given = posts().state
    assert set(given.resolutions) == set(ids if meantime == "asked" else others), "no answer is lost"
    if meantime == "asked":
        assert process.returncode == 0
        assert not set(given.ids_of_round(1)) & set(ids)
    else:
        assert process.returncode == 2
        assert "were taken in the meantime; give the command again" in told
        assert given.newest_round == 0
        assert not Path("late.csv").exists()
