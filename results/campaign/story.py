"""A campaign on the Maltese texts with their labels taken away: rounds of 50 by CSV, with a scripted annotator.

python results/campaign/story.py FOLDER     # campaigns that have ended are not done again
python results/campaign/story.py            # the table: test macro-F1 by round, mean over the seeds

The annotator answers a part of each file, in another order, and skips some texts. Policies are that of ``ask`` and random
asking, with three seeds. Every round's model is measured on the random validation sample and on the test set of the source,
which nothing in the campaign sees. Results go to scores.csv beside this file.
"""

import csv
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import yaml
from torch import tensor
from torchmetrics.functional.classification import multiclass_f1_score

from alft.campaign.folder import read_campaign
from alft.cli.main import main

SOURCE = Path("../shared/data/maltese")
BACKBONE = "../shared/models/e5-small-cut"
RECIPE = "configs/recipes/few.yaml"
CLASSES = ("negative", "positive")
SCORES = Path(__file__).parent / "scores.csv"
SEEDS, ROUNDS, COUNT, VALIDATION = 3, 6, 50, 100
ANSWERED, SKIPPED = 0.8, 0.05
"""Shares of the texts of a file that the annotator answers, and of these without a class."""

ALL = "all labels"
POLICIES = {"of ask": {}, "random": {"acquire": {"class_path": "Random"}}}


def rows_of(split: str) -> list[dict[str, str]]:
    """Rows of a file of the source."""
    with (SOURCE / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Annotator:
    """Answers by the labels of the source, and keeps a book of its own.

    Args:
        seed: Decides what it answers, in which order.
    """

    def __init__(self, seed: int) -> None:
        self.labels = {row["text"]: row["label"] for split in ("train", "validation") for row in rows_of(split)}
        self.random, self.book = random.Random(seed), {}  # noqa: S311  # it is to be repeatable

    def fill(self, path: Path) -> None:
        """Fill in a file as ``ask`` wrote it."""
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if self.random.random() < ANSWERED:
                text = row["text"] if row["text"] in self.labels else row["text"].removeprefix("'")  # a formula's mark
                row["label"] = "skip" if self.random.random() < SKIPPED else self.labels[text]
                self.book[row["id"]] = row["label"]
        self.random.shuffle(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    def audit(self, folder: Path) -> None:
        """Compare the journal with the book: every answer is there once, and nothing else."""
        standing = read_campaign(folder).state.standing
        found = {text_id: [answer.label or "skip" for answer in given.values()] for text_id, given in standing.items() if given}
        assert found == {text_id: [label] for text_id, label in self.book.items()}, "the journal is not what was answered"


def alft(*arguments: object) -> None:
    """Run a command; it must end well."""
    assert main([str(argument) for argument in arguments]) == 0, arguments


def story(folder: Path, policy: str, seed: int) -> Iterator[dict[str, object]]:
    """One campaign; a line of figures after each round."""
    posts, campaign, runs = folder / "posts.csv", folder / "posts", folder / "runs"
    folder.mkdir(parents=True)
    texts = [row["text"] for split in ("train", "validation") for row in rows_of(split)]
    with posts.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])
    settings = {
        "model": {"backbone": BACKBONE},
        "data": {"source": str(campaign)},
        "active": {"budget": {"class_path": "Full"}, "acquire": {"class_path": "Margin"}, "cluster": {"class_path": "Whole"}}
        | POLICIES[policy],
        "trainer": {"default_root_dir": str(runs)},
    }
    config = folder / "posts.yaml"
    config.write_text(yaml.safe_dump(settings))
    opened = ("--classes", ",".join(CLASSES), "--campaign", campaign, "--validation", VALIDATION, "--model.backbone", BACKBONE)
    alft("open", posts, *opened, "--seed", seed)
    annotator = Annotator(seed)
    for number in range(ROUNDS):
        asked = folder / f"ask-{number}.csv"
        alft(
            "ask",
            campaign,
            "--count",
            COUNT,
            "--to",
            asked,
            "--runs",
            runs,
            *(() if policy == "of ask" else ("--config", config)),
        )
        annotator.fill(asked)
        alft("take", campaign, asked, "--annotator", "script")
        annotator.audit(campaign)
        alft("fit", "--config", config, "--config", RECIPE, "--seed_everything", seed, "--controls", "none")
        run = max(runs.rglob("summary.json"), key=lambda path: path.stat().st_mtime).parent
        summary = json.loads((run / "summary.json").read_text())
        yield {
            **{"policy": policy, "seed": seed, "round": number, "labels": summary["labels"]["bought"]},
            **{
                "val_f1_macro": summary["validation"]["f1_macro"],
                "test_f1_macro": test_score(run, folder / f"test-{number}.csv"),
            },
        }


