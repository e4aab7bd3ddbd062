"""``python -m benchmarks``: one table, a line for each target; ``--large`` for the row that needs the most memory."""

import argparse
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}  # before torch is imported

import torch

from alft.run.quiet import quieten
from benchmarks import acquisitions, clusters, epochs, scoring

PARTS = {"acquisitions": acquisitions.rows, "clusters": clusters.rows, "scoring": scoring.rows, "epochs": epochs.rows}
PACKAGES = ("torch", "lightning", "transformers", "scikit-learn", "scipy", "fastcluster", "numpy")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--large", action="store_true", help="Measure the row of a million vectors instead.")
    parser.add_argument("--only", choices=PARTS, help="Measure one part of the table.")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    quieten()
    started = time.time()
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, 1 thread, CPU seconds;", end=" ")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES), flush=True)
    print("\n| what | target | measured | verdict |\n| --- | --- | --- | --- |", flush=True)
    chosen = {"large": clusters.large_rows} if asked.large else {asked.only: PARTS[asked.only]} if asked.only else PARTS
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(chosen.values(), start=1):
            for row in part(Path(folder)):
                print(row, flush=True)
            print(
                f"part {number} of {len(chosen)} after {(time.time() - started) / 60:.1f} minutes", file=sys.stderr, flush=True
            )


if __name__ == "__main__":
    main()
