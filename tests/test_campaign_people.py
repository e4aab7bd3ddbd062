"""Several annotators: Krippendorff's alpha against values by hand, and labels by Dawid-Skene against a plain EM."""

import json
import random
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import alft.campaign.agreement
import alft.campaign.dawid_skene
from alft.campaign.agreement import agreement
from alft.campaign.answers import Answer
from alft.campaign.dawid_skene import most_probable
from alft.campaign.events import AnsweredEvent
from alft.campaign.resolution import Resolution
from alft.campaign.source import table_of
from alft.campaign.state import State, replay
from alft.cli.main import main

from .campaign_material import ask, open_reviews, posts, record

needs_krippendorff = pytest.mark.skipif(find_spec("krippendorff") is None, reason="needs the extra crowd")
needs_crowd_kit = pytest.mark.skipif(find_spec("crowdkit") is None, reason="needs the extra crowd")

TABLE = ("*****34121133*3", "1*213343*******", "**21344*21133*4")
"""Answers of three people on fifteen texts; * for none (Krippendorff's own example of nominal data with missing answers)."""


def state_of(*votes: tuple[str, str, str]) -> State:
    return replay(AnsweredEvent(Answer(text_id, label, who)) for text_id, label, who in votes)


def votes_of(rows: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return [(f"t{n}", label, f"p{who}") for who, row in enumerate(rows) for n, label in enumerate(row) if label != "*"]


def alpha_by_hand(rows: tuple[str, ...]) -> float:
    """1 - (n - 1) sum of coincidences of unlike labels / sum of products of unlike totals (Krippendorff, 2011)."""
    units = [[row[n] for row in rows if row[n] != "*"] for n in range(len(rows[0]))]
    units = [unit for unit in units if len(unit) > 1]
    total = [label for unit in units for label in unit]
    unlike = sum((a != b) / (len(unit) - 1) for unit in units for a, b in product(unit, unit))
    expected = sum(a != b for a, b in product(total, total))
    return 1 - (len(total) - 1) * unlike / expected


@needs_krippendorff
class TestAlpha:
    @pytest.mark.parametrize(
        ("rows", "value"),
        [
            # two people, ten texts, 6 alike: coincidences 0-0 10, 0-1 4 and 4, 1-1 2; 1 - 19 * 8 / (2 * 14 * 6)
            (("0100000000", "1110010100"), 1 - 19 * 8 / (2 * 14 * 6)),
            (("ab", "ba"), 1 - 3 * 4 / (2 * 2 * 2)),
            (("aab*", "aabb"), 1.0),
            (TABLE, 0.691358),
        ],
    )
    def test_values_by_hand(self, rows, value):
        found = agreement(state_of(*votes_of(rows)))
        assert found.measure == "Krippendorff's alpha"
        assert found.value == pytest.approx(value, abs=1e-6)
        assert found.value == pytest.approx(alpha_by_hand(rows))

    def test_one_class_alone_is_full_agreement(self):
        assert agreement(state_of(*votes_of(("aa", "aa")))).value == 1.0


def test_without_the_package_two_people_have_kappa_and_three_have_none(monkeypatch):
    monkeypatch.setattr(alft.campaign.agreement, "find_spec", lambda name: None)
    found = agreement(state_of(*votes_of(("0100000000", "1110010100"))))
    assert (found.measure, found.value) == ("Cohen's kappa", pytest.approx((0.6 - 0.5) / (1 - 0.5)))
    assert agreement(state_of(*votes_of(("ab", "ba", "aa")))).value is None


def drawn(
    seed: int, texts: int, skill: tuple[float, ...], share: float
) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """True labels of texts, and labels by people of a skill."""
    rng = random.Random(seed)
    truth = {f"t{n}": "pos" if rng.random() < share else "neg" for n in range(texts)}
    other = {"pos": "neg", "neg": "pos"}
    given = {i: [(f"p{k}", own if rng.random() < p else other[own]) for k, p in enumerate(skill)] for i, own in truth.items()}
    return truth, given


def labels_by_em(votes: dict[str, list[tuple[str, str]]]) -> dict[str, str]:
    """Dawid and Skene (1979), equations 2.3 to 2.5, from the shares of votes; 200 rounds."""
    classes, people = ["neg", "pos"], sorted({who for given in votes.values() for who, _ in given})
    counts = np.zeros((len(votes), len(people), 2))
    for n, given in enumerate(votes.values()):
        for who, label in given:
            counts[n, people.index(who), classes.index(label)] += 1
    truth = counts.sum(1) / counts.sum((1, 2))[:, None]
    for _ in range(200):
        errors = np.einsum("nj,nkl->kjl", truth, counts) + 1e-10
        errors /= errors.sum(2, keepdims=True)
        logs = np.log(truth.mean(0) + 1e-10) + np.einsum("nkl,kjl->nj", counts, np.log(errors))
        truth = np.exp(logs - logs.max(1, keepdims=True))
        truth /= truth.sum(1, keepdims=True)
    return {text_id: classes[best] for text_id, best in zip(votes, truth.argmax(1), strict=True)}


@needs_crowd_kit
class TestDawidSkene:
    @pytest.mark.parametrize("seed", range(3))
    def test_labels_are_those_of_a_plain_em(self, seed):
        _, votes = drawn(seed, 200, (0.95, 0.8, 0.75, 0.6), 0.7)
        found, expected = most_probable(votes), labels_by_em(votes)
        same = [found[text_id] == label for text_id, label in expected.items()]
        assert np.mean(same) > 0.99

    def test_who_errs_less_weighs_more(self):
        """One good annotator against two who guess: the majority is worse."""
        truth, votes = drawn(0, 400, (0.95, 0.62, 0.62), 0.5)
        by_model = most_probable(votes)
        by_majority = {i: max(("neg", "pos"), key=[label for _, label in given].count) for i, given in votes.items()}
        right = [np.mean([found[i] == label for i, label in truth.items()]) for found in (by_model, by_majority)]
        assert right[0] > right[1] + 0.05

    def test_what_nobody_shares_is_left_and_the_order_of_answers_does_not_matter(self):
        _, votes = drawn(1, 60, (0.9, 0.7, 0.7), 0.5)
        events = [AnsweredEvent(Answer(i, label, who)) for i, given in votes.items() for who, label in given]
        events += [AnsweredEvent(Answer("alone", "new", "p1")), AnsweredEvent(Answer("skip", None, "p1"))]
        one = replay(events, "dawid-skene").resolutions
        random.Random(0).shuffle(events)
        assert replay(events, "dawid-skene").resolutions == one
        assert (one["alone"], one["skip"]) == (Resolution("resolved", "new"), Resolution("skipped"))
        assert {i for i, found in one.items() if i in votes} == votes.keys()
        assert all(found.label is None or found.label in {"neg", "pos", "new"} for found in one.values())

    def test_two_people_who_disagree_once_are_tied_and_one_label_of_all_is_kept(self):
        tied = replay([AnsweredEvent(Answer("t0", label, who)) for who, label in (("a", "x"), ("b", "y"))], "dawid-skene")
        assert tied.resolutions == {"t0": Resolution("tied")}
        assert most_probable({"t0": [("a", "x"), ("b", "x")]}) == {"t0": "x"}
        assert most_probable({}) == {}

    def test_a_campaign_resolves_by_it_wherever_labels_are_read(self, in_a_folder, capsys):
        open_reviews(120, "--validation", "10", "--resolve", "dawid-skene")
        ids = ask("a.csv", "--count", "60")[10:]
        _, votes = drawn(2, 60, (0.95, 0.62, 0.62), 0.5)
        names = {"neg": "negative", "pos": "positive"}
        for text_id, given in zip(ids, votes.values(), strict=True):
            record(*(Answer(text_id, names[label], who) for who, label in given))
        state = posts().state
        expected = {i: one.label for i, one in state.resolutions.items()}
        assert expected != {i: one.label for i, one in replay(posts().journal.read()).resolutions.items()}
        table = table_of(posts(), "train").columns["label"]
        assert sorted(table) == sorted(label for label in expected.values() if label is not None)
        capsys.readouterr()
        assert main(["status", "posts", "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["resolve"] == "dawid-skene"
        assert told["records"][-1]["annotator"] == "p0"
        path = Path("posts/campaign.yaml")
        path.write_text(path.read_text().replace("resolve: dawid-skene", "resolve: majority"))
        assert {i: one.label for i, one in posts().state.resolutions.items()} != expected


def test_without_crowd_kit_the_mend_is_told_before_anything_is_done(in_a_folder, capsys, monkeypatch):
    open_reviews(40, "--validation", "5")
    monkeypatch.setattr(alft.campaign.dawid_skene, "find_spec", lambda name: None)
    sentence = "resolve: dawid-skene needs crowd-kit; pip install 'alft[crowd]', or set resolve to majority"
    assert main(["open", "posts.csv", "--classes", "a,b", "--campaign", "other", "--resolve", "dawid-skene"]) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("other").exists()
    path = Path("posts/campaign.yaml")
    path.write_text(path.read_text().replace("resolve: majority", "resolve: dawid-skene"))
    for command in (["status", "posts"], ["ask", "posts", "--to", "a.csv"], ["close", "posts"]):
        assert main(command) == 2
        assert sentence in capsys.readouterr().err
    path.write_text(path.read_text().replace("resolve: dawid-skene", "resolve: vote"))
    assert main(["status", "posts"]) == 2
    assert "resolve in posts/campaign.yaml must be majority or dawid-skene, got 'vote'" in capsys.readouterr().err
