"""Labels that were not bought must not matter: wrong ones change only the controls on all labels and a digest."""

import itertools
import random
import shutil
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from alft.data.demo import make_reviews
from alft.selection.acquisition import Acquisition
from alft.selection.plan import Mode

from .conftest import Fit, shipped, summary_of, write_csv
from .faults import differences


def poison(source: Path, folder: Path, rows: set[int]) -> None:
    """Copy a data folder, with the label of those train rows replaced by the other class."""
    shutil.copytree(source, folder)
    lines = (folder / "train.csv").read_text().splitlines()
    other = {"positive": "negative", "negative": "positive"}
    for row in rows:
        text, label = lines[row + 1].rsplit(",", 1)
        lines[row + 1] = f"{text},{other[label]}"
    (folder / "train.csv").write_text("\n".join(lines) + "\n")


SCORES = [kind.__name__ for kind in shipped(Acquisition)]
MODES = get_args(Mode)
EVERY = list(itertools.product(SCORES, MODES))
SOME = [(score, MODES[number % len(MODES)]) for number, score in enumerate(SCORES)]
MORE = (
    *(["--active.warm_start", "0.2"], ["--active.allocate", "difficulty"], ["--active.recluster", "every_epoch"]),
    *(["--model.uncertainty", "epinet"], ["--active.cluster", "Whole"]),
    ["--model.head", "Mean", "--model.head_start", "probe", "--model.class_weights", "balanced", "--model.ema", "0.9"],
)


@pytest.mark.parametrize(("score", "mode"), SOME)
def test_labels_that_were_not_bought_change_nothing(fit: Fit, workplace: Path, score: str, mode: str):
    check_isolation(fit, score, mode, seed=SCORES.index(score))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("score", "mode"), EVERY)
def test_no_score_in_no_mode_sees_a_label_that_was_not_bought(fit: Fit, workplace: Path, score: str, mode: str, seed: int):
    check_isolation(fit, score, mode, seed=100 + len(EVERY) * seed + EVERY.index((score, mode)))


def check_isolation(fit: Fit, score: str, mode: str, seed: int) -> None:
    """A generated pool, a run on it, and the run again with every label that was not bought replaced."""
    rng = random.Random(seed)
    Path("clean").mkdir()
    for split in ("train", "validation", "test"):
        write_csv(Path("clean", f"{split}.csv"), make_reviews(rng, rng.randint(30, 70), noisy=rng.random() < 0.5))
    more = ["--active.acquire", score, "--active.mode", mode, "--active.max_unique", f"{rng.uniform(0.4, 0.7):.2f}"]
    more += ["--active.budget", "Constant", "--active.budget.share", "0.5" if mode == "recalculate" else "0.15"]
    more += ["--model.lr", "1e-2", "--controls", "all", *rng.choice(MORE)]
    clean = fit("--data.source", "clean", *more)
    rows = summary_of(clean)["labels"]["pool"]
    unbought = set(range(rows)) - set(pd.read_parquet(clean / "selection.parquet")["row"])
    assert len(unbought) >= 0.3 * rows - 1
    poison(Path("clean"), Path("poisoned"), unbought)
    poisoned = fit("--data.source", "poisoned", *more)
    found = differences(clean, poisoned)
    one, other = (summary_of(run)["controls"] for run in (clean, poisoned))
    assert {key: one[key] for key in one if "bought" in key} == {key: other[key] for key in one if "bought" in key}
    # Some controls see all labels. On a small test set they may come out the same; that poison can be seen is tested below.
    assert set(found) <= {"summary: controls", "summary: pool_labels"}


def test_a_poisoned_label_that_was_bought_is_noticed(fit: Fit, workplace: Path, tiny_data: Path):
    """The test above can fail: the same poison on bought rows changes the weights."""
    clean = fit()
    bought = set(pd.read_parquet(clean / "selection.parquet")["row"])
    Path("tiny-data").unlink()
    poison(tiny_data, Path("tiny-data"), bought)
    assert (fit() / "metrics.csv").read_bytes() != (clean / "metrics.csv").read_bytes()
