"""What campaigns tell: errors with their mends, new classes, ties, agreement, ids of others."""

import json
from pathlib import Path

import pytest

from alft.campaign.agreement import agreement
from alft.campaign.answers import Answer, Asked
from alft.campaign.events import AnsweredEvent
from alft.campaign.opening import ids_of
from alft.campaign.state import replay
from alft.campaign.tools.label_studio_server import Sent
from alft.campaign.tools.spreadsheet import Spreadsheet
from alft.cli.main import main
from alft.data.corpus import load_corpus
from alft.system.terminal import progress_bar

from .campaign_material import ask, fill, ids_in, open_reviews, posts, write_texts

OPEN = {
    ("--classes", "a"): "classes must be two different names or more, separated by commas, got 'a'",
    ("--classes", "a,a"): "classes must be two different names or more, separated by commas, got 'a,a'",
    ("--classes", "a,"): "classes must be two different names or more, separated by commas, got 'a,'",
    ("--classes", "a,Skip"): "classes: 'Skip' is what annotators write to skip a text; give the class another name",
    ("--validation", "-1"): "validation must be at least 0, got -1",
    ("--validation", "29"): "validation and test must leave at least 2 of the 30 different texts to train on, got 29 and 0",
    ("--data.text_column", "words"): "data.text_column: there is no column 'words'; posts.csv has: text",
    ("--campaign", "posts.csv"): "campaign: posts.csv is a file; give a folder",
}


@pytest.mark.parametrize(("arguments", "sentence"), OPEN.items(), ids=str)
def test_open_refuses(in_a_folder, capsys, arguments, sentence):
    write_texts(Path("posts.csv"), [f"text {n}" for n in range(30)])
    usual = {"--classes": "a,b", "--campaign": "posts", "--validation": "5"} | dict([arguments])
    assert main(["open", "posts.csv", *(part for pair in usual.items() for part in pair)]) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("posts").exists()


def test_open_needs_a_file_and_an_empty_place(in_a_folder, capsys):
    open_reviews(40, "--validation", "5")
    assert main(["open", "nothing.csv", "--classes", "a,b", "--campaign", "other"]) == 2
    assert "open: no such file: nothing.csv" in capsys.readouterr().err
    assert main(["open", "posts.csv", "--classes", "a,b", "--campaign", "posts", "--validation", "5"]) == 2
    assert "campaign: posts holds a campaign already" in capsys.readouterr().err


def test_labels_of_the_source_must_be_classes(in_a_folder, capsys):
    Path("posts.csv").write_text("text,label\none,pos\ntwo,neg\nthree,\nfour,neutral\n")
    assert main(["open", "posts.csv", "--classes", "pos,neg", "--campaign", "posts", "--validation", "0"]) == 2
    told = capsys.readouterr().err
    assert "the column 'label' of posts.csv has the labels neutral, which are not among the classes pos, neg" in told
    assert "add them to --classes, or name another column with --data.label_column" in told


