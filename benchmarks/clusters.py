"""Cost of clustering, against scipy's Ward, and at sizes that scipy cannot handle."""

from collections.abc import Iterator
from statistics import median

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from sklearn.metrics import adjusted_rand_score

from alft.selection import ward
from alft.selection.clustering import distances_to_means
from alft.selection.ward import Ward
from benchmarks.material import Material
from benchmarks.measure import Row, at_least, at_most, in_turn, mib_above, ratio_of_medians, seconds
from benchmarks.vectors import cluster, cluster_by_sample, embeddings

CUTS = (3, 10, 50, 200)
GROWTH = 64
"""MiB by which memory may grow when the pool grows fourfold, and its table by hundreds of MiB: allocators are inexact."""


def rows(material: Material) -> Iterator[Row]:
    """All rows about clusters except the largest."""
    size = material.size(20_000)
    (taken,) = mib_above(cluster, size)
    yield at_most(f"exact Ward, {size:,} x 384, GiB above the input", 3.5, taken / 2**10)
    yield from _two_stages(material, 100_000, 15)
    yield from _growth(material, 100_000)
    yield from _quality(material)
    for full, limit, times in ((5_000, 0.3, 5), (10_000, 0.3, 3), (20_000, 0.25, 1)):
        yield from _exact(material, full, limit, times)


def large_rows(material: Material) -> Iterator[Row]:
    """The rows that need 3 GiB and several minutes."""
    yield from _two_stages(material, 1_000_000, 60)
    yield from _growth(material, 250_000)


def _exact(material: Material, full: int, limit: float, times: int) -> Iterator[Row]:
    size = material.size(full)
    points = embeddings(size)
    ours, theirs = in_turn(
        lambda: cluster(points), lambda: linkage(points.double().numpy(), "ward"), times=material.times(times)
    )
    yield at_most(f"exact Ward, {size:,} x 384, against scipy", limit, ratio_of_medians(ours, theirs), f" ({min(ours):.2f} s)")
    if full <= 10_000:
        wanted = [count for count in CUTS if count < size]
        cuts = cut_tree(linkage(points.double().numpy(), "ward"), n_clusters=wanted)
        merges = ward.tree(points)
        same = min(adjusted_rand_score(cuts[:, number], ward.cut(merges, count)) for number, count in enumerate(wanted))
        yield at_least(f"same partition as scipy, {size:,} rows, least adjusted Rand index of {CUTS} clusters", 1.0, same)


def _two_stages(material: Material, full: int, limit: float) -> Iterator[Row]:
    size = material.size(full)
    points = embeddings(size)
    spent = median(seconds(lambda: cluster_by_sample(points)) for _ in range(material.times(3)))
    yield at_most(f"Ward by a sample, {size:,} x 384, and distances, seconds", limit, spent)


def _growth(material: Material, full: int) -> Iterator[Row]:
    small = material.size(full)
    before, after = (min(mib_above(cluster_by_sample, size, size)) for size in (small, 4 * small))
    what = f"Ward by a sample, MiB more beside the table for {4 * small:,} rows than for {small:,}"
    yield at_most(what, GROWTH, after - before, f" ({after:.0f} in all; the table grows by {small * 3 * 1536 / 2**20:.0f})")


def _quality(material: Material) -> Iterator[Row]:
    points = embeddings(material.size(10_000))
    for clusters in (10, 50):
        exact, by_sample = Ward(clusters, exact=True)(points, 0), Ward(clusters).by_sample(points, 0)
        spread = [float(np.square(distances_to_means(points, found).double().numpy()).sum()) for found in (by_sample, exact)]
        yield at_most(
            f"Ward by a sample, {len(points):,} rows, {clusters} clusters, squares within against exact",
            1.005,
            spread[0] / spread[1],
        )
