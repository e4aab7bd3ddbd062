"""The benchmarks measure what they say: verdicts, ratios, material, and one part in small."""

import re

import pytest
import torch

from benchmarks import acquisitions, material
from benchmarks.measure import at_least, at_most, in_turn, ratio_of_medians, ratio_of_minima

from .conftest import ROOT


def test_a_verdict_is_one_of_two_and_its_words_stand_nowhere_else():
    rows = [
        at_most("a", 1, 1.0),
        at_most("a", 1, 1.01),
        at_least("a", 1, 1.0),
        at_least("a", 1, 0.99),
        at_most("a", 1, float("nan")),
    ]
    assert [str(row).count("pass") for row in rows] == [1, 0, 1, 0, 0]
    assert [str(row).count("FALLS SHORT") for row in rows] == [0, 1, 0, 1, 1]
    sources = "".join(path.read_text() for path in (ROOT / "benchmarks").glob("*.py"))
    printed = re.findall(r'"([^"\n]*)"', sources)
    assert not [text for text in printed if "pass" in text and "if self.met" not in text and text != "pass"]


def test_work_is_done_in_turn():
    done = []
    times = in_turn(lambda: done.append("a"), lambda: done.append("b"), times=3)
    assert done == list("ababab")
    assert [len(column) for column in times] == [3, 3]
    assert ratio_of_medians([1, 2, 9], [4, 4, 4]) == 0.5
    assert ratio_of_minima([1, 2, 9], [4, 5, 4]) == 0.25


def test_a_pool_can_be_made_up(tmp_path, monkeypatch, tiny_bert):
    monkeypatch.setattr(material, "SHARED", tmp_path / "nowhere")
    assert material.encoder() == material.MINILM
    data = material.pool("slovak", str(tiny_bert), tmp_path, texts=40, max_length=32)
    assert len(data.lengths) == 40


def test_the_acquisitions_are_compared_on_equal_terms(tmp_path, monkeypatch):
    monkeypatch.setattr(acquisitions, "SHAPE", (3, 500, 2))
    _, gap = acquisitions.rows(tmp_path)
    assert gap.met
    logits = torch.randn(acquisitions.SHAPE)
    for ours, plain in zip(acquisitions._ours(logits), acquisitions._plain(logits), strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("target", ["bench", "bench-large"])
def test_make_knows_the_benchmarks(target):
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()
