"""Classes that are added to a campaign later: the settings, and the answers that they name."""

from pathlib import Path

import pytest
import yaml

from alft.campaign.agreement import agreement
from alft.campaign.answers import Answer
from alft.campaign.form import SeveralClasses
from alft.campaign.marks import written
from alft.campaign.new_classes import new_classes
from alft.campaign.settings_text import with_classes
from alft.cli.main import main

from .campaign_material import ask, fill, ids_in, open_reviews, posts, record


def test_a_forgotten_class_is_added_as_answers_are_taken(in_a_folder, capsys):
    script = open_reviews(60, "--validation", "10")
    ids = ask("a.csv", "--count", "10")
    record(Answer(ids[11], "mixed", "Bo"))
    fill("a.csv", lambda i: "Mixed" if i == ids[10] else script[i] if i != ids[11] else "")
    assert main(["take", "posts", "a.csv", "--add_classes", "mixed, unclear"]) == 0
    assert "labels that are no class" not in capsys.readouterr().out
    campaign = posts()
    assert campaign.settings.classes == ["negative", "positive", "mixed", "unclear"]
    assert [campaign.state.resolution(i).label for i in ids[10:12]] == ["mixed", "mixed"]
    assert main(["take", "posts", "a.csv", "--add_classes", "mixed"]) == 0
    assert posts().settings == campaign.settings
    for given, sentence in (("a,", "add_classes must be different names"), ("skip", "add_classes: 'skip' is what annotators")):
        assert main(["take", "posts", "a.csv", "--add_classes", given]) == 2
        assert sentence in capsys.readouterr().err
    assert ids_in("a.csv")


def test_earlier_answers_count_however_they_write_a_class_that_is_added_later(in_a_folder):
    open_reviews(60, "--validation", "10")
    ids = ask("a.csv", "--count", "10")
    record(
        *(
            Answer(i, label, who)
            for i, label, who in ((ids[10], "Mixed", "Ana"), (ids[10], "mixed", "Bo"), (ids[11], "MIXED", "Bo"))
        )
    )
    assert [posts().state.resolution(i).standing for i in ids[10:12]] == ["tied", "resolved"], "they are different names so far"
    path = Path("posts/campaign.yaml")
    path.write_text(path.read_text().replace("- negative", "- negative\n- mixed"))
    campaign = posts()
    assert [campaign.state.resolution(i).label for i in ids[10:12]] == ["mixed", "mixed"]
    assert not new_classes(campaign)
    assert agreement(campaign.state).value == 1.0
    assert campaign.state.standing[ids[11]]["Bo"].label == "MIXED", "the journal stays as it is"


COMMENTED = """# Opened by Ana.\r
classes:   # of the posts\r
- negative\r
-   "positive"   # or neutral\r
\r
# The column of the export.\r
text_column:  text\r
source: 'posts.csv'\r
fingerprint: FINGERPRINT  # never edit\r
seed: 0x0\r
# end, without an end of line"""


