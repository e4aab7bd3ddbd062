"""Labels that were not bought must not matter: replaced by wrong ones, they change nothing but the two controls."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from .conftest import Fit


def poison(source: Path, folder: Path, rows: set[int]) -> None:
    """Copy a data folder, with the label of those train rows replaced by the other class."""
    shutil.copytree(source, folder)
    lines = (folder / "train.csv").read_text().splitlines()
    other = {"positive": "negative", "negative": "positive"}
    for row in rows:
        text, label = lines[row + 1].rsplit(",", 1)
        lines[row + 1] = f"{text},{other[label]}"
    (folder / "train.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--active.acquire", "Entropy", "--active.budget.start", "0.3", "--active.budget.stop", "0.1"],
        ["--active.acquire", "Bald", "--active.mode", "accumulate", "--active.budget.start", "0.3"],
        ["--active.acquire", "Furthest", "--active.mode", "unseen", "--active.budget", "Base", "--active.budget.share", "0.2"],
        ["--active.acquire", "Random", "--active.warm_start", "0.2", "--active.allocate", "difficulty"],
    ],
    ids=lambda arguments: arguments[1],
)
def test_labels_that_were_not_bought_change_nothing(fit: Fit, workplace: Path, tiny_data: Path, arguments: list[str]):
    clean = fit("--model.lr", "1e-2", *arguments)
    bought = set(pd.read_parquet(clean / "selection.parquet")["row"])
    unbought = set(range(64)) - bought
    assert len(unbought) >= 20
    Path("tiny-data").unlink()
    poison(tiny_data, Path("tiny-data"), unbought)
    poisoned = fit("--model.lr", "1e-2", *arguments)

    for name in ("metrics.csv", "selection.parquet"):
        assert (clean / name).read_bytes() == (poisoned / name).read_bytes(), name
    weights = [torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for run in (clean, poisoned)]
    assert all(torch.equal(one, other) for one, other in zip(*(w.values() for w in weights), strict=True))
    clean_summary, poisoned_summary = (
        without_cost(json.loads((run / "summary.json").read_text())) for run in (clean, poisoned)
    )
    assert clean_summary.pop("controls") != poisoned_summary.pop("controls"), "the poison was strong enough to be seen"
    assert clean_summary == poisoned_summary


def without_cost(summary: dict) -> dict:
    for place in (summary, *summary["epochs"]):
        for name in ("seconds", "memory_mib", "gpu_memory_mib", "break_even"):
            place.pop(name, None)
    return summary


def test_a_poisoned_label_that_was_bought_is_noticed(fit: Fit, workplace: Path, tiny_data: Path):
    """The test above can fail: the same poison on bought rows changes the weights."""
    clean = fit()
    bought = set(pd.read_parquet(clean / "selection.parquet")["row"])
    Path("tiny-data").unlink()
    poison(tiny_data, Path("tiny-data"), bought)
    assert (fit() / "metrics.csv").read_bytes() != (clean / "metrics.csv").read_bytes()
