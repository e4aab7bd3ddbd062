"""Write a source whose test set is of other domains than its training set, for slovak_domains_sweep.yaml.

python results/studies/texts/domains.py ../shared/data/slovak results/studies/texts/slovak_domains

Training and validation texts are customer feedback; the test set is ``domains.csv`` without its class neutral, which the
training texts lack.
"""

import sys
from pathlib import Path
from shutil import copyfile

import pandas as pd


def main(source: str, target: str) -> None:
    """Write train.csv, validation.csv and test.csv."""
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("train.csv", "validation.csv"):
        copyfile(Path(source, name), folder / name)
    rows = pd.read_csv(Path(source, "domains.csv"))
    rows[rows["label"] != "neutral"][["text", "label"]].to_csv(folder / "test.csv", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
