"""Makes the pool of a campaign out of the texts of a file: ids, repeats, and random validation and test samples."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import torch

from alft.campaign.folder import Pool
from alft.selection.seeds import generator


@dataclass(frozen=True)
class Samples:
    """Sizes of the random samples that are never trained on, and the seed of their draw."""

    validation: int
    test: int = 0
    seed: int = 0


def ids_of(texts: Sequence[str]) -> list[str]:
    """Ids of texts: ``t`` and 16 hexadecimal digits of the SHA-256 of the text in NFC; repeats have ``-2``, ``-3`` after it.

    The letter keeps spreadsheets from reading an id as a number.

    >>> ids_of(["a", "b", "a"])
    ['tca978112ca1bbdca', 't3e23e8160039594a', 'tca978112ca1bbdca-2']
    """
    times: Counter[str] = Counter()
    ids = []
    for text in texts:
        digest = sha256(unicodedata.normalize("NFC", text).encode("utf-8", errors="surrogatepass")).hexdigest()[:16]
        times[digest] += 1
        ids.append(f"t{digest}" if times[digest] == 1 else f"t{digest}-{times[digest]}")
    return ids


def make_pool(texts: Sequence[str], labels: Sequence[str | None], samples: Samples) -> Pool:
    """Assign ids and splits. A label of a repeated text counts for the first of the rows if that has none.

    Raises:
        ValueError: The samples leave no text to train on.
    """
    ids, given = ids_of(texts), list(labels)
    splits = ["train" if text.strip() else "blank" for text in texts]
    first = {text_id: row for row, text_id in enumerate(ids)}
    for row, text_id in enumerate(ids):
        if "-" in text_id and splits[row] == "train":
            splits[row], origin = "repeated", first[text_id.partition("-")[0]]
            given[origin] = given[origin] if given[origin] is not None else given[row]
    _draw(splits, samples)
    return Pool(ids, list(texts), given, splits)


def _draw(splits: list[str], samples: Samples) -> None:
    """Move random rows from train to validation and test."""
    rows = torch.tensor([row for row, split in enumerate(splits) if split == "train"], dtype=torch.int64)
    if samples.validation + samples.test > len(rows) - 2:
        raise ValueError(
            f"validation and test must leave at least 2 of the {len(rows)} different texts to train on, "
            f"got {samples.validation} and {samples.test}"
        )
    order = rows[torch.randperm(len(rows), generator=generator(samples.seed, "campaign samples"))].tolist()
    for position, row in enumerate(order[: samples.validation + samples.test]):
        splits[row] = "validation" if position < samples.validation else "test"
