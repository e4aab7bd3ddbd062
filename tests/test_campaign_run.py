"""Campaigns from end to end: open, ask, take, fit, ask again, status."""

import json
import re
from collections import Counter
from pathlib import Path

from alft.campaign.events import AskedEvent
from alft.cli.main import main

from .campaign_material import ask, fill, open_reviews, posts
from .conftest import SHARED, needs_shared, summary_of


def status() -> dict:
    from contextlib import redirect_stdout
    from io import StringIO

    shown = StringIO()
    with redirect_stdout(shown):
        assert main(["status", "posts", "--format", "json"]) == 0
    return json.loads(shown.getvalue())


def test_a_campaign_from_texts_to_a_model_that_asks(fit, capsys):
    script = open_reviews(120, "--validation", "20", "--test", "10", "--model.backbone", "tiny-bert", "--data.max_length", "32")
    ids = ask("ask.csv", "--count", "30")
    assert "TypiClust" in capsys.readouterr().out
    campaign = posts()
    assert [event.purpose for event in campaign.state.asked] == ["validation", "test", "train"]
    skipped, left = set(ids[-2:]), set(ids[-5:-2])
    fill("ask.csv", lambda i: "skip" if i in skipped else "" if i in left else script[i])
    assert main(["take", "posts", "ask.csv"]) == 0
    assert "recorded: 55 labels, 2 skips" in capsys.readouterr().out
    run = fit("--data.source", "posts")
    summary = summary_of(run)
    assert (summary["labels"]["pool"], summary["labels"]["unlabelled"]) == (25, 0)
    assert sum(summary["test"]["predicted"].values()) == 10
    second = ask("more.csv", "--count", "10")
    told = capsys.readouterr().out
    assert "Entropy of runs/tiny/version_0" in told
    assert "not seen 0 labels" in told
    assert len(second) == 10
    assert not set(second) & set(ids)
    newest = posts().state.asked[-1]
    assert (newest.round, newest.policy, newest.model) == (1, "Entropy", "runs/tiny/version_0/checkpoints/last.ckpt")
    assert list(newest.scores) == sorted(newest.scores, reverse=True)
    assert set(newest.clusters) <= set(range(4))
    Path("random.yaml").write_text("active: {acquire: {class_path: Random}, cluster: {class_path: Whole}}")
    fill("more.csv", lambda i: script[i])
    assert main(["take", "posts", "more.csv"]) == 0
    capsys.readouterr()
    assert not set(ask("third.csv", "--count", "10", "--config", "random.yaml")) & {*ids, *second}
    assert "Random of runs/tiny/version_0, which has not seen 10 labels" in " ".join(capsys.readouterr().out.split())
    found = status()
    assert [(r["asked"], r["answered"], r["skipped"], r["open"]) for r in found["rounds"]] == [
        (60, 55, 2, 3),
        (10, 10, 0, 0),
        (10, 0, 0, 10),
    ]
    assert found["labels"]["train"] == dict(Counter(script[i] for i in [*ids[30:], *second] if i not in skipped | left))
    assert found["fits"] == [
        {"run": str(run.relative_to(Path.cwd())), "labels": 25, "val_f1_macro": summary["validation"]["f1_macro"]}
    ]
    assert main(["status", "posts"]) == 0
    path = run / "config.yaml"
    path.write_text(re.sub(r"class_path: \S*Entropy", "class_path: theirs.Evil", path.read_text()))
    capsys.readouterr()
    assert main(["ask", "posts", "--to", "fourth.csv", "--more"]) == 2
    assert "names the class 'theirs.Evil', which is not alft's and is not run unasked" in capsys.readouterr().err


def test_validation_and_test_texts_are_never_trained_on_nor_chosen(workplace):
    open_reviews(60, "--validation", "10", "--test", "5")
    ask("a.csv", "--count", "45")
    campaign = posts()
    held = {campaign.pool.ids[row] for split in ("validation", "test") for row in campaign.pool.rows_of(split)}
    chosen = {i for event in campaign.state.asked if event.purpose == "train" for i in event.ids}
    assert len(held) == 15
    assert len(chosen) == 45
    assert not held & chosen


