"""Reports on summaries as strangers leave them: sentences that name the file and the entry, and reports that stay short."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from alft.cli.main import main
from alft.loop.recorded import read_recorded
from alft.report import contrasts
from alft.report.summaries import read_summary
from alft.system.json_file import read_json

from .report_material import write_run

HUGE = "1" + "0" * 400
LITERAL = "LITERAL"


def changed(path: Path, entry: str, written: str) -> None:
    """Replace one entry of a summary by text as it is written in JSON."""
    summary = json.loads(path.read_text())
    *above, last = (int(part) if part.isdigit() else part for part in entry.split("."))
    record = summary
    for part in above:
        record = record[part]
    record[last] = LITERAL
    path.write_text(json.dumps(summary).replace(f'"{LITERAL}"', written))


def sentence_of(capsys, *arguments: str) -> str:
    """The one line on stderr of a command that was refused."""
    assert main(list(arguments)) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("alft: error: ")
    assert len(line) < 400
    return line.removeprefix("alft: error: ")


@pytest.mark.parametrize("form", ["table", "csv"])
@pytest.mark.parametrize(
    ("entry", "written", "told"),
    [
        pytest.param("seed", HUGE, "seed must be a finite number of at most 2^63, got 1000", id="E3 10^400"),
        pytest.param("seed", "9223372036854775808", "seed must be a finite number of at most 2^63, got 9223", id="E3 2^63"),
        pytest.param("seed", "9" * 5000, "seed must be a finite number of at most 2^63, got inf", id="E3 5000 digits"),
        pytest.param("test.f1_macro", "NaN", "test.f1_macro must be a finite number of at most 2^63, got nan", id="E3 NaN"),
        pytest.param("memory_mib", "-Infinity", "memory_mib must be a finite number", id="E3 infinity"),
        pytest.param("labels.pool", HUGE, "labels.pool must be a finite number", id="E3 pool"),
        pytest.param("settings.model.lr", HUGE, "settings.model.lr must be a finite number", id="E3 setting"),
        pytest.param("settings.training.more", "[" * 30 + "]" * 30, "is nested deeper than 20 levels", id="E3 deep"),
        pytest.param("name", "[" * 100_000 + "]" * 100_000, "is nested deeper than 20 levels", id="E3 very deep"),
        pytest.param("name", r'"\ud800"', r"name must be a text in Unicode, got '\ud800'", id="E3 half a surrogate pair"),
        pytest.param("epochs.1.seconds.train", '"x"', 'epochs.1.seconds.train must be int or float, got "x"', id="E3 epoch"),
        pytest.param("epochs.1", "7", "epochs.1.epoch is missing", id="E3 no record"),
        pytest.param("epochs.1.bought", "1.5", "epochs.1.bought must be int, got 1.5", id="E3 half a label"),
        pytest.param("epochs.1.bought", "101", "epochs.1.bought must be at most labels.pool=100, got 101", id="E3 bought"),
        pytest.param("epochs.1.epoch", "0", "epochs hold epoch 0 2 times", id="E3 epoch twice"),
        pytest.param(
            "epochs.1.val_f1_macro", "70", "epochs.1.val_f1_macro must be at least 0 and at most 1, got 70", id="E3 %"
        ),
        pytest.param("test.f1_macro", "-0.5", "test.f1_macro must be at least 0 and at most 1, got -0.5", id="E3 below 0"),
        pytest.param("test.predicted.positive", "null", "test.predicted must hold numbers of texts, got null", id="E3 counts"),
        pytest.param("settings.data", "3", "settings.data must be dict, got 3", id="E3 group"),
        pytest.param("seed", json.dumps("x" * 300), 'seed must be int, got "xxx', id="E3 long value"),
    ],
)
def test_a_summary_of_a_wrong_kind_is_told_with_file_and_entry(tmp_path, capsys, form, entry, written, told):
    path = write_run(tmp_path) / "summary.json"
    changed(path, entry, written)
    line = sentence_of(capsys, "report", str(tmp_path), "--format", form)
    assert line.startswith(str(path))
    assert told in line


def test_E3_a_folder_named_like_a_summary_is_no_run(tmp_path, capsys):
    (tmp_path / "run" / "summary.json").mkdir(parents=True)
    assert "no finished run" in sentence_of(capsys, "report", str(tmp_path))


def test_E3_flat_settings_of_earlier_versions_are_read(tmp_path):
    path = write_run(tmp_path) / "summary.json"
    changed(path, "settings", '{"lr": 0.1, "epochs": 4}')
    assert read_summary(path)["settings"] == {"lr": 0.1, "epochs": 4}


def test_E3_the_largest_numbers_are_read(tmp_path):
    (tmp_path / "some.json").write_text('{"a": 9223372036854775807, "b": [1e18, null, "\U0001f600"]}')
    assert read_json(tmp_path / "some.json") == {"a": 2**63 - 1, "b": [1e18, None, "\U0001f600"]}


@pytest.mark.parametrize(
    ("entry", "written"),
    [("settings", "[" * 100_000 + "]" * 100_000), ("epochs", "7"), ("seed", HUGE)],
    ids=["E3 sibling: deep", "E3 sibling: number of epochs", "E3 sibling: 10^400"],
)
def test_a_replayed_summary_of_a_wrong_kind_is_told(tmp_path, entry, written):
    folder = write_run(tmp_path)
    pyarrow.parquet.write_table(pa.table({"epoch": [0], "row": [0]}), folder / "selection.parquet")
    changed(folder / "summary.json", entry, written)
    with pytest.raises(ValueError, match=r"active\.replay: the files of the run in .* cannot be read"):
        read_recorded(str(folder))


@pytest.mark.parametrize("rows", [["a"], [None], [0.5]], ids=["E3 sibling: words", "E3 sibling: null", "E3 sibling: halves"])
def test_a_replayed_selection_of_a_wrong_kind_is_told(tmp_path, rows):
    folder = write_run(tmp_path)
    pyarrow.parquet.write_table(pa.table({"epoch": [0], "row": rows}), folder / "selection.parquet")
    with pytest.raises(ValueError, match=r"active\.replay: the files of the run in .* cannot be read"):
        read_recorded(str(folder))


@pytest.mark.parametrize(
    "written", ["7", '{"pool": 64}', "[" * 100_000 + "]" * 100_000], ids=["E3 sibling: a", "E3 sibling: b", "E3 sibling: c"]
)
def test_a_card_is_written_without_a_summary_of_a_wrong_kind(fit, written):
    run = fit("--trainer.max_epochs", "1")
    changed(run / "summary.json", "labels", written)
    assert main(["export", str(run / "checkpoints" / "last.ckpt"), "exported"]) == 0
    assert "These weights were not measured on a test set." in Path("exported/README.md").read_text()


def write_rates(root: Path, count: int) -> None:
    """Runs that differ in the learning rate alone, as a random search leaves them; the last ones are the best."""
    for number in range(count):
        write_run(root, test=number / count, lr=round(1e-5 * (number + 1), 5))


def report(capsys, *arguments: str) -> str:
    """What a report prints."""
    assert main(["report", *arguments]) == 0
    return capsys.readouterr().out


def test_E5_a_report_of_600_arms_is_short_and_says_what_it_leaves_out(tmp_path, capsys):
    write_rates(tmp_path, 600)
    text = report(capsys, str(tmp_path), "--format", "markdown")
    assert text.count("\n") < 1_500
    assert "Shown are the 100 of 600 arms with the highest mean test F1; the best of many look better than they are." in text
    assert "Arms that differ in one setting are not shown for lr (179700 pairs): --contrasts SETTING" in text
    assert "lr 0.006 " in text  # the best
    assert "lr 1e-05 " not in text
    assert len(report(capsys, str(tmp_path), "--format", "csv").splitlines()) == 1 + 600


def test_E5_contrasts_and_arms_are_shown_when_asked_for(tmp_path, capsys):
    write_rates(tmp_path, 30)
    write_run(tmp_path, test=0.5, warm_start=0.5, lr=1e-5)
    assert "Arms that differ in one setting are not shown for lr (435 pairs)" in report(capsys, str(tmp_path))
    asked = report(capsys, str(tmp_path), "--format", "markdown", "--contrasts", "lr", "--arms", "lr 2e-05", "lr 0.0003")
    assert "Shown are the 2 of 31 arms that were asked for." in asked
    assert "not shown for warm_start (1 pair)" in asked
    assert asked.count(" instead of lr ") == 29 + 29 - 1  # of 30 arms, each of the two with all others
    lines = report(capsys, str(tmp_path), "--format", "csv_contrasts", "--contrasts", "warm_start").splitlines()
    assert len(lines) == 1 + 1
    assert len(report(capsys, str(tmp_path), "--format", "csv_contrasts").splitlines()) == 1 + 435 + 1
    assert len(report(capsys, str(tmp_path), "--format", "csv", "--arms", "warm_start 0.5").splitlines()) == 1 + 1


def test_E5_settings_with_few_pairs_are_shown_first(tmp_path):
    write_rates(tmp_path, 30)
    write_run(tmp_path, warm_start=0.5, lr=1e-5)
    assert set(contrasts(tmp_path, most=200)["setting"]) == {"warm_start"}
    assert set(contrasts(tmp_path, most=500)["setting"]) == {"warm_start", "lr"}
    assert contrasts(tmp_path, most=0).attrs["left_out"] == {"f" * 64: {"lr": 435, "warm_start": 1}}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--contrasts", "lora"], "contrasts: no two arms differ in 'lora' alone; they do in lr", id="E5 setting"),
        pytest.param(["--arms", "x" * 300], "arms: no arm has 'xxx", id="E5 arm"),
        pytest.param(["--arms", "x", "--format", "csv"], "arms: no arm has 'x' in its label; labels are Entropy,", id="E5 csv"),
    ],
)
def test_asking_for_what_is_not_there_is_told(tmp_path, capsys, arguments, told):
    write_rates(tmp_path, 2)
    assert told in sentence_of(capsys, "report", str(tmp_path), *arguments)


def test_E5_pairs_of_settings_that_change_together_are_found(tmp_path):
    write_run(tmp_path, lr=1e-3)
    write_run(tmp_path, lr=1e-4, lora={"r": 8})
    write_run(tmp_path, lr=1e-4, uncertainty="epinet", epinet={"draws": 4})
    found = contrasts(tmp_path)
    assert found[["setting", "change"]].to_numpy().tolist() == [["lora", "LoRA r8 instead of no lora"]]
