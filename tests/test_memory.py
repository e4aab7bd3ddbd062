"""Free and peak memory, for artificial control groups and for this process."""

import sys
from pathlib import Path

import pytest
import torch

from alft.loop.guards import refuse_too_large
from alft.selection.clustering import KMeans, Whole
from alft.selection.ward import Ward, tree_gib
from alft.system import memory
from alft.system.memory import free_gib, peak_memory, restart_peak

GIB = 2**30


def group(folder: Path, limit: str, held: int, files: tuple[str, str], inactive: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / files[0]).write_text(f"{limit}\n")
    (folder / files[1]).write_text(f"{held}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {inactive}\n")
    return folder


FIRST, SECOND = ("memory.limit_in_bytes", "memory.usage_in_bytes"), ("memory.max", "memory.current")


@pytest.mark.parametrize(
    ("membership", "inside", "files"),
    [
        ("0::/jobs/mine", "jobs/mine", SECOND),
        ("0::/jobs/mine", "jobs", SECOND),  # a limit on the group around counts too
        ("0::/", "", SECOND),
        ("3:cpuset:/\n4:memory:/jobs/mine\n0::/", "memory/jobs/mine", FIRST),
    ],
)
def test_a_container_leaves_less_than_the_machine_has(tmp_path, membership, inside, files):
    groups = tmp_path / "groups"
    group(groups / inside, str(GIB // 4), GIB // 8, files, inactive=GIB // 16)
    (tmp_path / "self").write_text(membership)
    assert free_gib(groups, tmp_path / "self") == pytest.approx(1 / 4 - 1 / 8 + 1 / 16)


@pytest.mark.parametrize("membership", ["0::/", "4:memory:/elsewhere", ""])
def test_without_a_limit_the_machine_decides(tmp_path, monkeypatch, membership):
    class Machine:
        available = 6 * GIB

    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: Machine)
    group(tmp_path / "groups", "max", GIB, SECOND)
    (tmp_path / "self").write_text(membership)
    assert free_gib(tmp_path / "groups", tmp_path / "self") == 6
    assert free_gib(tmp_path / "groups", tmp_path / "nowhere") == 6


def test_clusters_that_do_not_fit_are_refused_with_the_memory_they_need(monkeypatch):
    monkeypatch.setattr("alft.loop.guards.free_gib", lambda: 4.0)
    for cluster, rows in ((Ward(), 20_000), (Ward(), 10**6), (Ward(1, exact=True), 10**6), (KMeans(), 10**6), (Whole(), 10**6)):
        refuse_too_large(cluster, rows)
    sentence = (
        r"active\.cluster: Ward\(clusters=10, exact=True\) of a pool of 100000 rows needs 74\.\d GiB of memory, of which "
        r"4\.0 GiB are free"
    )
    with pytest.raises(ValueError, match=sentence):
        refuse_too_large(Ward(exact=True), 100_000)


def test_a_sample_needs_the_memory_of_its_own_tree():
    assert Ward().memory_gib(10**6) == tree_gib(5_000)
    assert Ward(400).memory_gib(10**6) == tree_gib(10_000)
    assert Ward().memory_gib(12_000) == tree_gib(12_000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the peak cannot be started again")
def test_a_peak_can_be_started_again():
    restart_peak()
    before = peak_memory()["memory_mib"]
    held = torch.ones(64, 2**20)  # 256 MiB
    high = peak_memory()["memory_mib"]
    del held
    restart_peak()
    assert high - before == pytest.approx(256, abs=16)
    assert peak_memory()["memory_mib"] < high - 200


def test_a_peak_that_cannot_be_started_again_stays(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "RESTART", tmp_path / "no" / "such")
    restart_peak()
    assert peak_memory()["memory_mib"] > 0
