"""Shared by the tests of tags: sentences with names in them, and runs on them."""

import json
import random
from pathlib import Path

from alft.cli.main import main
from alft.data.demo import make_reviews

from .resuming import runs

TAGS = ["fit", "--config", "configs/tiny.yaml", "--data.source", "tagged", "--data.task", "tags", "--data.max_length", "24"]
WINDOW = ["--model.head", "Window", "--model.head_start", "probe"]
NAMES = {"PER": ["Anna", "Karl Maria", "Olga"], "LOC": ["Praha", "Bratislava", "New York"]}


def tagged(rng, text):
    """Words of a review with names between them, and their tags."""
    words, tags = [], []
    for word in text.split()[:12]:
        words.append(word)
        tags.append("O")
        if rng.random() < 0.2:
            kind = rng.choice(sorted(NAMES))
            name = rng.choice(NAMES[kind]).split()
            words += name
            tags += [f"B-{kind}", *[f"I-{kind}"] * (len(name) - 1)]
    return {"tokens": words, "tags": tags}


def write_lines(path, rows):
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n")


def read_lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def write_sentences(folder):
    """A train, a validation and a test file."""
    folder.mkdir()
    rng = random.Random(1)
    for split, size in {"train": 64, "validation": 24, "test": 24}.items():
        write_lines(folder / f"{split}.jsonl", [tagged(rng, text) for text, _ in make_reviews(rng, size, noisy=False)])


def finished_run(workplace, *more):
    assert main([*TAGS, *more]) == 0
    return runs(workplace)[-1]
