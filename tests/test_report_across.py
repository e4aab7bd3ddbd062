"""Arms over several data sets: the table, mean ranks, and both tests against other computations."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

from alft.cli.main import main
from alft.report import across
from alft.report.across import Ranks, critical_difference, ranks
from alft.report.plots.mean_ranks import alike, mean_ranks

from .report_material import BASELINE, RANDOM, write_run

SETS = ("icelandic", "maltese", "slovak", "swahili", "turkish")


def write_sets(root, sets=SETS, arms=("Entropy", "Margin", "Bald")):
    """Each arm on each set, two seeds, with scores that differ by set and arm; and the scores' means by set and arm."""
    means = np.random.default_rng(5).uniform(0.6, 0.8, size=(len(sets), len(arms)))
    for number, name in enumerate(sets):
        for arm, acquire in enumerate(arms):
            for seed in range(2):
                score = means[number, arm] + (0.01, -0.01)[seed]
                write_run(root, seed, score, name=name, fingerprint=f"{number}" * 64, backbone=f"{name}-bert", acquire=acquire)
    return means


def test_the_table_has_a_line_for_each_arm_and_data_set(tmp_path):
    means = write_sets(tmp_path)
    table = across(tmp_path).set_index(["name", "arm"])
    assert len(table) == 15
    for number, name in enumerate(SETS):
        for arm, acquire in enumerate(("Entropy", "Margin", "Bald")):
            line = table.loc[(name, acquire)]
            assert line["test_f1"] == pytest.approx(means[number, arm])
            assert (line["runs"], line["bought_share"]) == (2, 0.7)


def test_ranks_and_tests_are_those_of_other_computations(tmp_path):
    means = write_sets(tmp_path)
    found = ranks(across(tmp_path))
    expected = stats.rankdata(-means, axis=1).mean(axis=0)
    assert [found.mean[arm] for arm in ("Entropy", "Margin", "Bald")] == pytest.approx(list(expected))
    assert found.p == pytest.approx(stats.friedmanchisquare(*means.T).pvalue)
    assert (found.sets, found.test) == (5, "Friedman's test")
    assert found.critical_difference == pytest.approx(2.343 * np.sqrt(3 * 4 / (6 * 5)), abs=1e-3)  # q of Demsar's Table 5


