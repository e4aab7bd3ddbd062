"""``alft grid``: finished runs are skipped, interrupted ones resumed, failures reported, and no cell is run twice."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import yaml
from filelock import FileLock

from alft.cli.fit_settings import answer
from alft.cli.main import main
from alft.cli.settings_service import SettingsService
from alft.grid.cell_folder import CellFolder
from alft.grid.runner import Ended, run_cells
from alft.grid.sweep_file import Cell, read_sweep
from alft.system.quiet import quieten

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
    # Each run says that it is there, and ends when as many as may run at a time have said so: fewer would wait for ever.
    here = (
        f"folder = {str(tmp_path)!r}; import os, time; from pathlib import Path; name = Path.cwd().name; pair = int(name) // 2"
    )
    both = "all(Path(folder, f'here-{n}').exists() for n in (2 * pair, 2 * pair + 1))"
    script = f"{here}\nPath(folder, f'here-{{name}}').touch()\nwhile not {both}: time.sleep(0.01)"
    ended: list[Ended] = []
    seen: list[int] = []

    def tell(one: Ended) -> None:
        ended.append(one)
        seen.append(len(list(tmp_path.glob("here-*"))))

    assert run_cells(scripted(tmp_path, *[script] * 4), jobs=2, tell=tell, pause=0.01) == []
    assert [{e.folder.cell.label for e in pair} for pair in (ended[:2], ended[2:])] == [
        {"number-0", "number-1"},
        {"number-2", "number-3"},
    ]
    assert seen[0] <= 3  # the fourth was not started before the first had ended
    assert all(e.exit_code == 0 and e.seconds > 0 for e in ended)


def test_cores_are_shared_among_the_jobs(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
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


@pytest.mark.parametrize("over", [False, True])
def test_a_run_that_outlived_its_grid_is_known_before_it_has_a_folder(tmp_path, over):
    (cell,) = scripted(tmp_path, FINISH)
    cell.path.mkdir()
    outlived = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        began = psutil.Process(outlived.pid).create_time() + (1.0 if over else 0.0)  # over: the number was used again
        (cell.path / ".process").write_text(json.dumps([outlived.pid, began]))
        assert run_cells([cell], 1, lambda ended: None, pause=0.01) == ([] if over else [cell])
        assert (cell.finished is not None) == over
    finally:
        outlived.kill()
        outlived.wait()


def test_runs_are_stopped_with_their_grid(tmp_path):
    cells = scripted(tmp_path, "open('pid', 'w').write(str(__import__('os').getpid())); __import__('time').sleep(60)", "")

    def give_up(ended: Ended) -> None:
        deadline = time.monotonic() + 300
        while not (cells[0].path / "pid").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise RuntimeError("enough")

    cells[0].path.mkdir()
    (cells[0].path / "pid").touch()
    with pytest.raises(RuntimeError, match="enough"):
        run_cells(cells, 2, give_up, pause=0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int((cells[0].path / "pid").read_text()), 0)


class SameProcess(SettingsService):
    """Answers without a second process, which would import torch for seconds; tests/test_start.py has the real one."""

    def __enter__(self) -> "SameProcess":
        quieten()
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def _answer(self, question):
        found = answer(question)
        if "error" in found:
            raise ValueError(found["error"])
        return found


@pytest.fixture
def sweep(workplace, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr("alft.cli.grid_command.SettingsService", SameProcess)
    Path("sweep.yaml").write_text(yaml.safe_dump(SWEEP, sort_keys=False))
    return Path("sweep.yaml")


def test_a_grid_runs_to_its_end_goes_on_after_a_stop_and_then_has_nothing_to_do(sweep, capsys):
    sweep.write_text(yaml.safe_dump(SWEEP | {"command": [w.replace("epochs=2", "epochs=40") for w in SWEEP["command"]]}))
    command = [sys.executable, "-m", "alft", "grid", "sweep.yaml", "--root", "out"]
    stopped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while not list(Path("out").glob("*/tiny/version_0/checkpoints/last.ckpt")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    stopped.send_signal(signal.SIGTERM)
    _, errors = stopped.communicate(timeout=300)
    assert stopped.returncode == 143
    assert errors.strip().splitlines()[-1] == (
        "alft: stopped by SIGTERM; what was begun goes on when the same command is given again"
    )
    assert not list(Path("out").rglob("summary.json"))
    assert main(["grid", "sweep.yaml", "--root", "out", "--jobs", "2"]) == 0
    folders = [CellFolder(cell, Path("out", cell.name)) for cell in read_sweep(sweep)]
    for folder, acquire in zip(folders, ("Entropy", None), strict=True):
        assert [run.name for run in folder.runs] == ["version_0"]  # gone on with, not begun again
        assert summary_of(folder.finished)["settings"]["selection"]["acquire"] == acquire
        assert shlex.split((folder.path / "command.txt").read_text())[3:] == ["fit", *folder.arguments]
    assert "going on with the run in" in (folders[0].path / "log.txt").read_text()
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("summary.json")}
    assert main(["grid", "sweep.yaml", "--root", "out"]) == 0
    assert "2 runs, 2 finished, 0 to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("summary.json")} == before
    Path("sweep.yaml").write_text(yaml.safe_dump(SWEEP | {"parameters": {"model.lr": {"values": ["1e-3"]}}}))
    assert main(["grid", "sweep.yaml", "--root", "out", "--jobs", "0"]) == 2
    assert "jobs must be at least 1, got 0" in capsys.readouterr().err


def test_mistakes_are_told_before_any_run_starts(sweep, capsys):
    parameters = {"active.acquire": {"values": ["Entropy", "Entropie"]}}
    sweep.write_text(yaml.safe_dump(SWEEP | {"parameters": parameters}))
    assert main(["grid", "sweep.yaml"]) == 2
    assert "active.acquire: there is no Entropie; did you mean Entropy?" in capsys.readouterr().err
    assert not Path("runs").exists()
    values = {
        "active.max_unique": ("2", "active.max_unique must be"),
        "active.budget": ('{"class_path": "Constant", "init_args": {"share": 7.5}}', "share must be"),
        "model.lora": ('{"r": 0}', "model.lora.r must be at least 1"),
        "model.head": ('{"class_path": "Mean", "init_args": {"dropout": 1.5}}', "model.head.dropout must be in [0, 1)"),
        "model.ema": ("1.5", "model.ema must be in (0, 1)"),
        "model.lr": ("-1", "model.lr must be at least 0"),
        "active.replay": ("nowhere", "active.replay"),
    }
    for name, (value, told) in values.items():
        tried = (
            [value] if name in ("active.budget", "model.head", "model.lr") else ["null", value]
        )  # the mistake in the last cell
        sweep.write_text(yaml.safe_dump(SWEEP | {"parameters": {name: {"values": tried}}}))
        assert main(["grid", "sweep.yaml"]) == 2
        assert told in capsys.readouterr().err
        assert not Path("runs").exists()
    assert main(["grid", "nowhere.yaml"]) == 2
    assert "there is no sweep file nowhere.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("print('no room in [/data/x]'); raise SystemExit(1)", "no room in [/data/x]"),
        ("print('epoch 1'); import os; os.kill(os.getpid(), 9)", "killed by SIGKILL; before that: "),
        ("raise SystemExit(1)", "it said nothing"),
        ("print('no summary')", "no summary"),
        (f"{FINISH}; print('no export'); raise SystemExit(1)", "no export"),
    ],
)
def test_what_a_failing_run_said_is_told_as_it_said_it(sweep, capsys, monkeypatch, script, told):
    monkeypatch.setattr(CellFolder, "start", lambda cell, threads: Scripted(cell.cell, cell.path, script).start(threads))
    assert main(["grid", "sweep.yaml"]) == 2
    output = capsys.readouterr()
    assert told in output.out
    assert told in output.err
    assert re.search(r"2/2 \d:\d\d:\d\d left: 0:00:00", output.out)


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
    kept = ["config.yaml", "metrics.csv", "predictions.parquet", "selection.parquet", "summary.json", "suspects.csv"]
    assert sorted(path.name for path in run.iterdir()) == kept
    Path("mine.yaml").write_text(Path("configs/tiny.yaml").read_text().replace("1.0e-3", "1.0e-4"))
    capsys.readouterr()
    assert main(["grid", "sweep.yaml"]) == 2
    assert "model.lr is 0.0001, but 0.001 in the run in runs/sweep/" in capsys.readouterr().err
