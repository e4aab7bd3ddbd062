"""What does it cost to find clusters? Against scipy's Ward, and at sizes that scipy cannot do."""

import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from sklearn.metrics import adjusted_rand_score

from alft.selection import ward
from alft.selection.clustering import distances_to_means
from alft.selection.ward import Ward
from benchmarks.material import embeddings
from benchmarks.measure import Row, at_least, at_most, in_turn, ratio_of_medians, seconds

CUTS = (3, 10, 50, 200)


def rows(folder: Path) -> Iterator[Row]:
    """All rows about clusters but the largest."""
    yield from _two_stages(100_000, 15)  # first, and the other row about memory next: a process's peak only ever grows
    yield from _memory()
    yield from _quality()
    for size, limit, times in ((5_000, 0.3, 5), (10_000, 0.3, 3), (20_000, 0.25, 1)):
        yield from _exact(size, limit, times)


def large_rows(folder: Path) -> Iterator[Row]:
    """The row that needs 2 GiB and a minute of its own."""
    yield from _two_stages(1_000_000, 60)


def _exact(size: int, limit: float, times: int) -> Iterator[Row]:
    points = embeddings(size)
    ours, theirs = in_turn(lambda: Ward(10)(points, 0), lambda: linkage(points.double().numpy(), "ward"), times=times)
    yield at_most(f"exact Ward, {size:,} x 384, against scipy", limit, ratio_of_medians(ours, theirs), f" ({min(ours):.2f} s)")
    if size <= 10_000:
        cuts = cut_tree(linkage(points.double().numpy(), "ward"), n_clusters=CUTS)
        merges = ward.tree(points)
        same = min(adjusted_rand_score(cuts[:, number], ward.cut(merges, cut)) for number, cut in enumerate(CUTS))
        yield at_least(f"same partition as scipy, {size:,} rows, least adjusted Rand index of {CUTS} clusters", 1.0, same)


def _memory() -> Iterator[Row]:
    points, before = embeddings(20_000), _peak_gib()
    Ward(10)(points, 0)
    yield at_most("exact Ward, 20,000 x 384, GiB above the input", 3.5, _peak_gib() - before)


def _two_stages(size: int, limit: float) -> Iterator[Row]:
    points, before = embeddings(size), _peak_gib()
    spent = seconds(lambda: distances_to_means(points, Ward(10)(points, 0)))
    table = points.nbytes / 2**30
    more = f" (GiB above the {table:.2f} of the table: {_peak_gib() - before:.2f})"
    yield at_most(f"Ward by a sample, {size:,} x 384, and distances, seconds", limit, spent, more)


def _quality() -> Iterator[Row]:
    points = embeddings(10_000)
    for clusters in (10, 50):
        exact, by_sample = Ward(clusters)(points, 0), Ward(clusters)._by_sample(points, 0)  # too small to be sampled by itself
        spread = [float(np.square(distances_to_means(points, found).double().numpy()).sum()) for found in (by_sample, exact)]
        yield at_most(
            f"Ward by a sample, 10,000 rows, {clusters} clusters, squares within against exact", 1.005, spread[0] / spread[1]
        )


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