@pytest.mark.parametrize(("arms", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_has_the_quantiles_of_the_literature(arms, q):
    assert critical_difference(arms, 6) == pytest.approx(q * np.sqrt(arms * (arms + 1) / 36), abs=1e-3)


def test_two_arms_have_a_sign_test(tmp_path):
    means = write_sets(tmp_path, arms=("Entropy", "Margin"))
    found = ranks(across(tmp_path))
    better = int((means[:, 0] > means[:, 1]).sum())
    assert (found.test, found.critical_difference) == ("sign test", None)
    assert found.p == pytest.approx(stats.binomtest(better, 5).pvalue)


def test_ranks_take_four_data_sets_and_the_arms_of_all_of_them(tmp_path):
    write_sets(tmp_path, SETS[:3])
    assert ranks(across(tmp_path)) is None
    write_sets(tmp_path / "more", SETS[3:4], arms=("Entropy", "Margin"))  # its fingerprint is that of the first set
    assert ranks(across(tmp_path)) is None


def test_arms_that_score_alike_everywhere_rank_alike(tmp_path):
    for number, name in enumerate(SETS):
        for acquire in ("Entropy", "Margin", "Bald"):
            write_run(tmp_path, name=name, fingerprint=f"{number}" * 64, acquire=acquire)
    found = ranks(across(tmp_path))
    assert found.p == 1
    assert set(found.mean.values()) == {2.0}


def test_limits_of_one_data_set_are_no_further_data_sets(tmp_path):
    for number in range(5):
        for acquire in ("Entropy", "Margin", "Bald"):
            write_run(tmp_path, fingerprint=f"{number}" * 64, acquire=acquire)
    table = across(tmp_path)
    assert len(table) == 15
    assert ranks(table) is None


def test_an_arm_that_a_data_set_has_twice_is_left_out_there(tmp_path):
    for number, name in enumerate(SETS[:3]):
        write_run(tmp_path, name=name, fingerprint=f"{number}" * 64)
    write_run(tmp_path, name=SETS[0], fingerprint="0" * 64, backbone="another")
    assert sorted(across(tmp_path)["name"]) == sorted(SETS[1:3])


def test_an_arm_with_other_settings_is_another(tmp_path):
    write_run(tmp_path, name="maltese", fingerprint="a" * 64, lr=0.1)
    write_run(tmp_path, name="slovak", fingerprint="b" * 64, lr=0.2)
    assert across(tmp_path).empty
    write_run(tmp_path, name="turkish", fingerprint="c" * 64, lr=0.2, max_length=99)
    assert sorted(across(tmp_path)["name"]) == ["slovak", "turkish"], "the length of texts is a setting of the data"


def test_the_report_begins_with_all_data_sets(tmp_path, capsys):
    write_sets(tmp_path)
    for number, name in enumerate(SETS):
        for settings in (RANDOM, BASELINE):
            write_run(tmp_path, name=name, fingerprint=f"{number}" * 64, backbone=f"{name}-bert", **settings)
    for form in ("table", "markdown"):
        assert main(["report", str(tmp_path), "--format", form]) == 0
        out = capsys.readouterr().out
        assert out.lstrip("# ").startswith("All data sets\n")
        assert "Over 5 data sets " in out
        assert "Mean rank, 1 is best" in out
    assert main(["report", str(tmp_path), "--arms", "Margin"]) == 0
    asked = capsys.readouterr().out.split("icelandic, pool")[0]
    assert "Margin" in asked
    assert "Bald" not in asked
    assert main(["report", str(tmp_path)]) == 0
    whole = capsys.readouterr().out
    (remark,) = [line for line in whole.splitlines() if line.startswith("- Over 5 data sets")]
    assert remark in asked, "ranks are among all arms"


def ranked(means, p=0.01, difference=1.5):
    return Ranks(dict(zip("edcba", means, strict=True)), 9, p, "Friedman's test", difference)


@pytest.mark.parametrize(
    ("found", "groups"),
    [
        (ranked([5.0, 4.0, 3.0, 2.0, 1.0]), ["ab", "bc", "cd", "de"]),
        (ranked([5.0, 4.9, 3.0, 1.1, 1.0]), ["ab", "de"]),
        (ranked([5.0, 4.0, 3.0, 2.0, 1.0], difference=0.5), []),
        (ranked([5.0, 4.0, 3.0, 2.0, 1.0], difference=1.0), []),  # the difference itself tells apart
        (ranked([5.0, 4.0, 3.0, 2.0, 1.0], difference=9.0), ["abcde"]),
        (ranked([5.0, 4.0, 3.0, 2.0, 1.0], p=0.06, difference=0.5), ["abcde"]),
        (ranked([3.0, 3.0, 3.0, 3.0, 3.0]), ["abcde"]),
        (ranked([5.0, 2.4, 2.2, 1.3, 1.0]), ["abcd"]),  # no group within a group
    ],
)
def test_groups_that_cannot_be_told_apart(found, groups):
    assert ["".join(group) for group in alike(found)] == groups


def test_the_diagram_has_a_dot_for_each_arm_and_a_bar_for_each_group():
    found = ranked([5.0, 4.9, 3.0, 1.1, 1.0])
    axes = mean_ranks(found, Figure().add_subplot())
    dots, *bars = axes.lines
    assert list(dots.get_xdata()) == [1.0, 1.1, 3.0, 4.9, 5.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list("abcde")
    assert [list(bar.get_ydata()) for bar in bars] == [[0, 1], [3, 4]]
    with pytest.raises(ValueError, match="takes three or more arms, got 2"):
        mean_ranks(Ranks({"a": 1.0, "b": 2.0}, 9, 0.01, "sign test", None))


def test_the_report_draws_the_diagram_of_three_arms_and_of_no_less(tmp_path):
    write_sets(tmp_path / "runs")
    assert main(["report", str(tmp_path / "runs"), "--plots", str(tmp_path / "three")]) == 0
    assert (tmp_path / "three" / "mean_ranks.png").exists()
    write_sets(tmp_path / "pairs", arms=("Entropy", "Margin"))
    assert main(["report", str(tmp_path / "pairs"), "--plots", str(tmp_path / "two")]) == 0
    assert not (tmp_path / "two" / "mean_ranks.png").exists()


def test_one_data_set_has_no_such_table(tmp_path, capsys):
    write_run(tmp_path)
    assert main(["report", str(tmp_path)]) == 0
    assert "All data sets" not in capsys.readouterr().out
