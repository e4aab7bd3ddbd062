"""Campaigns where features meet: ties in rounds that were closed, folders with spaces, encoders that cannot be used."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alft.campaign.answers import Answer
from alft.campaign.fits import fits_of
from alft.cli.main import main

from .campaign_material import ask, finished_fit, ids_in, open_reviews, posts, record, write_texts
from .conftest import ROOT


def test_a_tie_in_a_closed_round_is_asked_again(in_a_folder):
    open_reviews(60, "--validation", "0")
    tied = ask("a.csv", "--count", "5")[0]
    record(Answer(tied, "negative", "Ana"), Answer(tied, "positive", "Bo"))
    assert ask("b.csv", "--count", "0") == [tied]
    assert tied not in ask("c.csv", "--count", "5", "--more")  # it waits for an answer
    assert main(["close", "posts"]) == 0
    assert ask("d.csv", "--count", "0") == [tied]


def test_a_round_of_ties_alone_names_nothing_that_chose(in_a_folder, capsys):
    open_reviews(60, "--validation", "0")
    tied = ask("a.csv", "--count", "5")[0]
    record(Answer(tied, "negative", "Ana"), Answer(tied, "positive", "Bo"))
    capsys.readouterr()
    ask("b.csv", "--count", "0")
    told = capsys.readouterr().out
    assert "round 1: 1 again (random samples and ties alone)" in told
    assert "TypiClust" not in told


def test_commands_that_are_told_can_be_typed_where_names_have_spaces(in_a_folder, capsys):
    write_texts(Path("posts.csv"), [f"text {number}" for number in range(30)])
    assert main(["open", "posts.csv", "--classes", "a,b", "--campaign", "my posts", "--validation", "0"]) == 0
    for command in (["ask", "my posts", "--count", "2", "--to", "my file.csv"], ["take", "my posts", "my file.csv"]):
        assert main(command) == 0
    for command in (["status", "my posts"], ["close", "my posts"]):
        assert main(command) == 0
    told = re.findall(r"python -m alft (?:ask|take) .*", capsys.readouterr().out)
    assert len(told) == 5
    assert {shlex.split(line)[4] for line in told} == {"my posts"}
    assert [shlex.split(line)[5] for line in told if " take " in line] == ["my file.csv"]


def without_weights(tiny_bert: Path) -> None:
    """The encoder ``no-weights``: config and tokenizer alone."""
    Path("no-weights").mkdir()
    for file in tiny_bert.glob("*.json"):
        (Path("no-weights") / file.name).write_bytes(file.read_bytes())


ENCODERS = [
    (
        ["--model.backbone", "tiny-bert", "--data.max_length", "128"],
        r"data\.max_length must be in \[3, 64\], which tiny-bert can",
    ),
    (["--model.backbone", "./no-encoder"], r"model\.backbone: no such folder: \./no-encoder"),
    (["--model.backbone", "configs"], r"model\.backbone: configs has no config\.json"),
    (["--model.backbone", "posts.csv"], r"model\.backbone: posts\.csv is a file"),
    (["--model.backbone", "no-weights"], r"model\.backbone: no-weights has no PyTorch weights"),
    (["--model.backbone", "package:no_such_package/model"], r"model\.backbone: the package no_such_package is not installed"),
    (["--seed", "-1"], "seed must be at least 0, got -1"),
    (["--data.max_length", "-1"], r"data\.max_length must be at least 0, got -1"),
]


@pytest.mark.parametrize(("arguments", "sentence"), ENCODERS, ids=str)
def test_settings_that_ask_could_not_use_are_refused_before_anything_is_written(
    workplace, tiny_bert, capsys, arguments, sentence
):
    without_weights(tiny_bert)
    write_texts(Path("posts.csv"), [f"text {number}" for number in range(30)])
    usual = ["open", "posts.csv", "--classes", "a,b", "--campaign", "posts", "--validation", "0"]
    assert main([*usual, *arguments]) == 2
    assert re.search(sentence, capsys.readouterr().err)
    assert not Path("posts").exists()


@pytest.mark.parametrize(
    ("entry", "value", "sentence"),
    [
        ("max_length", 128, r"data\.max_length must be in \[3, 64\]"),
        ("backbone", "./no-encoder", r"model\.backbone: "),
    ],
)
def test_an_encoder_that_was_changed_later_is_told_with_its_place(workplace, capsys, entry, value, sentence):
    open_reviews(60, "--validation", "0", "--model.backbone", "tiny-bert", "--data.max_length", "32")
    path = Path("posts/campaign.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {entry: value}))
    assert main(["ask", "posts", "--count", "5", "--to", "a.csv"]) == 2
    told = capsys.readouterr().err
    assert re.search(sentence, told)
    assert told.endswith("; backbone and max_length are entries of posts/campaign.yaml\n")
    assert posts().state.newest_round == -1


def test_a_new_class_that_no_answer_could_name_is_refused(in_a_folder, capsys):
    open_reviews(60, "--validation", "0")
    ask("a.csv", "--count", "5")
    assert main(["take", "posts", "a.csv", "--add_classes", "mixed,Positive"]) == 2
    assert "add_classes: 'Positive' differs from the class 'positive' in no way" in capsys.readouterr().err
    assert posts().settings.classes == ["negative", "positive"]


def test_open_and_ask_are_silent_about_the_machine_in_a_process_of_its_own(workplace):
    open_reviews(60, "--validation", "0")
    encoder = ["--model.backbone", "tiny-bert", "--data.max_length", "32"]
    opening = ["open", "posts.csv", "--classes", "negative,positive", "--campaign", "others", "--validation", "0", *encoder]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in (opening, ["ask", "others", "--count", "5", "--to", "a.csv"]):
        ended = subprocess.run(
            [sys.executable, "-m", "alft", *command], capture_output=True, text=True, env=environment, check=True
        )
        assert ended.stderr == ""
    assert len(ids_in("a.csv")) == 5


@pytest.mark.parametrize("share", ["noise", "skip"])
def test_a_fit_with_answers_that_nobody_gave_is_none_of_the_campaign(in_a_folder, share):
    open_reviews(60, "--validation", "0")
    finished_fit(0, 30, 0.5)
    config = finished_fit(1, 40, 0.9) / "config.yaml"
    settings = yaml.safe_load(config.read_text())
    settings["data"][share] = 0.0
    config.write_text(yaml.safe_dump(settings))
    assert [fit.labels for fit in fits_of(Path("posts"), Path("runs"))] == [40, 30]
    settings["data"][share] = 0.1
    config.write_text(yaml.safe_dump(settings))
    assert [fit.labels for fit in fits_of(Path("posts"), Path("runs"))] == [30]


def test_a_file_that_is_there_is_refused_by_the_name_of_the_argument(in_a_folder, capsys):
    open_reviews(60, "--validation", "0")
    Path("a.csv").write_text("something else")
    assert main(["ask", "posts", "--count", "5", "--to", "a.csv"]) == 2
    assert "to: a.csv is there already; --force writes over it" in capsys.readouterr().err


def test_no_texts_where_nothing_else_is_left_is_told_as_such(in_a_folder, capsys):
    open_reviews(60, "--validation", "5")
    ask("a.csv", "--count", "0")
    assert main(["ask", "posts", "--count", "0", "--to", "b.csv", "--more"]) == 2
    assert "count: no random sample and no tie is left to ask for, and the count is 0" in capsys.readouterr().err
