"""Exports that failed, that would delete files of others, or that were killed."""

import errno
import os
import shlex
import shutil
from pathlib import Path

import pytest
from safetensors import SafetensorError

from alft.cli.main import main

from .conftest import summary_of
from .resuming import (
    FEW,
    QUIET,
    TINY,
    as_folder,
    refused,
    runs,
)


@pytest.fixture
def full(monkeypatch):
    """A disk that is full when weights are exported, until it is emptied."""

    def save(*args, **options):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as disk:
        disk.setattr("transformers.modeling_utils.safe_save_file", save)
        yield disk


@pytest.mark.parametrize("test_on", ["last", "best"])
def test_D4_an_export_that_failed_is_all_that_is_done_again(workplace, full, capsys, test_on):
    command = [*TINY, *FEW, *QUIET, "--test_on", test_on, "--export", "my model"]
    line = refused(command, capsys)
    assert "the disk is full (" in line
    run, checkpoint = Path("runs/tiny/version_0"), f"runs/tiny/version_0/checkpoints/{test_on}.ckpt"
    advice = f"python -m alft export {checkpoint} 'my model'"
    assert line.endswith(f"the run is finished, only its export is missing: {advice}")
    assert (run / "summary.json").is_file()
    assert [path.name for path in Path.cwd().glob(".my model*")] == []
    full.undo()
    assert main(shlex.split(advice)[3:]) == 0
    by_export = (Path("my model") / "README.md").read_text()
    shutil.rmtree("my model")
    for again in ("last", checkpoint):
        capsys.readouterr()
        assert main([*command, "--force", "--ckpt_path", again]) == 0
        out = capsys.readouterr().out
        assert f"the run in {run} is finished and has the same settings, so it is only exported" in out
        assert "model: my model" in out
        assert "Plan" not in out
        assert (Path("my model") / "README.md").read_text() == by_export
        assert len(runs(Path.cwd())) == 1
    assert f"| macro-F1 | {summary_of(run)['test']['f1_macro']:.4f} |" in by_export


def test_D4_sibling_what_is_not_the_same_run_is_not_exported_in_its_place(finished, capsys):
    other = [*TINY, *FEW, *QUIET, "--model.lr", "2e-3", "--trainer.max_epochs", "1", "--export", "model"]
    checkpoint = finished / "checkpoints" / "last.ckpt"
    assert "is finished, there is nothing to go on with" in refused([*other, "--ckpt_path", str(checkpoint)], capsys)
    assert main([*other, "--ckpt_path", "last"]) == 0
    assert "so a new one starts" in capsys.readouterr().out
    assert len(runs(Path.cwd())) == 2


def test_D4_sibling_a_place_that_cannot_be_written_to_any_more(workplace, capsys, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(errno.EACCES, "Permission denied", "model")

    monkeypatch.setattr("alft.use.formats.transformers.Transformers.write", refuse)
    line = refused([*TINY, *FEW, *QUIET, "--trainer.max_epochs", "1", "--export", "model"], capsys)
    assert "only its export is missing: python -m alft export runs/tiny/version_0/checkpoints/last.ckpt model" in line


@pytest.fixture
def exported(finished):
    """A finished run, and its export."""
    assert main(["export", str(finished / "checkpoints" / "last.ckpt"), "model"]) == 0
    return ["export", str(finished / "checkpoints" / "last.ckpt"), "model", "--force"]


OWN = ["tokenizer_notes.txt", "other.safetensors", "my.model", "vocab_of_mine", ".hidden", "thesis.txt", "config.json.bak"]


@pytest.mark.parametrize("earlier", [False, True], ids=["D5", "D5 of an earlier version"])
def test_files_that_no_export_wrote_are_not_deleted(exported, capsys, earlier):
    if earlier:
        Path("model/alft_export.json").unlink()
    assert main(exported) == 0, "nothing foreign is in it"
    for name in OWN:
        place = Path("model", name)
        place.write_text("years of work")
        if earlier:
            Path("model/alft_export.json").unlink(missing_ok=True)
        assert f"move away or choose another folder: {name}" in refused(exported, capsys)
        assert place.read_text() == "years of work"
        place.unlink()
    Path("model/runs").mkdir()
    assert refused(exported, capsys).endswith("folder: runs")
    Path("model/runs").rmdir()
    assert main(exported) == 0


LISTS = {
    "D5 sibling: a list that is damaged": "{",
    "D5 sibling: a list of something else": "[1]",
    "D5 sibling: a list without names": '{"files": 3}',
    "D5 sibling: a list that is nested": "[" * 5000,
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_list_that_cannot_be_read_protects_everything(exported, capsys, text):
    Path("model/alft_export.json").write_text(text)
    before = sorted(path.name for path in Path("model").iterdir())
    assert "holds more than an earlier export" in refused(exported, capsys)
    assert sorted(path.name for path in Path("model").iterdir()) == before


def test_D5_sibling_a_folder_in_the_place_of_an_exported_file_is_kept(exported, capsys):
    as_folder(Path("model/config.json"))
    Path("model/config.json/thesis.txt").write_text("years of work")
    assert refused(exported, capsys).endswith("folder: config.json")


DEAD = 2**22 + 1
"""A number that no process has."""


def test_D5_killed_between_the_renames_is_mended_by_the_next_call(exported, capsys):
    Path("model").rename(f".model.old.{DEAD}")
    shutil.copytree(f".model.old.{DEAD}", f".model.new.{DEAD}")
    assert "model is there already" in refused(exported[:-1], capsys)
    assert Path("model/model.safetensors").is_file()
    assert main(exported) == 0
    assert list(Path.cwd().glob(".model.*")) == []


def test_D5_killed_before_and_after_the_renames_leaves_nothing(exported):
    for kind in ("new", "old"):
        shutil.copytree("model", f".model.{kind}.{DEAD}")
    shutil.copytree("model", f".model.new.{os.getpid()}.kept")
    assert main(exported) == 0
    assert [path.name for path in Path.cwd().glob(".model.*")] == [f".model.new.{os.getpid()}.kept"]
