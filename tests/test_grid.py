"""``alft grid``: what is finished is left out, what was broken off goes on, what fails is told, no cell is run twice."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from alft.grid.cell_folder import CellFolder
from alft.grid.runner import Ended, run_cells
from alft.grid.sweep_file import Cell, read_sweep
from alft.run.cli import main

from .conftest import ROOT, summary_of

SWEEP = {
    "method": "grid",
    "command": ["${env}", "python", "-m", "alft", "fit", "--config", "configs/tiny.yaml", "--trainer.max_epochs=2", "${args}"],
    "parameters": {"active.enabled": {"values": ["true", "false"]}},
}


@dataclass(frozen=True)
class Scripted(CellFolder):
    """A cell whose run is a few words of Python, with its folder as the working directory."""

    script: str = ""

    def start(self, threads: int) -> subprocess.Popen[bytes]:
        with (self.path / "log.txt").open("ab") as log:
            command = [sys.executable, "-c", f"threads = {threads}\n{self.script}"]
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.path)


def scripted(root: Path, *scripts: str) -> list[Scripted]:
    return [Scripted(Cell((), (("number", str(n)),)), root / str(n), script) for n, script in enumerate(scripts)]


FINISH = "from pathlib import Path; run = Path('tiny/version_0'); run.mkdir(parents=True); (run / 'summary.json').touch()"


def test_as_many_run_at_a_time_as_asked_in_the_order_of_the_sweep(tmp_path):
    log = f"log = open({str(tmp_path / 'times')!r}, 'a', buffering=1)"
    note = f"import time; {log}; print('+', file=log); time.sleep(1); print('-', file=log)"
    ended: list[Ended] = []
    assert run_cells(scripted(tmp_path, note, note, note, note), jobs=2, tell=ended.append, pause=0.01) == []
    running = 0
    most = 0
    for mark in (tmp_path / "times").read_text().split():
        running += 1 if mark == "+" else -1
        most = max(most, running)
    assert most == 2
    assert {e.folder.cell.label for e in ended} == {f"number-{n}" for n in range(4)}
    assert all(e.exit_code == 0 and e.seconds >= 1 for e in ended)


def test_cores_are_shared_among_the_jobs(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    for jobs, threads in ((1, 8), (3, 2), (16, 1)):
        (cell,) = scripted(tmp_path / str(jobs), "print(threads)")
        run_cells([cell], jobs, lambda ended: None, pause=0.01)
        assert cell.last_words() == str(threads)


def test_a_failing_run_stops_no_other(tmp_path):
    ended: list[Ended] = []
    run_cells(scripted(tmp_path, "raise SystemExit('no luck')", FINISH), 1, ended.append, pause=0.01)
    assert [e.exit_code for e in ended] == [1, 0]
    assert ended[0].folder.last_words() == "no luck"
    assert ended[1].folder.finished


def test_a_cell_that_another_grid_runs_or_has_finished_is_left_to_it(tmp_path):
    held, finished, free = scripted(tmp_path, "raise SystemExit(1)", "raise SystemExit(1)", FINISH)
    run = finished.path / "tiny" / "version_0"
    run.mkdir(parents=True)
    (run / "summary.json").touch()
    held.path.mkdir()
    ended: list[Ended] = []
    with FileLock(held.path / ".lock"):
        left = run_cells([held, finished, free], 1, ended.append, pause=0.01)
    assert left == [held, finished]
    assert [e.folder for e in ended] == [free]


def test_a_run_that_outlived_its_grid_is_not_started_again(tmp_path):
    (cell,) = scripted(tmp_path, "raise SystemExit(1)")
    run = cell.path / "tiny" / "version_0"
    run.mkdir(parents=True)
    with FileLock(run / ".lock"):
        assert run_cells([cell], 1, lambda ended: pytest.fail("it was started"), pause=0.01) == [cell]


def test_runs_are_stopped_with_their_grid(tmp_path):
    cells = scripted(tmp_path, "open('pid', 'w').write(str(__import__('os').getpid())); __import__('time').sleep(60)", "")

    def give_up(ended: Ended) -> None:
        while not (cells[0].path / "pid").read_text():
            time.sleep(0.01)
        raise RuntimeError("enough")

    cells[0].path.mkdir()
    (cells[0].path / "pid").touch()
    with pytest.raises(RuntimeError, match="enough"):
        run_cells(cells, 2, give_up, pause=0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int((cells[0].path / "pid").read_text()), 0)


@pytest.fixture
def sweep(workplace, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("sweep.yaml").write_text(yaml.safe_dump(SWEEP, sort_keys=False))
    return Path("sweep.yaml")


def test_a_grid_runs_to_its_end_goes_on_after_a_stop_and_then_has_nothing_to_do(sweep, capsys):
    command = [sys.executable, "-m", "alft", "grid", "sweep.yaml", "--root", "out"]
    stopped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(Path("out").glob("*/tiny/version_0/checkpoints/last.ckpt")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    stopped.send_signal(signal.SIGTERM)
    _, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 143
    assert errors.strip().splitlines()[-1] == (
        "alft: stopped by SIGTERM; what was begun goes on when the same command is given again"
    )
    assert main(["grid", "sweep.yaml", "--root", "out", "--jobs", "2"]) == 0
    folders = [CellFolder(cell, Path("out", cell.name)) for cell in read_sweep(sweep)]
    for folder, acquire in zip(folders, ("Entropy", None), strict=True):
        assert [run.name for run in folder.runs] == ["version_0"]  # gone on with, not begun again
        assert summary_of(folder.finished)["settings"]["acquire"] == acquire
        assert (folder.path / "command.txt").read_text().startswith("python -m alft fit --config configs/tiny.yaml")
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("summary.json")}
    assert main(["grid", "sweep.yaml", "--root", "out"]) == 0
    assert "2 runs, 2 finished, 0 to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("summary.json")} == before
    Path("sweep.yaml").write_text(yaml.safe_dump(SWEEP | {"parameters": {"model.lr": {"values": ["1e-3"]}}}))
    assert main(["grid", "sweep.yaml", "--root", "out", "--jobs", "0"]) == 2


def test_mistakes_are_told_before_any_run_starts(sweep, capsys):
    parameters = {"active.acquire": {"values": ["Entropy", "Entropie"]}}
    sweep.write_text(yaml.safe_dump(SWEEP | {"parameters": parameters}))
    assert main(["grid", "sweep.yaml"]) == 2
    assert "active.acquire: there is no Entropie; did you mean Entropy?" in capsys.readouterr().err
    assert not Path("runs").exists()
    assert main(["grid", "nowhere.yaml"]) == 2
    assert "there is no sweep file nowhere.yaml" in capsys.readouterr().err


def test_a_run_that_fails_is_told_with_its_last_words(sweep, capsys):
    sweep.write_text(yaml.safe_dump(SWEEP | {"parameters": {"data.source": {"values": ["nowhere"]}}}))
    assert main(["grid", "sweep.yaml"]) == 2
    error = capsys.readouterr().err
    assert "1 of 1 runs failed, the first in runs/sweep/source-nowhere-" in error
    assert "alft: error: data.source" in error


def test_a_config_that_changed_since_is_refused(sweep, capsys):
    Path("mine.yaml").write_text(Path("configs/tiny.yaml").read_text())
    command = [word.replace("configs/tiny", "mine") for word in SWEEP["command"]]
    parameters = {"active.enabled": {"values": ["false"]}}
    sweep.write_text(yaml.safe_dump(SWEEP | {"command": command, "parameters": parameters}))
    assert main(["grid", "sweep.yaml", "--drop_checkpoints"]) == 0
    (run,) = Path("runs/sweep").glob("*/mine/version_0")
    assert sorted(path.name for path in run.iterdir()) == ["config.yaml", "metrics.csv", "selection.parquet", "summary.json"]
    Path("mine.yaml").write_text(Path("configs/tiny.yaml").read_text().replace("1.0e-3", "1.0e-4"))
    capsys.readouterr()
    assert main(["grid", "sweep.yaml"]) == 2
    assert "model.lr is 0.0001, but 0.001 in the run in runs/sweep/" in capsys.readouterr().err
