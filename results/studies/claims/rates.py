"""Full fine-tuning and LoRA, each at the learning rate that validation prefers; test is read for that rate alone.

python results/studies/claims/rates.py results/studies/claims/runs
"""

import re
import sys

import pandas as pd

from alft.report import load_runs

KINDS = {"full": r"all labels(, full, lr (?P<lr>\S+))?$", "LoRA r8": r"all labels, LoRA r8, lr (?P<lr>\S+)$"}
KINDS["LoRA r32"] = KINDS["LoRA r8"].replace("r8", "r32")
DEFAULT_RATE = "2e-5"


def best_rates(runs: pd.DataFrame) -> pd.DataFrame:
    """A line for each kind of training: the rate with the highest mean validation F1 of its folds, and both means there."""
    lines = []
    for kind, pattern in KINDS.items():
        tried = runs[runs["arm"].str.match(pattern)]
        means = tried.groupby("arm")[["val_f1_macro", "test_f1_macro"]].mean()
        best = str(means["val_f1_macro"].idxmax())
        found = re.match(pattern, best)
        rate = (found and found["lr"]) or DEFAULT_RATE
        lines.append({"training": kind, "rate": rate, "rates tried": len(means), **means.loc[best].round(3).to_dict()})
    return pd.DataFrame(lines)


if __name__ == "__main__":
    print(best_rates(load_runs(sys.argv[1])).to_string(index=False))
