"""Names with control characters and markup, from data and folders of others, act on no terminal, document or spreadsheet."""

import json
import re
from pathlib import Path

import pytest

from alft.cli.main import main
from alft.report import as_csv, as_markdown, as_terminal, compare, contrasts
from alft.system.visible import markdown, visible

from .conftest import write_csv
from .report_material import write_study

EVIL = "\x1b[31mred\x1b[0m\u202egnp\x07\r\n# title ![x](http://x.y/z) <b>|*_a_*"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b[2J", r"\x1b[2J", id="E2 an escape"),
        pytest.param("a\u202eb", r"a\u202eb", id="E2 bidi"),
        pytest.param("a\nb\r", r"a\nb\r", id="E2 newlines"),
        pytest.param("a\u2028b", r"a\u2028b", id="E2 sibling: line separator"),
        pytest.param("žluťoučký 😀 \u05e9\u05dc", "žluťoučký 😀 \u05e9\u05dc", id="E2 letters stay"),
        pytest.param("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb", id="E2 joined emoji stay"),
    ],
)
def test_control_characters_are_shown_as_such(text, shown):
    assert visible(text) == shown


def test_E2_markdown_is_escaped():
    assert "](" not in markdown(EVIL)
    assert markdown("# no title").startswith(r"\#")
    assert "\n" not in markdown(EVIL)


def evil_study(folder: Path) -> None:
    """Runs whose name, labels and settings try to act."""
    write_study(folder, seeds=2)
    for path in folder.rglob("summary.json"):
        summary = json.loads(path.read_text())
        summary["name"] = EVIL
        summary["settings"]["model"]["backbone"] = EVIL
        summary["test"]["predicted"] = {EVIL: 40, "=1+1": 60}
        path.write_text(json.dumps(summary))


def test_E2_a_report_shows_what_is_there_and_runs_nothing(tmp_path):
    evil_study(tmp_path)
    table, pairs = compare(tmp_path), contrasts(tmp_path)
    for text in (as_terminal(table, pairs), as_markdown(table, pairs), as_csv(table)):
        assert not CONTROLS.search(text)
        assert r"\x1b[31mred" in text.replace("\\\\", "\\")
    document = as_markdown(table, pairs)
    assert "![x](" not in document
    assert not re.search(r"^# title", document, re.MULTILINE)
    assert "<b>" not in document.replace(r"\<b>", "")


def test_E2_formulas_in_csv_are_told(tmp_path, capsys):
    evil_study(tmp_path)
    for path in tmp_path.rglob("summary.json"):
        path.write_text(path.read_text().replace(json.dumps(EVIL)[1:-1], "=cmd|' /C calc'!A0"))
    assert main(["report", str(tmp_path), "--format", "csv"]) == 0
    assert "cells that a spreadsheet runs as formulas, since they begin with = + - @: " in capsys.readouterr().err
    evil_free = tmp_path / "plain"
    write_study(evil_free, seeds=2)
    assert main(["report", str(evil_free), "--format", "csv"]) == 0
    assert "formulas" not in capsys.readouterr().err, "negative numbers are none"


def test_E2_a_run_and_its_card_show_labels_as_they_are(fit, workplace, capsys):
    labels = ("\x1b[31mpos", "![x](http://y.z)|neg")
    rows = [(f"text number {i}", labels[i % 2]) for i in range(60)]
    Path("evil.jsonl").write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in rows))
    run = fit("--data.source", "evil.jsonl", "--trainer.max_epochs", "1", "--active.cluster", "Whole", "--export", "model")
    told = capsys.readouterr().out
    assert r"\x1b[31mpos" in told
    assert "\x1b[31mpos" not in told
    card = Path("model/README.md").read_text()
    assert "\x1b" not in card
    assert "![x](" not in card
    assert json.loads(Path("model/config.json").read_text())["id2label"]["0"] == labels[0], "the model keeps the names"
    assert main(["test", "--ckpt_path", str(run / "checkpoints" / "last.ckpt"), "--data.source", "tiny-data"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_E2_formulas_in_predictions_are_told(fit, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    write_csv(Path("in.csv"), [("=1+1", "-5"), ("-0.5", "x"), ("fine", "+ more")])
    arguments = ["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.csv", "--output", "out.csv"]
    capsys.readouterr()
    assert main(arguments) == 0
    assert "  - cells that a spreadsheet runs as formulas, since they begin with = + - @: 2" in capsys.readouterr().out
