"""The real `wandb sweep` and `wandb agent` run a sweep file from end to end, against a server in this process."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import yaml

from alft.grid.sweep_file import read_sweep

from .conftest import ROOT, summary_of
from .sweep_server import ENTITY, SWEEP, SweepServer, combinations

TINY = "configs/tiny.yaml"
SHORT = f"""
program: alft
method: grid
metric: {{name: test_f1_macro, goal: maximize}}
command: ["${{env}}", python, -m, alft, fit, --config, {TINY}, --trainer.max_epochs, "1", "${{args}}"]
parameters:
  active.acquire: {{value: Margin}}
  active.cluster: {{value: '{{"class_path": "Ward", "init_args": {{"clusters": 3}}}}'}}
  active.max_unique: {{values: ["0.5", "null"]}}
  seed_everything: {{value: "7"}}
"""
LONG = ROOT / "sweeps" / "ablation.yaml"
PYTHON = f"""#!/bin/sh
printf '%s\\n' "$@" > "started-$WANDB_RUN_ID"
exec '{sys.executable}' "$@"
"""
"""What `python` means to the agent: the one of this test, after it has written down with which arguments it was started."""


@pytest.fixture
def server():
    with SweepServer() as server:
        yield server


@pytest.fixture
def environment(server, workplace):
    """Of the commands: the server is W&B, all of W&B's files lie in the workplace, `python` is PYTHON."""
    python = workplace / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)
    own = {f"WANDB_{kind}_DIR": str(workplace / "of-wandb" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
    own |= {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": "k" * 40, "WANDB_MODE": "offline", "WANDB_DIR": str(workplace)}
    own |= {"PYTHONPATH": str(ROOT), "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    yield inherited | own
    end(belonging_to(server))


def belonging_to(server):
    """All processes that were started with this server as W&B, their parents alive or not; the port is this test's alone."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WANDB_BASE_URL") == server.url:
                found.append(process)
        except psutil.Error:  # it ended meanwhile, or is another user's
            continue
    return found


def end(processes):
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


def wandb(environment, seconds, *arguments):
    command = [sys.executable, "-m", "wandb", *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def create(path, environment):
    assert f"wandb agent {ENTITY}/alft/{SWEEP}" in wandb(environment, 300, "sweep", "--project", "alft", str(path))


def check_sweep(path, server, environment, seconds):
    """Run a sweep file, and check that every run of it is there once, finished, with its values and its W&B run."""
    create(path, environment)
    told = wandb(environment, seconds, "agent", f"{ENTITY}/alft/{SWEEP}")
    expected = combinations(yaml.safe_load(path.read_text()))
    assert server.refused == []
    assert set(server.asked) == {"Viewer", "UpsertSweep", "SweepWithRuns", "CreateAgent", "Heartbeat"}
    assert list(server.handed_out.values()) == expected, told
    assert server.told_to_exit
    assert server.running == set()
    started = [Path(f"started-{run}").read_text().splitlines() for run in server.handed_out]
    assert started == [["-m", "alft", "fit", *cell.arguments] for cell in read_sweep(path)], "`alft grid` starts other runs"
    assert len(list(Path("runs").rglob("summary.json"))) == len(expected), told
    for run, values in server.handed_out.items():
        check_finished(run, values)
    assert psutil.wait_procs(belonging_to(server), timeout=10)[1] == [], "processes are left behind"


def check_finished(run, values):
    """That run of the sweep has one folder, with W&B's own record of it, a summary, and the settings that the sweep chose."""
    (record,) = Path("runs").glob(f"*/*/wandb/offline-run-*-{run}/run-{run}.wandb")
    folder = record.parents[2]
    assert summary_of(folder)["test"]["f1_macro"] >= 0
    config = yaml.safe_load((folder / "config.yaml").read_text())
    for name, given in values.items():
        assert agrees(yaml.safe_load(given), at(config, name)), f"{name} of {folder}"


def at(config, name):
    for key in name.split("."):
        config = config[key]
    return config


def agrees(given, saved):
    """A class may be given by its last name and with some of its settings; a saved one has its full name and all of them."""
    if not isinstance(saved, dict):
        return given == saved
    if "class_path" in saved:
        saved = {"init_args": {}, **saved, "class_path": saved["class_path"].rpartition(".")[2]}
        given = {"class_path": given} if isinstance(given, str) else given
    return all(agrees(value, saved[name]) for name, value in given.items())


def on_tiny(path):
    """A shipped sweep file with the tiny config in its command, and the first of its seeds."""
    sweep = yaml.safe_load(path.read_text())
    assert sum(word.startswith("configs/") for word in sweep["command"]) == 1
    sweep["command"] = [TINY if word.startswith("configs/") else word for word in sweep["command"]]
    seeds = sweep["parameters"]["seed_everything"]["values"]
    del seeds[1:]
    return sweep


def test_the_agent_runs_every_combination_of_a_sweep_file(server, environment, workplace):
    path = workplace / "sweep.yaml"
    path.write_text(SHORT)
    check_sweep(path, server, environment, 400)


@pytest.mark.soak
def test_the_agent_runs_a_shipped_sweep_file(server, environment, workplace):
    path = workplace / "sweep.yaml"
    path.write_text(yaml.safe_dump(on_tiny(LONG)))
    check_sweep(path, server, environment, 1200)
