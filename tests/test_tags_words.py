"""Budgets, caps and savings in words (``active.unit words``), and reports of runs on words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from alft.cli.main import main
from alft.report import compare
from alft.report.arms import gather

from .conftest import summary_of
from .faults import Kill, differences, run
from .resuming import first_step_of, runs
from .tagging import TAGS, WINDOW, finished_run, read_lines, write_lines

WORDS = ["--active.unit", "words", "--controls", "none"]


def words_of(folder):
    """Words of each pool row, and the sets of a run by epoch."""
    counts = [len(row["tokens"]) for row in read_lines("tagged/train.jsonl")]
    table = pd.read_parquet(folder / "selection.parquet")
    return counts, {epoch: list(rows) for epoch, rows in table.groupby("epoch")["row"]}


@pytest.mark.parametrize("acquire", ["Entropy", "Random", "MaxHerding"])
@pytest.mark.parametrize("mode", ["recalculate", "unseen"])
def test_sets_have_as_many_words_as_the_schedule_says(sentences, acquire, mode):
    share = ["--active.budget", "Constant", "--active.budget.share", "0.3", "--active.mode", mode]
    folder = finished_run(sentences, *WINDOW, *WORDS, *share, "--active.acquire", acquire, "--active.max_unique", "0.7")
    counts, sets = words_of(folder)
    total, longest = sum(counts), max(counts)
    whole = [rows for epoch, rows in sets.items() if mode == "recalculate" or epoch < max(sets)]  # the cap leaves less
    for rows in whole:
        assert 0.3 * total - longest < sum(counts[row] for row in rows) <= 0.3 * total + 0.5
    bought = set().union(*sets.values())
    labels = summary_of(folder)["labels"]
    assert labels["words"]["bought"] == sum(counts[row] for row in bought) <= 0.7 * total
    assert labels["words"]["pool"] == total
    assert labels["words"]["unique_saving"] == pytest.approx(1 - labels["words"]["bought"] / total)
    used = [sum(counts[row] for row in rows) for rows in sets.values()]
    assert labels["words"]["exposure_saving"] == pytest.approx(1 - sum(used) / len(used) / total)


def test_long_sentences_give_fewer_rows_and_the_rates_still_end_at_zero(sentences):
    share = ["--active.budget", "Constant", "--active.budget.share", "0.3", "--active.cluster", "Whole"]
    rows = {}
    for acquire, *more in (("Entropy", "--active.reduce", "sum"), ("Random",)):
        folder = finished_run(sentences, *WINDOW, *WORDS, *share, "--active.acquire", acquire, *more)
        rows[acquire] = len(words_of(folder)[1][1])
        saved = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
        assert saved["lr_schedulers"][0]["_last_lr"][0] == pytest.approx(0, abs=1e-9)
    assert rows["Entropy"] < rows["Random"]


def test_a_row_that_costs_more_than_the_budget_is_no_candidate(sentences):
    lines = read_lines("tagged/train.jsonl")
    lines[0] = {"tokens": ["long"] * 600, "tags": ["O"] * 600}
    write_lines(Path("tagged/train.jsonl"), lines)
    share = [
        "--active.budget",
        "Constant",
        "--active.budget.share",
        "0.2",
        "--active.reduce",
        "sum",
        "--active.cluster",
        "Whole",
    ]
    folder = finished_run(sentences, *WINDOW, *WORDS, *share)
    counts, sets = words_of(folder)
    for rows in sets.values():
        assert 0 not in rows
        assert 0.2 * sum(counts) - max(counts[1:]) < sum(counts[row] for row in rows) <= 0.2 * sum(counts) + 0.5


def test_a_killed_run_with_budgets_of_words_goes_on_to_the_bit(sentences):
    more = [*TAGS, *WINDOW, *WORDS, "--active.budget", "Constant", "--active.budget.share", "0.3", "--active.reduce", "sum"]
    assert run(more, sentences).code == 0
    whole = runs(sentences)[0]
    assert run(more, sentences, Kill("training", first_step_of(1, whole))).code == -9
    assert run([*more, "--ckpt_path", "last"], sentences).code == 0
    assert differences(whole, runs(sentences)[1]) == []


def test_words_are_no_unit_of_texts(workplace, capsys):
    assert main(["fit", "--config", "configs/tiny.yaml", "--active.unit", "words"]) != 0
    assert "active.unit must be rows with a data.task whose labels are those of texts, got words" in capsys.readouterr().err


def test_a_report_counts_entities_over_texts(sentences, capsys):
    share = ["--active.budget", "Constant", "--active.budget.share", "0.3"]
    for seed in ("0", "1"):
        for acquire in ("Random", "Entropy"):
            finished_run(sentences, *WINDOW, *WORDS, *share, "--active.acquire", acquire, "--seed_everything", seed)
    arms = gather("runs")
    for arm in arms:
        assert arm.broken_predictions == []
        for run_ in arm.runs:
            assert arm.predictions[run_.seed].f1 == pytest.approx(run_.summary["test"]["f1_macro"])
    capsys.readouterr()
    assert main(["report", "runs"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "micro-F1" in told
    table = compare("runs").set_index("arm")
    for arm in arms:
        of_runs = [run_.summary for run_ in arm.runs]
        line = table.loc[arm.label]
        assert line["words_bought"] == pytest.approx(np.mean([one["labels"]["words"]["bought"] for one in of_runs]))
        assert line["test_f1_micro"] == pytest.approx(np.mean([one["test"]["f1_micro"] for one in of_runs]))
        assert f"{line['words_unique_saving']:.1%}" in told
