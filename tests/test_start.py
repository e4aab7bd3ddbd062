"""A command imports only what it needs: help is fast, and commands without training do not import torch."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT

HELP = {
    *("alft", "alft.cli", "alft.cli.main", "alft.cli.sentences"),
    *(
        "alft.system",
        "alft.system.excerpt",
        "alft.system.imports",
        "alft.system.output",
        "alft.system.signals",
        "alft.system.visible",
    ),
}
"""All that ``python -m alft --help`` may import beside the standard library."""

HEAVY = {"torch", "lightning", "transformers", "datasets", "peft", "torchmetrics", "sklearn", "wandb", "matplotlib"}

IMPORTED = """
import sys
before = set(sys.modules)
from alft.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
print("imported", code, *(set(sys.modules) - before))
"""


def imported(*arguments: str) -> set[str]:
    """Modules that a command imports in a process of its own."""
    command = [sys.executable, "-c", IMPORTED, *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    word, code, *modules = shown.stdout.splitlines()[-1].split()
    assert (word, code) == ("imported", "0"), shown
    return set(modules)


def test_help_imports_little():
    found = imported("--help")
    assert {name for name in found if name.split(".")[0] not in sys.stdlib_module_names} == HELP


@pytest.mark.parametrize(
    "command",
    [
        ("grid", "--help"),
        ("rehearse", "--help"),
        ("demo", "--help"),
        ("report", "--help"),
        ("status", "--help"),
        ("demo", "texts"),
    ],
)
def test_commands_that_train_nothing_import_no_torch(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert not {name.split(".")[0] for name in imported(*command)} & HEAVY


def test_a_report_imports_no_torch(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert not {name.split(".")[0] for name in imported("report", "results")} & (HEAVY - {"matplotlib"})


def test_a_grid_imports_no_torch_to_start_its_runs(workplace, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    arguments = ["--config", "configs/tiny.yaml", "--trainer.max_epochs=1"]
    sweep = {
        "method": "grid",
        "command": ["${env}", "python", "-m", "alft", "fit", *arguments, "${args}"],
        "parameters": {"seed_everything": {"values": [1]}},
    }
    Path("sweep.yaml").write_text(yaml.safe_dump(sweep, sort_keys=False))
    assert not {name.split(".")[0] for name in imported("grid", "sweep.yaml", "--root", "out")} & HEAVY
    assert len(list(Path("out").rglob("summary.json"))) == 1


def test_what_is_imported_in_the_middle_of_an_import_needs_nothing_of_alft():
    """The hook on transformers runs while any module of alft is half imported, as one that imports torchmetrics is."""
    code = "import sys, alft.models.own_networks; print(*(name for name in sys.modules if name.startswith('alft.')))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    networks = {f"alft.models.{name}" for name in ("own_networks", "own_head", "pooled", "windowed")}
    assert set(shown.stdout.split()) == {"alft.models", "alft.system", "alft.system.imports", *networks}


def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m alft --help | head -n 1; exit ${{PIPESTATUS[0]}}"
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, check=False)
    assert shown.stdout.startswith("alft ")
    assert shown.stderr == ""
    assert shown.returncode in (0, 141)  # 0 if all was written before the reader left
