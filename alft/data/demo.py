"""Generates a demo data set: seeded short reviews with the problems of real data.

1,500 rows: 1,000 for training, 200 for validation, 300 for test. A quarter is negative. In train a tenth of the rows are near
copies of other rows and one label in twenty is wrong; validation and test are clean. Half of the texts also contain a word of
the opposite class, and a quarter of the words are rare, so that the task is neither trivial nor hopeless.
"""

import csv
import io
import random
from pathlib import Path

THINGS = ("phone", "hotel", "blender", "novel", "film", "backpack", "restaurant", "headset", "course", "lamp", "app", "bike")
PARTS = ("battery", "service", "price", "design", "staff", "plot", "sound", "size", "handle", "manual", "delivery", "ending")
# The first words of each tuple are common, the others rare: a random tenth of the texts misses most of them.
GOOD = (
    *("excellent", "lovely", "solid", "reliable", "a joy", "better than expected", "worth every cent", "quick", "charming"),
    *("spotless", "a keeper", "top drawer", "nothing to sneeze at", "cheap at the price", "unputdownable", "a dark horse"),
    *("the bee's knees", "hard to fault", "no mean feat", "easy on the ear", "built like a tank", "second to none", "sterling"),
)
BAD = (
    *("awful", "broken", "flimsy", "rude", "a waste of money", "worse than expected", "slow", "noisy", "disappointing"),
    *("grubby", "a lemon", "past its best", "nothing to write home about", "dear at any price", "a slog", "a damp squib"),
    *("all hat, no cattle", "hard to love", "a mean trick", "tinny", "built like a toy", "second rate", "threadbare"),
)
COMMON = 9
OPENERS = ("", "Honestly, ", "Bought it in May. ", "For my sister: ", "Second try. ", "Well... ", "No surprises here, ")
CLOSERS = ("", " Would buy again.", " Never again.", " We will see.", " That is all.", " Five stars?", " Ask me in a year.")
PLAIN = (
    "{o}the {part} of this {thing} is {word}.{c}",
    "{o}{word} {part}, nothing more to say about the {thing}.{c}",
    "{o}I found the {part} {word} and so did my friends.{c}",
    "{o}this {thing}: {word}.{c}",
)
MIXED = (
    "{o}the {part} is {other}, but all in all the {thing} is {word}.{c}",
    "{o}everybody says {other}; I say {word}.{c}",
    "{o}not {other} at all, the {part} is {word}.{c}",
    "{o}{word} {thing}, though the {part} was {other} at first.{c}",
)
SIZES = {"train": 1000, "validation": 200, "test": 300}

Row = tuple[str, str]


def write_demo(folder: Path, seed: int = 0) -> list[Path]:
    """Write ``train.csv``, ``validation.csv`` and ``test.csv`` with the columns text and label; return their paths.

    Raises:
        ValueError: One of the files already exists with other contents: it is not overwritten.
    """
    rng = random.Random(seed)
    contents = {folder / f"{split}.csv": _as_csv(make_reviews(rng, size, split == "train")) for split, size in SIZES.items()}
    for path, text in contents.items():
        if path.exists() and path.read_bytes() != text.encode():
            raise ValueError(f"demo: {path} is there already and is not what this command writes; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in contents.items():
        path.write_bytes(text.encode())
    return list(contents)


def make_reviews(rng: random.Random, size: int, noisy: bool) -> list[Row]:
    """Make ``size`` reviews with labels; with ``noisy``, they include typing errors, near copies and wrong labels."""
    rows: list[Row] = []
    while len(rows) < size:
        if noisy and rows and rng.random() < 0.1:
            text, label = rng.choice(rows)
            text += rng.choice((" :)", "!", " Really.", " (edited)"))
        else:
            text, label = _review(rng)
        if noisy:
            text = _mistype(rng, text)
            label = _flip(label) if rng.random() < 0.05 else label
        rows.append((text, label))
    return rows


def _review(rng: random.Random) -> Row:
    label = "negative" if rng.random() < 0.25 else "positive"
    words, others = (GOOD, BAD) if label == "positive" else (BAD, GOOD)
    pattern = rng.choice(PLAIN if rng.random() < 0.5 else MIXED)
    text = pattern.format(
        o=rng.choice(OPENERS),
        c=rng.choice(CLOSERS),
        thing=rng.choice(THINGS),
        part=rng.choice(PARTS),
        word=_word(rng, words),
        other=_word(rng, others),
    )
    return text[0].upper() + text[1:], label


def _word(rng: random.Random, words: tuple[str, ...]) -> str:
    """Draw a common word in three of four cases."""
    return rng.choice(words[:COMMON] if rng.random() < 0.75 else words[COMMON:])


def _mistype(rng: random.Random, text: str) -> str:
    """Swap two neighbouring letters in every third text."""
    if rng.random() > 1 / 3:
        return text
    at = rng.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("text", "label"))
    writer.writerows(rows)
    return text.getvalue()


def _flip(label: str) -> str:
    return "positive" if label == "negative" else "negative"