COMMANDS = (["ask", "FOLDER", "--to", "a.csv"], ["take", "FOLDER", "a.csv"], ["status", "FOLDER"], ["close", "FOLDER"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_is_no_campaign_is_told_and_not_made(in_a_folder, capsys, command):
    Path("a.csv").write_text("id,label\nt0,a\n")
    arguments = [
        "nowhere" if word == "FOLDER" else "b.csv" if (command[0], word) == ("ask", "a.csv") else word for word in command
    ]
    assert main(arguments) == 2
    assert "campaign: nowhere holds no campaign (campaign.yaml is missing)" in capsys.readouterr().err
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_changed_pool_is_refused_with_the_mend(in_a_folder, capsys, command):
    open_reviews(40, "--validation", "5")
    Path("a.csv").write_text("id,label\nt0,a\n")
    with Path("posts/pool.parquet").open("ab") as file:
        file.write(b"x")
    assert main(["posts" if word == "FOLDER" else word for word in command] + (["--force"] if command[0] == "ask" else [])) == 2
    told = capsys.readouterr().err
    assert "posts/pool.parquet has changed since the campaign was opened" in told
    assert "restore it from a copy, or open another campaign" in told
    Path("posts/pool.parquet").unlink()
    assert main(["status", "posts"]) == 2
    assert "posts/pool.parquet is missing; restore it" in capsys.readouterr().err


def test_a_damaged_settings_file_is_told(in_a_folder, capsys):
    open_reviews(40, "--validation", "5")
    path = Path("posts/campaign.yaml")
    whole = path.read_text()
    for damage, sentence in (
        ("a: [", "campaign.yaml cannot be read"),
        (whole.replace("min_labels: 20", "min_labels: many"), "min_labels in posts/campaign.yaml must be a whole number of at"),
        (whole + "labels: 3\n", "its entries are classes, text_column"),
        (whole.replace("classes:\n", "classes: a\nseed_of:\n"), "campaign.yaml cannot be read"),
    ):
        path.write_text(damage)
        assert main(["status", "posts"]) == 2
        assert sentence in capsys.readouterr().err


def test_ask_refuses(in_a_folder, capsys):
    open_reviews(40, "--validation", "5")
    for more, sentence in (
        (["--to", "a.docx"], "to: a.docx must end in one of"),
        (["--to", "none/a.csv"], "there is no folder none"),
        (["--to", "a.csv", "--count", "-1"], "count must be at least 0, got -1"),
        (["--to", "a.csv", "--ckpt_path", "none.ckpt"], "ckpt_path must be the checkpoint file of a run"),
    ):
        assert main(["ask", "posts", *more]) == 2
        assert sentence in capsys.readouterr().err
    assert posts().state.asked == []


def test_take_refuses_what_no_tool_knows(in_a_folder, capsys):
    open_reviews(40, "--validation", "5")
    Path("a.csv").write_text("one,two\n1,2\n")
    assert main(["take", "posts", "a.csv"]) == 2
    assert "take: a.csv is no file of a known tool" in capsys.readouterr().err
    assert main(["take", "posts", "b.csv"]) == 2
    assert "take: no such file: b.csv" in capsys.readouterr().err


def test_answers_of_another_campaign_are_told_and_not_recorded(in_a_folder, capsys):
    script = open_reviews(40, "--validation", "5")
    ids = ask("a.csv", "--count", "5")
    other = ids_of(["a text of another campaign"])[0]
    Path("a.csv").write_text(f"id,label\n{other},pos\n{ids[0]},{script[ids[0]]}\n")
    assert main(["take", "posts", "a.csv"]) == 0
    told = capsys.readouterr().out
    assert "recorded: 1 labels" in told
    assert other in told
    assert set(posts().state.standing) == {ids[0]}


def test_new_classes_are_kept_told_and_trained_on_once_added(in_a_folder, capsys):
    script = open_reviews(60, "--validation", "10")
    ids = ask("a.csv", "--count", "30")
    new = set(ids[-4:])
    fill("a.csv", lambda i: "mixed" if i in new else script[i])
    assert main(["take", "posts", "a.csv"]) == 0
    assert "labels that are no class: mixed; add them to classes in posts/campaign.yaml" in capsys.readouterr().out
    corpus = load_corpus("posts")
    assert (len(corpus.pool), len(corpus.validation), "mixed" in corpus.label_names) == (26, 10, False)
    assert any("4 texts with labels that are no class (mixed)" in remark for remark in corpus.remarks)
    path = Path("posts/campaign.yaml")
    path.write_text(path.read_text().replace("text_column:", "- mixed\ntext_column:"))
    corpus = load_corpus("posts")
    assert (len(corpus.pool), corpus.label_names[-1]) == (30, "mixed")


@pytest.fixture
def without_krippendorff(monkeypatch):
    monkeypatch.setattr("alft.campaign.agreement.find_spec", lambda name: None)


def test_a_tie_is_asked_again_and_a_third_annotator_resolves_it(in_a_folder, without_krippendorff, capsys):
    script = open_reviews(60, "--validation", "10")
    ids = ask("a.csv", "--count", "10")
    fill("a.csv", lambda i: script[i])
    other = dict(zip(sorted(set(script.values())), sorted(set(script.values()), reverse=True), strict=True))
    tied = ids[12]
    Path("b.csv").write_text("id,label\n" + "".join(f"{i},{other[script[i]] if i == tied else script[i]}\n" for i in ids[10:]))
    assert main(["take", "posts", "a.csv", "--annotator", "Ana"]) == 0
    assert main(["take", "posts", "b.csv", "--annotator", "Bo"]) == 0
    assert posts().state.tied() == [tied]
    assert len(load_corpus("posts").pool) == 9
    capsys.readouterr()
    assert main(["status", "posts", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rounds"][0]["tied"], found["answers"], found["agreement"]["texts"]) == (1, 30, 10)
    ana, bo = ([script[i] for i in ids[10:]], [other[script[i]] if i == tied else script[i] for i in ids[10:]])
    chance = sum(ana.count(name) * bo.count(name) for name in other) / 100
    assert found["agreement"]["value"] == pytest.approx((0.9 - chance) / (1 - chance))
    assert tied in ask("c.csv", "--count", "5")
    Path("d.csv").write_text(f"id,label\n{tied},{script[tied]}\n")
    assert main(["take", "posts", "d.csv", "--annotator", "Cy"]) == 0
    assert posts().state.resolution(tied).label == script[tied]
    assert tied not in ask("e.csv", "--count", "5")


def test_a_campaign_without_answers_cannot_be_trained_on(in_a_folder):
    script = open_reviews(60, "--validation", "10")
    with pytest.raises(ValueError, match="has no resolved label to train on; take answers first"):
        load_corpus("posts")
    ids = ask("a.csv", "--count", "20")
    fill("a.csv", lambda i: script[i] if i in ids[10:] else "")
    assert main(["take", "posts", "a.csv"]) == 0
    with pytest.raises(ValueError, match="none of the 10 texts of the random validation sample of posts has a resolved label"):
        load_corpus("posts")
    with pytest.raises(ValueError, match=r"data\.subset: posts has no subsets"):
        load_corpus("posts", subset="en")


def test_agreement_is_that_of_the_library(without_krippendorff):
    def state(*votes: tuple[str, str, str]):
        return replay(AnsweredEvent(Answer(i, label, who)) for i, label, who in votes)

    same = [(f"t{n}", "pos" if n % 2 else "neg", who) for n in range(6) for who in ("Ana", "Bo")]
    assert agreement(state(*same)).value == 1.0
    half = [(i, "pos" if who == "Bo" else label, who) for i, label, who in same]
    assert agreement(state(*half)).value == pytest.approx(0.0, abs=0.2)
    assert agreement(state(("t0", "pos", "Ana"), ("t1", "pos", "Bo"))).value is None, "no text has two labels"
    assert agreement(state()).annotators == 0


def test_a_spreadsheet_runs_no_formula_and_its_texts_are_ignored_on_the_way_back():
    sheet = Spreadsheet()
    texts = ["=1+1", "plain", " @SUM(A1)", 'two\nlines "quoted"', "Għandu 😀"]
    rows = [Asked(i, text) for i, text in zip(ids_of(texts), texts, strict=True)]
    content = sheet.write(rows, ["pos", "neg"])
    assert content.startswith(b"\xef\xbb\xbf")
    assert b'"\'=1+1"' in content
    assert b'"\' @SUM(A1)"' in content
    assert sheet.recognises(content)
    filled = content.decode("utf-8-sig").replace('"plain",""', '"changed"," POS "').replace('"\'=1+1",""', '"2","?"')
    taken = sheet.read(filled.encode("utf-8-sig"), ["pos", "neg"], {row.text_id for row in rows})
    assert [(answer.text_id, answer.label) for answer in taken.answers] == [(rows[0].text_id, None), (rows[1].text_id, "pos")]


def test_ids_are_of_the_normal_form_and_number_repeats():
    assert ids_of(["é", "e\u0301"]) == [ids_of(["é"])[0], ids_of(["é"])[0] + "-2"]
    assert all(len(i) == 17 and i[0] == "t" for i in ids_of(["", "x", "\ud800"]))


def test_status_shows_a_table(in_a_folder, capsys):
    open_reviews(60, "--validation", "10")
    ids_in_file = ask("a.csv", "--count", "10")
    assert ids_in("a.csv") == ids_in_file
    capsys.readouterr()
    assert main(["status", "posts"]) == 0
    shown = capsys.readouterr().out
    assert "TypiClust" in shown
    assert "labels, validation: 0" in shown
    assert shown.rstrip().splitlines()[-1] == "next: python -m alft ask posts --to FILE"


@pytest.mark.parametrize("command", [["ask", "posts", "--to", "label-studio"], ["take", "posts", "label-studio"]])
def test_a_server_without_an_address_is_told_before_anything_is_chosen(in_a_folder, capsys, monkeypatch, command):
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    open_reviews(40, "--validation", "5")
    assert main(command) == 2
    assert "LABEL_STUDIO_URL must be set to the address of Label Studio" in capsys.readouterr().err
    assert not Path("posts/journal.jsonl").exists() or not Path("posts/journal.jsonl").read_bytes()


def test_a_server_is_asked_for_the_texts_that_a_file_would_hold(in_a_folder, capsys, monkeypatch):
    """The requests themselves are tested against a real server (test_label_studio_server.py)."""
    sent, titles = [], []

    def send(title, rows, classes, task, progress=None):
        titles.append(title)
        sent.extend(row.text_id for row in rows)
        return Sent("http://localhost/projects/1", len(rows), 0)

    monkeypatch.setattr("alft.cli.campaign_places.send", send)
    open_reviews(40, "--validation", "5")
    assert main(["ask", "posts", "--count", "3", "--to", "label-studio"]) == 0
    assert "http://localhost/projects/1: 8 tasks imported, 0 were there" in capsys.readouterr().out
    assert main(["ask", "posts", "--count", "3", "--to", "ask.csv"]) == 0
    assert sent == ids_in("ask.csv")
    tasks = [{"id": 1, "data": {"text": "x", "alft_id": sent[0]}, "annotations": [annotation("pos")]}]
    monkeypatch.setattr("alft.cli.take_command.fetch", lambda title: titles.append(title) or json.dumps(tasks).encode())
    assert main(["take", "posts", "label-studio"]) == 0
    assert "recorded: 1 labels" in capsys.readouterr().out
    assert set(titles) == {"posts"}


def annotation(label):
    choice = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
    times = dict.fromkeys(("created_at", "updated_at"), "2026-11-27T10:00:00Z")
    return {"id": 7, "completed_by": 1, "was_cancelled": False, "lead_time": 2.5, "result": [choice], **times}


def test_a_bar_is_shown_on_a_terminal_and_nothing_is_printed_elsewhere(in_a_folder, capfd, monkeypatch):
    with progress_bar("take") as progress:
        progress(1, 4)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("take") as progress:
        progress(1, 4)
    assert "take" in capfd.readouterr().out
