"""Cost of acquisitions that choose rows jointly, at sizes where a table of all distances would not fit into memory."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from statistics import median

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, PoolView
from alft.selection.badge import Badge
from alft.selection.herding import MaxHerding
from alft.selection.k_center import KCenter
from alft.selection.typiclust import TypiClust
from alft.selection.uncertainty_herding import UncertaintyHerding
from benchmarks.material import Material
from benchmarks.measure import Row, at_most, mib_above, ratio_of_medians, seconds
from benchmarks.vectors import embeddings

PICKS = 200
JOINT = (KCenter(), MaxHerding(), UncertaintyHerding(), Badge())
PEERS = {"KCenter": "CoreSet", "TypiClust": "TypiClust"}
"""Classes of scikit-activeml that pick by the same rule."""


def rows(material: Material) -> Iterator[Row]:
    """Seconds at 100,000 and 20,000 rows, memory above the input, and ratios to scikit-activeml where it is installed."""
    for full, limit in ((100_000, 2.0), (20_000, 0.4)):
        for acquire in JOINT:
            yield _seconds(material, acquire, full, limit)
    yield _seconds(material, TypiClust(), 20_000, 3.0)
    for acquire in (KCenter(), MaxHerding(), Badge()):
        (taken,) = mib_above(partial(picks, acquire), material.size(100_000))
        yield at_most(f"{type(acquire).__name__}, {PICKS} of {material.size(100_000):,} x 384, MiB above the input", 250, taken)
    if find_spec("skactiveml"):
        yield from (_against_peer(material, acquire) for acquire in (KCenter(), TypiClust()))


def view_of(points_ND: Tensor) -> PoolView:
    """A pool of these vectors with nothing bought: they are the embeddings, and what the last layer reads."""
    size, numbers = len(points_ND), torch.Generator().manual_seed(0)
    none_N = torch.zeros(size, dtype=torch.bool)
    return PoolView(
        probs_KNC=torch.randn(1, size, 3, generator=numbers).mul_(2).softmax(-1),
        clusters_N=torch.zeros(size, dtype=torch.int64),
        distances_N=torch.zeros(size),
        embeddings_ND=points_ND,
        features_NF=points_ND,
        bought_N=none_N,
        taken_N=none_N,
        space="encoder",
        generator=numbers,
    )


def picks(acquire: Acquisition, points_ND: Tensor) -> Tensor:
    """Picks of the whole pool."""
    view = view_of(points_ND)
    return acquire.pick(view, acquire(view), torch.arange(view.size), min(PICKS, view.size))


def _seconds(material: Material, acquire: Acquisition, full: int, limit: float) -> Row:
    points_ND = embeddings(material.size(full))
    spent = median(seconds(lambda: picks(acquire, points_ND)) for _ in range(material.times(3)))
    return at_most(f"{type(acquire).__name__}, {PICKS} of {len(points_ND):,} x 384, seconds", limit, spent)


def _against_peer(material: Material, acquire: Acquisition) -> Row:
    points_ND, name = embeddings(material.size(20_000)), type(acquire).__name__
    ours = [seconds(lambda: picks(acquire, points_ND)) for _ in range(material.times(3))]
    theirs = seconds(_peer(PEERS[name], points_ND))
    what = f"{name}, {PICKS} of {len(points_ND):,} x 384, against scikit-activeml"
    return at_most(what, 0.5, ratio_of_medians(ours, [theirs]), f" ({min(ours):.2f} s, {theirs:.1f} s)")


def _peer(name: str, points_ND: Tensor) -> Callable[[], object]:
    strategy = getattr(import_module("skactiveml.pool"), name)(random_state=0, missing_label=-1)
    points, labels = points_ND.numpy(), torch.full((len(points_ND),), -1).numpy()
    return lambda: strategy.query(points, labels, batch_size=min(PICKS, len(points)))
