"""Labels of several marks: their places in words, their majority, and what people write for them."""

import json

import pytest

from alft.campaign.form import SeveralClasses
from alft.campaign.marks import common_share, marks_in
from alft.campaign.placing import in_characters, in_words
from alft.campaign.resolution import resolve_marks
from alft.campaign.separating import separated
from alft.system.spans import Span


@pytest.mark.parametrize(
    ("text", "start", "end", "covered", "found"),
    [
        ("v Prahe dnes", 2, 7, "Prahe", [(1, 2)]),
        ("v Prahe dnes", 2, 7, "", [(1, 2)]),
        ("v Prahe dnes", 3, 6, "rah", [(1, 2)]),
        ("v Prahe dnes", 1, 8, " Prahe ", [(1, 2)]),
        ("v Prahe dnes", 6, 9, "e d", [(1, 3)]),
        ("\N{PARTY POPPER} v Prahe dnes", 5, 10, "Prahe", [(2, 3)]),
        ("v Prahe dnes", 1, 2, " ", "covers no word"),
        ("v Prahe dnes", 2, 7, "Brne", "not where the file says"),
        ("v Prahe", 40, 45, "", "not where the file says"),
        ("v Prahe", -5, 2, "", "not where the file says"),
        ("v Prahe", 5, 3, "", "not where the file says"),
        ("v Prahe", 3, 3, "", "not where the file says"),
        ("v Prahe", 2, 10**30, "", "not where the file says"),
    ],
)
def test_an_entity_has_all_of_the_words_that_it_touches(text, start, end, covered, found):
    if isinstance(found, str):
        with pytest.raises(ValueError, match=found):
            in_words([Span(start, end, "LOC")], [covered], text)
    else:
        assert in_words([Span(start, end, "LOC")], [covered], text) == [Span(*bounds, "LOC") for bounds in found]


def test_a_tool_counts_in_one_way_within_a_text():
    text = "\N{PARTY POPPER} a \N{PARTY POPPER} a b"
    assert in_words([Span(3, 4, "A"), Span(8, 9, "B")], ["a", "a"], text) == [Span(1, 2, "A"), Span(3, 4, "B")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में, नमस्ते!", ["हिन्दी", "में", ",", "नमस्ते", "!"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("cafe\u0301 می\u200cخواهم", ["cafe\u0301", "می\u200cخواهم"]),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd!",
            ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "!"],
        ),
        ("\u200b", []),
        ("\xa0 \n", []),
        ("U.S.-based, e.g. 3.5% -- x", ["U.S", ".", "-", "based", ",", "e.g", ".", "3.5", "%", "-", "-", "x"]),
    ],
)
def test_words_and_signs_in_any_script(text, words):
    assert separated(text) == " ".join(words)


def test_entities_come_back_from_characters_as_they_went():
    text, spans = "a bc \N{PARTY POPPER} def g", [Span(0, 2, "A"), Span(2, 3, "B"), Span(3, 5, "A")]
    assert in_words(in_characters(spans, text), ["", "", ""], text) == spans


def test_entities_that_share_a_word_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        in_words([Span(0, 7, "LOC"), Span(2, 7, "ORG")], ["", ""], "v Prahe")


@pytest.mark.parametrize(
    ("labels", "standing", "label"),
    [
        (['["a", "b"]', '["a"]', '["a", "c"]'], "resolved", '["a"]'),
        (['["a"]', "[]", "[]"], "resolved", "[]"),
        (['["a"]', "[]"], "tied", None),
        (['["a"]', '["a"]', "[]", "[]"], "tied", None),
        ([None, '["a"]'], "resolved", '["a"]'),
        ([None], "skipped", None),
        ([], "unanswered", None),
    ],
)
def test_each_mark_is_decided_by_the_majority(labels, standing, label):
    found = resolve_marks(labels)
    assert (found.standing, found.label) == (standing, label)


def test_agreement_on_marks_is_f1_over_all_pairs_of_people():
    labels = ['[[0, 1, "A"], [2, 3, "B"]]', '[[0, 1, "A"]]', '[[0, 2, "A"]]']
    assert common_share([labels]) == pytest.approx(2 * 1 / (3 + 3 + 2))
    assert common_share([["[]", "[]"]]) is None


@pytest.mark.parametrize(
    ("cell", "label"),
    [
        ("angry, sad", ["angry", "sad"]),
        ("angry/sad", ["angry", "sad"]),
        ("Sad", ["sad"]),
        ("None", []),
        ("sad;", ["sad"]),
        ("[sad", ["[sad"]),
        ('[["sad"]]', ['[["sad"]]']),
        ("angry, new", ["angry, new"]),
        ("a;b", ["a", "b"]),
    ],
)
def test_what_people_write_for_several_classes(cell, label):
    assert json.loads(SeveralClasses().match(cell, ["angry", "sad"])) == label


@pytest.mark.parametrize("label", ["sad", "{}", "[" * 100_000])
def test_a_label_that_is_no_list_is_told(label):
    with pytest.raises(ValueError, match="is no list of marks"):
        marks_in(label)
    assert json.loads(SeveralClasses().match(label, ["sad"])) == [label]
