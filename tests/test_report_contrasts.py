"""Pairs of arms that differ in one setting, and how they are reported."""

import itertools
from io import StringIO

import pandas as pd
import pytest

from alft.cli.main import main
from alft.report import contrasts
from alft.report.arms import gather
from alft.report.contrasts import single_difference

from .report_material import BASELINE, RANDOM, text_of, write_run

LORA = {"r": 8, "alpha": 16}


def changes(root):
    return list(contrasts(root)["change"])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"recluster": "once"}, {"recluster": "every_epoch"}, ["recluster once instead of recluster every_epoch"]),
        ({"warm_start": None}, {"warm_start": 0.5}, ["warm_start 0.5 instead of no warm_start"]),
        ({"acquire": "Bald"}, {}, ["Entropy instead of Bald"]),
        ({**BASELINE}, {**BASELINE, "lora": LORA}, ["LoRA r8 instead of no lora"]),
        ({**BASELINE}, {**BASELINE, "lora": LORA, "lr": 0.01}, ["LoRA r8 instead of no lora"]),
        ({**BASELINE, "lora": LORA}, {**BASELINE, "lora": LORA, "lr": 0.01}, ["lr 0.01 instead of lr 0.001"]),
        ({"uncertainty": "dropout"}, {"uncertainty": "epinet", "epinet": {"draws": 4}}, ["epinet instead of dropout"]),
        ({"recluster": "once"}, {"recluster": "every_epoch", "warm_start": 0.5}, []),  # two settings
        (RANDOM, {}, []),  # a control
        (BASELINE, {}, []),  # another
        ({**BASELINE, "lora": LORA, "lr": 0.01}, {**BASELINE, "max_length": 9}, []),
    ],
)
def test_arms_that_differ_in_one_setting_are_compared(tmp_path, one, other, expected):
    for seed in range(3):
        write_run(tmp_path, seed, **one)
        write_run(tmp_path, seed, **other)
    assert [change.replace("uncertainty ", "") for change in changes(tmp_path)] == expected


def test_the_difference_is_arm_minus_other_by_seed_and_has_a_verdict(tmp_path):
    for seed in range(6):
        write_run(tmp_path, seed, test=0.7 + seed / 100, warm_start=None)
        write_run(tmp_path, seed, test=0.72 + seed / 90, warm_start=0.5)
        write_run(tmp_path, seed, fingerprint="e" * 64, test=0.1, cluster="Whole", warm_start=0.5)  # other data
    (found,) = contrasts(tmp_path).to_dict("records")
    assert (found["arm"], found["other"], found["setting"]) == ("Entropy, warm_start 0.5", "Entropy", "warm_start")
    assert found["test_difference"] == pytest.approx(sum(0.02 + seed / 90 - seed / 100 for seed in range(6)) / 6)
    assert found["test_low"] > 0.019
    assert [row.rpartition(" | ")[2].strip() for row in text_of(tmp_path).splitlines() if "instead of" in row] == ["better |"]


def test_few_seeds_decide_nothing_and_no_test_set_says_nothing(tmp_path):
    for seed, cluster in itertools.product(range(2), ("Whole", "KMeans")):
        write_run(tmp_path / "few", seed, cluster=cluster)
        write_run(tmp_path / "untested", seed, test=None, cluster=cluster)
    assert "not decidable |" in text_of(tmp_path / "few")
    assert "Arms that differ in one setting" not in text_of(tmp_path / "untested")


def test_every_pair_of_one_setting_is_there_once(tmp_path):
    for cluster, mode, acquire in itertools.product(
        ("Whole", "KMeans"), ("unseen", "accumulate"), ("Random", "Bald", "Margin")
    ):
        write_run(tmp_path, cluster=cluster, mode=mode, acquire=acquire)
    arms = gather(tmp_path)
    expected = 2 * 3 + 2 * 3 + 2 * 2  # clusters, modes, and Bald against Margin
    assert len(contrasts(tmp_path)) == expected
    assert sum(single_difference(one, other) is not None for one, other in itertools.combinations(arms, 2)) == expected


def test_contrasts_as_csv(tmp_path, capsys):
    for seed in range(3):
        write_run(tmp_path, seed, cluster="Whole")
        write_run(tmp_path, seed, test=0.75, cluster="KMeans")
    assert main(["report", str(tmp_path), "--format", "csv_contrasts"]) == 0
    table = pd.read_csv(StringIO(capsys.readouterr().out))
    assert table["test_difference"].tolist() == pytest.approx([-0.05])
    assert table["change"].tolist() == ["no clusters instead of KMeans"]
