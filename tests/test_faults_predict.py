"""Predictions for files as people write them, numbered as in docs/input.md."""

from pathlib import Path

import pytest

from alft.cli.main import main

from .data_material import rows

pytestmark = pytest.mark.usefixtures("in_a_folder")


PREDICTED = {
    "A5 semicolons": ("text;id\n{}", "{0};{1}", ";", "utf-8", "\n"),
    "A5 a mark and a declaration": ("sep=;\r\ntext;id\r\n{}", "{0};{1}", ";", "utf-8-sig", "\r\n"),
    "A5 UTF-16": ("text\tid\n{}", "{0}\t{1}", "\t", "utf-16", "\n"),
    "A6 unnamed columns": ("text,id,,\n{}", "{0},{1},,", ",", "utf-8", "\n"),
}


@pytest.mark.parametrize(("head", "line", "separator", "encoding", "end"), PREDICTED.values(), ids=PREDICTED.keys())
def test_predictions_keep_the_form_of_the_file(fit, head, line, separator, encoding, end):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    lines = [line.format(text, f"00{i}") for i, (text, _) in enumerate(rows(4))]
    Path("in.csv").write_bytes((head.format(end.join(lines)) + end).encode(encoding))
    assert main(["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.csv", "--output", "out.csv"]) == 0
    raw = Path("out.csv").read_bytes()
    before, after = Path("in.csv").read_bytes().decode(encoding).split(end), raw.decode(encoding).split(end)
    assert [new[: len(old)] for old, new in zip(before, after, strict=True)] == before
    assert after[head.count(end) - 1].endswith(
        separator.join(["", "predicted", "probability_negative", "probability_positive"])
    )
    assert raw[:2] == Path("in.csv").read_bytes()[:2]


def test_A3_predict_reads_stray_quotes_as_they_are(fit, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    Path("in.tsv").write_text('text\tid\n"good\t1\nbad\t2\n"fine\t3\n')
    arguments = ["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.tsv", "--output", "out.tsv"]
    assert main(arguments) == 2
    assert "--data.quotes false" in capsys.readouterr().err
    assert main([*arguments, "--data.quotes", "false"]) == 0
    assert [line.split("\t")[0] for line in Path("out.tsv").read_text().splitlines()] == ["text", '"good', "bad", '"fine']


def test_A2_predict_refuses_a_text_that_is_a_list(fit, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    Path("in.jsonl").write_text('{"text": "fine"}\n{"text": ["a", "b"]}\n')
    assert main(["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.jsonl", "--output", "out.jsonl"]) == 2
    assert "data.predict: in.jsonl holds ['a', 'b'] (list), which is no text (line 2)" in capsys.readouterr().err
