"""Macro-F1 and both intervals of one comparison, computed without alft, beside what the report says of it.

python results/verdicts/independent.py    # Entropy against random selection on Turkish, 420 labels, three seeds

Macro-F1 is scikit-learn's, the t interval scipy's, and the bootstrap a loop with draws of its own.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats
from sklearn.metrics import f1_score

RUNS = Path(__file__).parents[1] / "selections" / "runs" / "turkish"
OURS, THEIRS = "Entropy", "Random"
DRAWS = 1_000


def main() -> None:
    """Print both."""
    print(pd.DataFrame({"here": figures(), "report": of_report()}).round(4).to_string())


def figures() -> dict[str, float]:
    """Difference in test macro-F1 of the last set, and its interval over the luck of training and over texts."""
    ours, theirs = predictions(OURS), predictions(THEIRS)
    pairs = [(ours[seed], theirs[seed]) for seed in sorted(ours)]
    differences = np.array([score(one) - score(other) for one, other in pairs])
    low, high = stats.t.interval(0.95, len(differences) - 1, differences.mean(), stats.sem(differences))
    drawn = bootstrap(pairs)
    texts_low, texts_high = np.percentile(drawn, [2.5, 97.5])
    named = {"difference": differences.mean(), "low": low, "high": high, "texts_low": texts_low, "texts_high": texts_high}
    return {name: float(value) for name, value in named.items()}


def bootstrap(pairs: list[tuple[pd.DataFrame, pd.DataFrame]]) -> list[float]:
    """Mean difference over drawn seeds on drawn rows, both with replacement, in each draw."""
    generator = np.random.default_rng(2026)
    drawn = []
    for _ in range(DRAWS):
        rows = generator.integers(0, len(pairs[0][0]), len(pairs[0][0]))
        seeds = generator.integers(0, len(pairs), len(pairs))
        drawn.append(np.mean([score(pairs[seed][0].iloc[rows]) - score(pairs[seed][1].iloc[rows]) for seed in seeds]))
    return drawn


def score(rows: pd.DataFrame) -> float:
    """Macro-F1 of a table of predictions."""
    return float(f1_score(rows["label"].to_numpy(int), rows["predicted"].to_numpy(int), average="macro"))


def predictions(acquisition: str) -> dict[int, pd.DataFrame]:
    """The table of predictions of each run with an acquisition, by seed."""
    found = {}
    for path in RUNS.glob("*/*/*/predictions.parquet"):
        config = yaml.safe_load((path.parent / "config.yaml").read_text(encoding="utf-8"))
        if config["active"]["acquire"]["class_path"].rpartition(".")[2] == acquisition:
            table = pd.read_parquet(path)
            found[int(config["seed_everything"])] = table[table["split"] == "test"].replace({"negative": 0, "positive": 1})
    return found


def of_report() -> dict[str, float]:
    """The same figures by ``alft report``."""
    from alft.report import compare

    table = compare(RUNS)
    line = table[table["arm"] == OURS].iloc[0]
    return {name: float(line[f"random_{name}"]) for name in ("difference", "low", "high", "texts_low", "texts_high")}


if __name__ == "__main__":
    main()