def test_asking_twice_gives_the_same_rows_until_there_is_an_answer(in_a_folder, capsys):
    script = open_reviews(80, "--validation", "10")
    first = ask("a.csv", "--count", "8")
    size = Path("posts/journal.jsonl").stat().st_size
    assert ask("a.csv", "--count", "30") == first  # the same file, the same content
    assert ask("b.csv") == first
    assert Path("posts/journal.jsonl").stat().st_size == size
    more = ask("c.csv", "--count", "8", "--more")
    assert len(more) == 8
    assert not set(more) & set(first)
    assert ask("d.csv") == more
    fill("c.csv", lambda i: script[i] if i == more[0] else "")
    assert main(["take", "posts", "c.csv"]) == 0
    third = ask("e.csv", "--count", "8")
    assert not set(third) & {*first, *more}
    assert posts().state.newest_round == 2


def test_a_file_that_may_hold_answers_is_not_written_over(in_a_folder, capsys):
    script = open_reviews(60, "--validation", "10")
    ask("a.csv", "--count", "8")
    fill("a.csv", lambda i: script[i])
    assert main(["ask", "posts", "--to", "a.csv"]) == 2
    assert "a.csv is there already; --force writes over it" in capsys.readouterr().err
    assert len(posts().state.asked) == 2, "nothing was asked"


def test_a_closed_round_is_asked_again_and_its_late_answers_count(in_a_folder, capsys):
    script = open_reviews(40, "--validation", "5")
    first = ask("a.csv", "--count", "35")
    assert main(["ask", "posts", "--to", "b.csv", "--more"]) == 2
    assert "has been asked or has a label; close gives up open rounds" in capsys.readouterr().err
    assert main(["close", "posts"]) == 0
    assert "40 texts without an answer may be asked again" in capsys.readouterr().out
    assert main(["close", "posts"]) == 2
    assert "no round of posts is open" in capsys.readouterr().err
    assert set(ask("b.csv", "--count", "35")) == set(first)
    fill("a.csv", lambda i: script[i])
    assert main(["take", "posts", "a.csv"]) == 0
    assert Counter(found.standing for found in posts().state.resolutions.values()) == {"resolved": 40}


def test_without_a_random_sample_a_fit_says_so(fit, capsys):
    script = open_reviews(60, "--validation", "0")
    ask("a.csv", "--count", "40")
    fill("a.csv", lambda i: script[i])
    assert main(["take", "posts", "a.csv"]) == 0
    assert summary_of(fit("--data.source", "posts"))["labels"]["pool"] == 36
    assert "the campaign has no random validation sample" in capsys.readouterr().out


def test_labels_of_the_source_are_trained_on_and_not_asked(in_a_folder, capsys):
    rows = [f'"text number {n}",{("pos", "neg")[n % 2] if n < 6 else ""}' for n in range(30)]
    Path("posts.csv").write_text("\n".join(["text,label", *rows, '"text number 20",pos', '" ",']) + "\n")
    assert main(["open", "posts.csv", "--classes", "neg,pos", "--campaign", "posts", "--validation", "10"]) == 0
    told = capsys.readouterr().out
    assert "32 texts, 8 of them with a label; never asked: 1 repeated, 1 blank" in told
    pool = posts().pool
    asked = ask("a.csv", "--count", "100")
    assert set(asked) == {
        i
        for i, label, split in zip(pool.ids, pool.labels, pool.splits, strict=True)
        if label is None and split in ("train", "validation")
    }
    assert pool.labels[20] == "pos", "the label of the repeat"


@needs_shared
def test_a_real_encoder_covers_real_texts_first(in_a_folder, capsys):
    import pandas as pd

    found = pd.read_csv(SHARED / "data" / "maltese" / "train.csv").head(120)
    found[["text"]].to_csv("posts.csv", index=False)
    small = ["--model.backbone", str(SHARED / "models" / "e5-small-cut"), "--data.max_length", "16"]
    assert (
        main(["open", "posts.csv", "--classes", "negative,positive", "--campaign", "posts", "--validation", "20", *small]) == 0
    )
    assert len(ask("a.csv", "--count", "10")) == 30
    (event,) = [event for event in posts().state.asked if isinstance(event, AskedEvent) and event.purpose == "train"]
    assert event.policy == "TypiClust"
    assert len(set(event.scores)) == 10
