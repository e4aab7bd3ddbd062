"""``python -m benchmarks``: one table with a line per target; ``--large`` for the rows that need the most memory."""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}  # before torch is imported

import torch

from alft.system.quiet import quieten
from benchmarks import acquisitions, clusters, controls, epochs, scoring, selections, tags
from benchmarks.material import Material
from benchmarks.measure import Row, gflops

Parts = Mapping[str, Callable[[Material], Iterator[Row]]]

PARTS: Parts = {
    "acquisitions": acquisitions.rows,
    "selections": selections.rows,
    "clusters": clusters.rows,
    "controls": controls.rows,
    "scoring": scoring.rows,
    "tags": tags.rows,
    "epochs": epochs.rows,
}
LARGE: Parts = {"large": clusters.large_rows}
PACKAGES = ("torch", "lightning", "transformers", "scikit-learn", "scipy", "fastcluster", "numpy")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--large", action="store_true", help="Measure the rows of a million vectors instead.")
    parser.add_argument("--only", choices=PARTS, help="Measure one part of the table.")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    quieten()
    with tempfile.TemporaryDirectory() as folder:
        print_table(LARGE if asked.large else {asked.only: PARTS[asked.only]} if asked.only else PARTS, Material(Path(folder)))


def print_table(parts: Parts, material: Material) -> None:
    """Print head and rows to stdout, each row as soon as it is measured, and the progress to stderr."""
    started = time.time()
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, 1 thread, CPU seconds; {packages}")
    print(material.describe())
    rates = " and ".join(f"{gflops(kind):.0f}" for kind in (torch.float32, torch.bfloat16))
    print(f"matrix product of this processor in float32 and bf16: {rates} GFLOP/s")
    print("\n| what | target | measured | verdict |\n| --- | --- | --- | --- |", flush=True)
    for number, part in enumerate(parts.values(), start=1):
        for row in part(material):
            print(row, flush=True)
        minutes = (time.time() - started) / 60
        print(f"part {number} of {len(parts)} after {minutes:.1f} minutes", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
