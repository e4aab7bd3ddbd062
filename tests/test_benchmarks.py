"""The benchmarks: verdicts, ratios, material, memory, and the full table once at small size."""

import re

import pytest
import torch

from benchmarks import acquisitions
from benchmarks.__main__ import LARGE, PARTS, print_table
from benchmarks.material import Material
from benchmarks.measure import at_least, at_most, in_turn, mib_above, ratio_of_medians, ratio_of_minima
from benchmarks.vectors import embeddings

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


def test_work_is_done_in_turn():
    done = []
    times = in_turn(lambda: done.append("a"), lambda: done.append("b"), times=3)
    assert done == list("ababab")
    assert [len(column) for column in times] == [3, 3]
    assert ratio_of_medians([1, 2, 9], [4, 4, 4]) == 0.5
    assert ratio_of_minima([1, 2, 9], [4, 5, 4]) == 0.25


def test_memory_is_that_beside_the_table():
    table = 4 * 384 * 40_000 / 2**20
    assert mib_above(torch.Tensor.clone, 20_000, 40_000) == pytest.approx([table / 2, table], abs=10)


def test_vectors_are_the_same_every_time():
    assert torch.equal(embeddings(50), embeddings.__wrapped__(50))


def test_the_acquisitions_are_compared_on_equal_terms(tmp_path):
    logits_KNC = torch.randn(3, 500, 2)
    for ours, plain in zip(acquisitions._ours(logits_KNC), acquisitions._plain(logits_KNC), strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")  # what transformers' Trainer says of itself is not ours
def test_the_whole_table_in_small(tmp_path, tiny_bert, capsys):
    material = Material(tmp_path, shared=tmp_path / "nowhere", small_encoder=str(tiny_bert), part=50, longest=64)
    print_table({**PARTS, **LARGE}, material)
    printed = capsys.readouterr().out
    head, rows = printed.split("| --- | --- | --- | --- |\n")
    assert "20 generated reviews, for want of real texts" in head
    assert re.search(r"float32 and bf16: \d+ and \d+ GFLOP/s", head)
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines()]
    names, targets, measured, verdicts = zip(*table, strict=True)
    assert len(set(names)) == len(names)
    assert all(re.match(r"[<>]= \S+$", target) for target in targets)
    assert all(float(figure.split()[0]) == float(figure.split()[0]) for figure in measured), "no figure is NaN"
    assert set(verdicts) <= {"pass", "FALLS SHORT"}
    assert printed.count("pass") + printed.count("FALLS SHORT") == len(rows.splitlines())
    for what in ASKED:
        assert any(what in name for name in names), what


ASKED = (
    *(f"times faster than Trainer.predict, {kind}" for kind in ("padded to 64", "dynamic padding")),
    *("share of real tokens", "difference of a probability from unsorted", "bf16 scoring", "times faster than float32 padded"),
    *(f"float32 picks too, generated reviews instead of slovak, best {share}" for share in ("10%", "30%", "60%")),
    *("10 epinet draws and embeddings", "epoch at share 0.6 with float32", "the same with bf16 scoring"),
    *("exact Ward, 100 x 384, against scipy", "same partition as scipy, 200", "exact Ward, 400 x 384, GiB above the input"),
    *(
        "Ward by a sample, 2,000 x 384",
        "Ward by a sample, 20,000 x 384",
        "MiB more beside the table for 8,000 rows",
        "MiB more beside the table for 20,000 rows",
    ),
    *("10 clusters, squares within against exact", "50 clusters, squares within against exact"),
    *(f"controls of {classes} classes, 40 rows" for classes in (2, 20, 77)),
    *("10 x 3, against the plain torch form", "difference from float64", "batches from the cache", "fit through Lightning"),
)


@pytest.mark.parametrize("target", ["bench", "bench-large"])
def test_make_knows_the_benchmarks(target):
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()