def test_what_people_write_in_the_settings_stays_when_a_class_is_added(in_a_folder):
    open_reviews(60, "--validation", "10")
    ask("a.csv", "--count", "10")
    path = Path("posts/campaign.yaml")
    text = "\ufeff" + COMMENTED.replace("FINGERPRINT", repr(posts().settings.fingerprint))
    path.write_bytes(text.encode("utf-8"))
    assert main(["take", "posts", "a.csv", "--add_classes", "mixed, ħażin: 'iva'"]) == 0
    added = "# or neutral\r\n- mixed\r\n- 'ħażin: ''iva'''\r\n"
    assert path.read_bytes() == text.replace("# or neutral\r\n", added).encode("utf-8")
    assert posts().settings.classes == ["negative", "positive", "mixed", "ħażin: 'iva'"]
    whole = path.read_bytes()
    for more in (["--add_classes", "mixed"], []):
        assert main(["take", "posts", "a.csv", *more]) == 0
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("classes: [a, b]\nseed: 0\n", ["c"], "classes: [a, b, c]\nseed: 0\n"),
        ("classes: [a,  # one\n  b,  # two\n]\n", ["c", "d"], "classes: [a,  # one\n  b, c, d,  # two\n]\n"),
        ("{classes: ['a', b], seed: 0}", ["yes"], "{classes: ['a', b, 'yes'], seed: 0}"),
        ("seed: 0\nclasses:\n    - a\n    - b", ["c"], "seed: 0\nclasses:\n    - a\n    - b\n    - c\n"),
        ("classes:\n- a\n- |-\n  b - b\nseed: 0\n", ["c"], "classes:\n- a\n- |-\n  b - b\n- c\nseed: 0\n"),
        ("classes:\n- a\n- 'b\n  b'  # c\n# d\nseed: 0\n", ["1"], "classes:\n- a\n- 'b\n  b'  # c\n- '1'\n# d\nseed: 0\n"),
        ("classes: [x]\nclasses:\n- a\n- b\n", ["c"], "classes: [x]\nclasses:\n- a\n- b\n- c\n"),
        ("classes:\n- a\n- b\n", ["c\td"], 'classes:\n- a\n- b\n- "c\\td"\n'),
        ("classes:\n- a\n- b\n", ["c " * 100 + "d"], "classes:\n- a\n- b\n- " + "c " * 100 + "d\n"),
        ("classes: [a, b]\n...\n", [], "classes: [a, b]\n...\n"),
    ],
)
def test_classes_are_added_to_a_list_in_any_form(text, names, expected):
    assert with_classes(text, names) == expected
    assert yaml.safe_load(expected)["classes"] == [*yaml.safe_load(text)["classes"], *names]


@pytest.mark.parametrize(
    "text",
    [
        "<<: {classes: [a, b]}\nseed: 0\n",
        "cold_start: {init_args: &list [a, b]}\nclasses: *list\n",
        "classes:\n- a\n-   # not - this\n  b\n",
    ],
)
def test_a_list_that_cannot_be_added_to_is_refused_and_nothing_recorded(in_a_folder, capsys, text):
    open_reviews(60, "--validation", "10")
    ask("a.csv", "--count", "10")
    fill("a.csv", lambda i: "a")
    path = Path("posts/campaign.yaml")
    whole = f"{text}text_column: text\nsource: posts.csv\nfingerprint: {posts().settings.fingerprint!r}\n"
    path.write_text(whole)
    assert main(["take", "posts", "a.csv", "--add_classes", "c"]) == 2
    assert "add_classes: posts/campaign.yaml: its list of classes is written in a way" in capsys.readouterr().err
    assert path.read_text() == whole
    assert not posts().state.standing


def test_a_file_taken_again_with_a_new_class_leaves_a_newer_answer(in_a_folder, capsys):
    open_reviews(60, "--validation", "0")
    ids = ask("old.csv", "--count", "5")
    Path("new.csv").write_bytes(Path("old.csv").read_bytes())
    fill("old.csv", lambda i: "sad" if i == ids[0] else "")
    fill("new.csv", lambda i: "positive" if i == ids[0] else "")
    for file in ("old.csv", "new.csv"):
        assert main(["take", "posts", file, "--annotator", "Ana"]) == 0
    assert main(["take", "posts", "old.csv", "--annotator", "Ana", "--add_classes", "Sad"]) == 0
    assert "taken before: 1 answers" in capsys.readouterr().out
    assert posts().state.resolution(ids[0]).label == "positive"


def test_a_class_added_later_names_classes_that_were_kept_as_one_cell(in_a_folder):
    open_reviews(60, "--validation", "0", "--data.task", "multi")
    ids = ask("a.csv", "--count", "5")
    record(Answer(ids[0], SeveralClasses().match("negative, mixed", ["negative", "positive"]), "Bo"))
    path = Path("posts/campaign.yaml")
    path.write_text(path.read_text().replace("- negative", "- negative\n- mixed"))
    assert posts().state.resolution(ids[0]).label == written(["negative", "mixed"])
