"""Builds the pool, the validation set and the test set: cleaning, label names, splits and limits (method.md 2 and 9).

All random draws here use ``data.seed``, never the seed of the run: all runs of a study share one pool and one fingerprint.
Apart from the controls (:mod:`alft.fit.controls`), this is the only place that reads all train labels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import torch

from alft.data.files import Table
from alft.data.labels import LABEL_NAMES, TEXT_NAMES, as_names, as_text, find_column, in_order
from alft.data.sources import read_source
from alft.selection.allocation import apportion
from alft.selection.seeds import generator
from alft.task.base import UNLABELLED, Task
from alft.task.single_label import SingleLabel


@dataclass(frozen=True)
class Rows:
    """Texts and their labels, as indices into the label names; -1 means no label."""

    texts: list[str]
    labels: list[int]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> "Rows":
        """The given rows, in the given order."""
        return Rows([self.texts[row] for row in rows], [self.labels[row] for row in rows])

    @property
    def labelled(self) -> list[int]:
        """Row numbers of the rows with a label."""
        return [row for row, label in enumerate(self.labels) if label != UNLABELLED]


@dataclass(frozen=True)
class Corpus:
    """The data of a run.

    ``blank`` counts the train rows dropped because their text was blank; ``text_column`` is the column of the texts.
    """

    pool: Rows
    validation: Rows
    test: Rows | None
    label_names: list[str]
    blank: int
    text_column: str = "text"

    @property
    def task(self) -> Task:
        """The prediction task."""
        return SingleLabel(self.label_names)

    @property
    def fingerprint(self) -> str:
        """Hash of pool texts in order, evaluation texts with labels, and label names; excludes pool labels."""
        parts = [self.label_names, self.pool.texts, self.validation.texts, self.validation.labels]
        if self.test is not None:
            parts += [self.test.texts, self.test.labels]
        return sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:16]

    @property
    def repeated(self) -> dict[str, int]:
        """Number of validation texts also in the pool, and of test texts in either: data leakage into the scores."""
        pool, validation = set(self.pool.texts), set(self.validation.texts)
        test = self.test.texts if self.test is not None else []
        return {
            "validation": sum(text in pool for text in self.validation.texts),
            "test": sum(text in pool or text in validation for text in test),
        }

    def describe(self) -> str:
        """One line for the user, without the label counts of the pool, since those labels are not bought yet."""
        test = f"{len(self.test)} test rows" if self.test is not None else "no test set"
        unlabelled = len(self.pool) - len(self.pool.labelled)
        return (
            f"data: pool of {len(self.pool)} rows ({unlabelled} without a label; {self.blank} blank ones dropped), "
            f"{len(self.validation)} validation rows, {test}; labels: {', '.join(self.label_names)}"
        )


def load_corpus(
    source: str,
    text_column: str | None = None,
    label_column: str | None = None,
    limit: int | None = None,
    limit_validation: int | None = None,
    seed: int = 0,
) -> Corpus:
    """Read, clean, split and limit the data. The arguments are the settings ``data.*``, with these defaults.

    Args:
        source: Location of the data: a folder with train, validation (or dev) and test files; one file, which is split
            80/10/10; or a hub data set id. Files are CSV, TSV, JSONL or Parquet.
        text_column: Column with the texts; by default the first of text, sentence, review, content, tweet, ... that exists.
        label_column: Column with the labels; by default the first of label, labels, sentiment, class, ... that exists.
            A train row whose label is empty stays in the pool as an unlabelled row.
        limit: Use at most this many train rows, stratified by label; null for all.
        limit_validation: The same for validation rows.
        seed: Seed of split and limit only, so that runs with different ``seed_everything`` share one pool.

    Raises:
        ValueError: The data cannot be used; the message names the setting, the place and the reason.
    """
    splits, one_file = read_source(source)
    train = splits["train"]
    feature = train.features.get(find_column(label_column, LABEL_NAMES, list(train.columns), "data.label_column"))
    named = {split: _texts_and_names(table, text_column, label_column) for split, table in splits.items()}
    names = in_order({name for name in named["train"][1] if name is not None}, feature)
    rows = {split: _encode(texts, labels, names, split) for split, (texts, labels) in named.items()}
    cleaned = {split: _without_blank(r) for split, r in rows.items()}
    if not cleaned["train"].texts:
        raise ValueError(f"data.source: {source} has no text left to train on: all {len(rows['train'])} rows are blank")
    _check(cleaned["train"], names, "the train set has")
    pool, validation, test = _split(cleaned, one_file, seed)
    validation = _labelled_only(validation, limit_validation, "limit_validation", seed)
    test = _labelled_only(test, None, "test", seed) if test is not None else None
    pool = pool.take(stratified(pool.labels, _at_most(limit, pool, "limit"), seed, "limit"))
    if not len(validation):
        raise ValueError("data.source: the validation set has no labelled row")
    _check(pool, names, "after the split the pool has" if limit is None else f"with data.limit {limit} the pool has")
    blank = len(rows["train"]) - len(cleaned["train"])
    column = find_column(text_column, TEXT_NAMES, list(train.columns), "data.text_column")
    return Corpus(pool, validation, test if test else None, names, blank, column)


def stratified(labels: Sequence[int], count: int, seed: int, purpose: str) -> list[int]:
    """Draw ``count`` row numbers at random, ascending, stratified by label (rows without a label form a stratum too).

    >>> stratified([0, 0, 0, 0, 1, 1], count=3, seed=0, purpose="doctest")
    [0, 1, 4]
    """
    strata = sorted(set(labels))
    members = [[row for row, label in enumerate(labels) if label == stratum] for stratum in strata]
    sizes = [len(rows) for rows in members]
    random = generator(seed, purpose)
    drawn = []
    for rows, quota in zip(members, apportion(count, [float(size) for size in sizes], sizes), strict=True):
        drawn += [rows[i] for i in torch.randperm(len(rows), generator=random)[:quota].tolist()]
    return sorted(drawn)


def _texts_and_names(table: Table, text_column: str | None, label_column: str | None) -> tuple[list[str], list[str | None]]:
    text = find_column(text_column, TEXT_NAMES, list(table.columns), "data.text_column")
    label = find_column(label_column, LABEL_NAMES, list(table.columns), "data.label_column")
    if text == label:
        raise ValueError(f"data.text_column and data.label_column must differ, both are {text!r}")
    texts = [as_text(value) for value in table.columns[text]]
    names = as_names(table.columns[label], table.features.get(label))
    # A blank row will be dropped: its label does not define a class.
    return texts, [name if text.strip() else None for text, name in zip(texts, names, strict=True)]


def _encode(texts: list[str], names: list[str | None], label_names: list[str], split: str) -> Rows:
    task, known = SingleLabel(label_names), {None, *label_names}
    for row, name in enumerate(names):
        if name not in known:
            raise ValueError(
                f"data.source: the {split} set has the label {name!r} (row {row}), which the train set does not have "
                f"(it has {', '.join(label_names)})"
            )
    return Rows(texts, [task.encode(name) for name in names])


def _without_blank(rows: Rows) -> Rows:
    return rows.take([row for row, text in enumerate(rows.texts) if text.strip()])


def _split(rows: dict[str, Rows], one_file: bool, seed: int) -> tuple[Rows, Rows, Rows | None]:
    """One file: 80/10/10. A folder or hub id without a validation set: 10 % of train. Shares refer to labelled rows."""
    pool, test = rows["train"], rows.get("test")
    tenth = max(1, math.floor(0.1 * len(pool.labelled) + 0.5))
    if one_file:
        test, pool = _draw(pool, tenth, seed, "test")
    if "validation" in rows:
        return pool, rows["validation"], test
    validation, pool = _draw(pool, tenth, seed, "validation")
    return pool, validation, test


def _draw(rows: Rows, count: int, seed: int, purpose: str) -> tuple[Rows, Rows]:
    """Draw labelled rows, stratified; return them and the remaining rows."""
    labelled = rows.labelled
    drawn = stratified([rows.labels[row] for row in labelled], min(count, len(labelled)), seed, purpose)
    taken = {labelled[position] for position in drawn}
    return rows.take(sorted(taken)), rows.take([row for row in range(len(rows)) if row not in taken])


def _labelled_only(rows: Rows, limit: int | None, setting: str, seed: int) -> Rows:
    labelled = rows.take(rows.labelled)  # an unlabelled row cannot be evaluated
    return labelled.take(stratified(labelled.labels, _at_most(limit, labelled, setting), seed, setting))


def _at_most(limit: int | None, rows: Rows, setting: str) -> int:
    if limit is not None and limit < 1:
        raise ValueError(f"data.{setting} must be at least 1, got {limit}")
    return len(rows) if limit is None else min(limit, len(rows))


def _check(rows: Rows, names: list[str], who: str) -> None:
    classes = {rows.labels[row] for row in rows.labelled}
    if not classes:
        raise ValueError(f"data.source: {who} no row with a label; two classes are needed")
    if len(classes) == 1:
        raise ValueError(f"data.source: {who} only one class, {names[classes.pop()]!r}; two are needed")
