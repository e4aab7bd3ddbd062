"""A campaign of generated reviews, and an annotator who follows a script."""

import csv
import json
import os
import random
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import yaml

from alft.campaign.answers import Answer
from alft.campaign.events import AnsweredEvent
from alft.campaign.folder import Campaign, read_campaign
from alft.campaign.journal import held
from alft.campaign.opening import ids_of
from alft.cli.main import main
from alft.data.demo import make_reviews

Script = dict[str, str]
"""The true label of each id."""


def write_texts(path: Path, texts: list[str]) -> None:
    """A CSV file with a column of texts."""
    lines = StringIO()
    csv.writer(lines).writerows([["text"], *([text] for text in texts)])
    path.write_text(lines.getvalue(), encoding="utf-8")


def open_reviews(count: int = 120, *more: str) -> Script:
    """Open the campaign ``posts`` of reviews without their labels; return these."""
    reviews = make_reviews(random.Random(3), count, noisy=False)
    write_texts(Path("posts.csv"), [text for text, _ in reviews])
    classes = ",".join(sorted({label for _, label in reviews}))
    assert main(["open", "posts.csv", "--classes", classes, "--campaign", "posts", *more]) == 0
    return dict(zip(ids_of([text for text, _ in reviews]), [label for _, label in reviews], strict=True))


def ask(path: str, *more: str) -> list[str]:
    """Ask; return the ids in the file."""
    assert main(["ask", "posts", "--to", path, "--trainer.enable_progress_bar", "false", *more]) == 0
    return ids_in(path)


def ids_in(path: str) -> list[str]:
    """Ids of a file of questions."""
    return [row["id"] for row in csv.DictReader(StringIO(Path(path).read_text(encoding="utf-8-sig")))]


def fill(path: str, answer: Callable[[str], str], seed: int = 0) -> None:
    """Write answers into a file of questions, its rows in another order."""
    rows = list(csv.DictReader(StringIO(Path(path).read_text(encoding="utf-8-sig"))))
    random.Random(seed).shuffle(rows)
    lines = StringIO()
    writer = csv.DictWriter(lines, ["id", "text", "label", "note"])
    writer.writeheader()
    writer.writerows({**row, "label": answer(row["id"])} for row in rows)
    Path(path).write_text(lines.getvalue(), encoding="utf-8")


def posts() -> Campaign:
    """The campaign as it is now."""
    return read_campaign(Path("posts"))


def finished_fit(number: int, labels: int, f1: float | None, **groups: dict[str, object]) -> Path:
    """A run folder as a finished fit on the campaign ``posts`` leaves it, without a checkpoint.

    ``groups`` are settings of its summary by their group.
    """
    run = Path(f"runs/posts/version_{number}")
    run.mkdir(parents=True)
    blocks = {"data": {"source": "posts"}, "model": {}, "active": {}, "trainer": {}}
    (run / "config.yaml").write_text(yaml.safe_dump(blocks))
    settings = {"data": {}, "model": {"backbone": "some-encoder"}, "training": {"max_epochs": 3}, "selection": {}, **groups}
    summary = {"labels": {"pool": labels}, "validation": {"f1_macro": f1}, "settings": settings}
    (run / "summary.json").write_text(json.dumps(summary))
    os.utime(run / "summary.json", (1e9 + number, 1e9 + number))
    return run


def record(*answers: Answer) -> None:
    """Append answers to the journal of ``posts``."""
    with held(Path("posts")):
        posts().record([AnsweredEvent(answer) for answer in answers])