def all_labels(folder: Path, seed: int) -> Iterator[dict[str, object]]:
    """The line of a run on all labels of the source, with its own validation set."""
    settings = ("--data.source", SOURCE, "--model.backbone", BACKBONE, "--active.enabled", "false")
    alft(
        "fit",
        *settings,
        "--config",
        RECIPE,
        "--seed_everything",
        seed,
        "--controls",
        "none",
        "--trainer.default_root_dir",
        folder,
    )
    (summary,) = (json.loads(path.read_text()) for path in folder.rglob("summary.json"))
    scores = {"val_f1_macro": summary["validation"]["f1_macro"], "test_f1_macro": summary["test"]["f1_macro"]}
    yield {"policy": ALL, "seed": seed, "round": 0, "labels": summary["labels"]["bought"], **scores}


def test_score(run: Path, predicted: Path) -> float:
    """Macro-F1 of a run's model on the test set of the source."""
    checkpoint = ("--ckpt_path", run / "checkpoints" / "last.ckpt")
    alft("predict", *checkpoint, "--data.predict", SOURCE / "test.csv", "--output", predicted)
    with predicted.open(encoding="utf-8", newline="") as file:
        found = [CLASSES.index(row["predicted"]) for row in csv.DictReader(file)]
    truth = [CLASSES.index(row["label"]) for row in rows_of("test")]
    return float(multiclass_f1_score(tensor(found), tensor(truth), num_classes=len(CLASSES), average="macro"))


def run(root: Path) -> None:
    """All campaigns that are not in the table yet."""
    lines = list(csv.DictReader(SCORES.read_text(encoding="utf-8").splitlines())) if SCORES.exists() else []
    for seed in range(SEEDS):
        for policy in (ALL, *POLICIES):
            if any(line["policy"] == policy and line["seed"] == str(seed) for line in lines):
                continue
            folder = root / f"{policy.replace(' ', '-')}-{seed}"
            lines += all_labels(folder, seed) if policy == ALL else story(folder, policy, seed)
            with SCORES.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, lines[0].keys())
                writer.writeheader()
                writer.writerows(lines)


def table(lines: list[dict[str, str]]) -> str:
    """Markdown: a line for each round, a column for each policy."""
    names = list(dict.fromkeys(line["policy"] for line in lines if line["policy"] != ALL))
    shown = [f"| round | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for number in range(ROUNDS):
        of = [[line for line in lines if (line["policy"], line["round"]) == (name, str(number))] for name in names]
        cells = [f"{_mean(each, 'test_f1_macro'):.3f} ({_mean(each, 'labels'):.0f} labels)" if each else "-" for each in of]
        shown.append(f"| {number} | {' | '.join(cells)} |")
    every = [line for line in lines if line["policy"] == ALL]
    return "\n".join([*shown, f"\nAll {every[0]['labels']} labels: {_mean(every, 'test_f1_macro'):.3f}"])


def _mean(lines: list[dict[str, str]], column: str) -> float:
    return fmean(float(line[column]) for line in lines)


if __name__ == "__main__":
    if sys.argv[1:]:
        run(Path(sys.argv[1]))
    else:
        print(table(list(csv.DictReader(SCORES.read_text(encoding="utf-8").splitlines()))))
