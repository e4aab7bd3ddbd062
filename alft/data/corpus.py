"""Builds the pool, the validation set and the test set: cleaning, label names, splits and limits (method.md 2 and 9).

All random draws here use ``data.seed``, never the seed of the run: all runs of a study share one pool and one fingerprint.
Apart from the controls (:mod:`alft.controls`), this is the only place that reads all train labels.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import torch
from torch import Tensor

from alft.data.annotated import Annotated, read_annotated
from alft.data.folds import Fold, FoldsOf, check_folds, digest_of_cut, take_fold
from alft.data.oddities import dubious_names, essence, look_alikes, not_learnable, texts_without_words
from alft.data.rows import Rows, stratified
from alft.data.sources import Source, read_source
from alft.system.excerpt import excerpt, listed
from alft.task.base import Label, Task, Written
from alft.task.known import DEFAULT, task_class
from alft.task.labels import missing_numbers
from alft.task.sentences import words_in


@dataclass(frozen=True)
class Corpus:
    """The data of a run.

    ``blank`` counts the train rows dropped because their text was blank; ``text_column`` is the column of the texts;
    ``remarks`` say what is dubious about the data; ``fold`` is the fold that is the test set; ``task_name`` is the setting
    ``data.task``.
    """

    pool: Rows
    validation: Rows
    test: Rows | None
    label_names: list[str]
    blank: int
    text_column: str = "text"
    remarks: list[str] = field(default_factory=list)
    fold: Fold | None = None
    task_name: str = DEFAULT

    @property
    def task(self) -> Task:
        """The prediction task."""
        return task_class(self.task_name)(self.label_names)

    @property
    def words_N(self) -> Tensor | None:
        """Words of each pool row that somebody tags; None where texts have labels."""
        return torch.tensor([len(words_in(text)) for text in self.pool.texts]) if self.task.unit == "word" else None

    @property
    def fingerprint(self) -> str:
        """Hash of pool texts in order, evaluation texts with labels, and label names; excludes pool labels."""
        parts = [self.label_names, self.pool.texts, self.validation.texts, self.validation.labels]
        if self.test is not None:
            parts += [self.test.texts, self.test.labels]
        return sha256(repr(parts).encode(errors="surrogatepass")).hexdigest()[:16]

    @property
    def pool_labels(self) -> str:
        """Digest of all pool labels: for the summary, which is written when nothing is selected any more."""
        return sha256(repr(self.pool.labels).encode()).hexdigest()[:16]

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
        if self.fold is not None:
            test += f" ({self.fold.describe()})"
        unlabelled = len(self.pool) - len(self.pool.labelled)
        return (
            f"data: pool of {len(self.pool)} rows ({unlabelled} without a label; {self.blank} blank ones dropped), "
            f"{len(self.validation)} validation rows, {test}; labels: {listed(self.label_names, width=1000)}"
        )


def load_corpus(
    source: str,
    text_column: str | None = None,
    label_column: str | None = None,
    subset: str | None = None,
    quotes: bool = True,
    limit: int | None = None,
    limit_validation: int | None = None,
    folds: int | None = None,
    fold: int | None = None,
    folds_of: FoldsOf = "training",
    seed: int = 0,
    task: str = DEFAULT,
) -> Corpus:
    """Read, clean, split and limit the data. The arguments are the settings ``data.*``, with these defaults.

    Args:
        source: Location of the data: a folder with train, validation (or dev) and test files; one file, which is split
            80/10/10; a folder written by ``save_to_disk``; or a hub data set id or a downloaded copy of one. Files are CSV,
            TSV, JSONL, JSON, Parquet, or CoNLL.
        text_column: Column with the texts; by default the first of text, sentence, review, content, tweet, ... that exists.
        label_column: Column with the labels; by default the first of label, labels, sentiment, class, ... that exists.
            A train row whose label is empty stays in the pool as an unlabelled row.
        subset: Name of one subset, such as a language, of a hub data set or a downloaded copy that has several.
        quotes: Whether double quotes delimit cells of CSV and TSV files; false reads them as ordinary characters.
        folds: Cut all labelled train and validation rows into this many stratified folds, to choose settings by; the source's
            own test set is then not used. null for the source's own sets.
        fold: The fold that is the test set, counted from 0; the validation set is drawn from the other rows.
        folds_of: all cuts the rows of the source's test set as well, for a verdict over all labelled rows. Settings chosen on
            such folds have seen the test set.
        limit: Use at most this many train rows, stratified by label; null for all.
        limit_validation: The same for validation rows.
        seed: Seed of split, folds and limit only, so that runs with different ``seed_everything`` share one pool.
        task: What a text is given: one class (``single``), any number of them (``multi``), or one for each word (``tags``); or
            the import path of a task of your own.

    Raises:
        ValueError: The data cannot be used; the message names the setting, the place and the reason.
    """
    check_folds(folds, fold, folds_of)
    kind = task_class(task)
    found = read_source(source, subset, quotes)
    if found.task not in (None, task):
        raise ValueError(
            f"data.task: the labels of {source} are for the task {found.task}, got {task}; add --data.task {found.task}"
        )
    annotated, remarks = _read_splits(found, text_column, label_column, kind)
    train = annotated["train"]
    classes = {split: _class_names(rows, kind) for split, rows in annotated.items()}
    everywhere = set().union(*classes.values())
    absent = missing_numbers(classes["train"] | (everywhere & {"-1"})) if found.classes is None else set()
    names = kind.in_order(classes["train"] - absent, train.feature) if found.classes is None else found.classes
    using = kind(names)
    rows = {split: _encode(rows, using, absent) for split, rows in annotated.items()}
    cleaned = {split: _without_blank(r) for split, r in rows.items()}
    if not cleaned["train"].texts:
        raise ValueError(f"data.source: {source} has no text left to train on: all {len(rows['train'])} rows are blank")
    _check(cleaned["train"], using, "the train set has")
    pool, validation, test = _split(cleaned, found.whole, seed, using)
    cut = None
    if folds is not None and fold is not None:
        held, more = validation.take(validation.labelled), test.take(test.labelled) if test and folds_of == "all" else None
        cut = Fold(fold, folds, digest_of_cut(pool, held, more, seed, limit, limit_validation), folds_of)
        pool, validation, test = take_fold(pool, held, folds, fold, seed, using, more)
    validation = _labelled_only(validation, limit_validation, "limit_validation", seed, using)
    test = _labelled_only(test, None, "test", seed, using) if test is not None else None
    pool = pool.take(stratified(using.strata(pool.labels), _at_most(limit, pool, "limit"), seed, "limit", least=1))
    if not len(validation):
        raise ValueError(f"data.source: {source} has no labelled row for the validation set; add a file of them, or more rows")
    _check(pool, using, "after the split the pool has" if limit is None else f"with data.limit {limit} the pool has")
    blank = len(rows["train"]) - len(cleaned["train"])
    remarks += [*_on_missing(annotated, absent, using), *look_alikes(names), *dubious_names(names)]
    remarks += [f"not used: the test set of {source} has no labelled row"] if test is not None and not len(test) else []
    numbers = [number for label in pool.labels for number in using.counted_in(label)]
    remarks += [*not_learnable(using.counted_names, numbers), *texts_without_words(pool.texts, train.text_column)]
    return Corpus(pool, validation, test if test else None, names, blank, train.text_column, remarks, cut, task)


def _read_splits(
    found: Source, text_column: str | None, label_column: str | None, kind: type[Task]
) -> tuple[dict[str, Annotated], list[str]]:
    """The splits with labels, and the remarks on all of them."""
    annotated, remarks = {}, list(found.remarks)
    for split, table in found.splits.items():
        rows = read_annotated(table, split, text_column, label_column, kind)
        if rows is None:
            remarks.append(f"not used: {table.place} has no column of labels, so it is no {split} set")
        else:
            annotated[split] = rows
            remarks += rows.remarks
    return annotated, remarks


def _class_names(rows: Annotated, kind: type[Task]) -> set[str]:
    return {name for written in rows.names if written is not None for name in kind.names_in(written)}


def _on_missing(annotated: Mapping[str, Annotated], absent: set[str], task: Task) -> list[str]:
    """A remark on rows whose label is a number that means no label."""
    counts = {split: sum(_is_absent(name, absent, task) for name in rows.names) for split, rows in annotated.items()}
    shown = ", ".join(f"{count} {split} rows" for split, count in counts.items() if count)
    beside = f"beside the classes {listed(task.label_names, width=40)}"
    return [f"the label -1 of {shown} means no label {beside}; write classes as words if it is one"] if shown else []


def _is_absent(written: Written | None, absent: set[str], task: Task) -> bool:
    return written is not None and not absent.isdisjoint(task.names_in(written))


def _encode(rows: Annotated, task: Task, absent: set[str]) -> Rows:
    known = {*absent, *task.label_names}
    for row, written in enumerate(rows.names):
        for name in () if written is None else task.names_in(written):
            if name in known:
                continue
            alike = [label for label in task.label_names if essence(label) == essence(name)]
            mend = f"did you mean {alike[0]!a}?" if alike else "add rows with it to the train set, or remove it"
            raise ValueError(
                f"data.source: {rows.place} has the label {excerpt(name)} ({rows.where(row)}), which the train set does not "
                f"have (it has {listed(task.label_names)}); {mend}"
            )
    return Rows(rows.texts, [task.encode(None if _is_absent(name, absent, task) else name) for name in rows.names])


def _without_blank(rows: Rows) -> Rows:
    return rows.take([row for row, text in enumerate(rows.texts) if text.strip()])


def _split(rows: dict[str, Rows], whole: bool, seed: int, task: Task) -> tuple[Rows, Rows, Rows | None]:
    """One file: 80/10/10. A source without a validation set: 10 % of train. Shares refer to labelled rows."""
    pool, test = rows["train"], rows.get("test")
    tenth = max(1, math.floor(0.1 * len(pool.labelled) + 0.5))
    if whole:
        test, pool = _draw(pool, tenth, seed, "test", task)
    if "validation" in rows:
        return pool, rows["validation"], test
    validation, pool = _draw(pool, tenth, seed, "validation", task)
    return pool, validation, test


def _draw(rows: Rows, count: int, seed: int, purpose: str, task: Task) -> tuple[Rows, Rows]:
    """Draw labelled rows, stratified, but not the last one of a class; return them and the remaining rows."""
    labelled = rows.labelled
    drawn = stratified(task.strata([rows.labels[row] for row in labelled]), min(count, len(labelled)), seed, purpose, left=1)
    taken = {labelled[position] for position in drawn}
    return rows.take(sorted(taken)), rows.take([row for row in range(len(rows)) if row not in taken])


def _labelled_only(rows: Rows, limit: int | None, setting: str, seed: int, task: Task) -> Rows:
    labelled = rows.take(rows.labelled)  # an unlabelled row cannot be evaluated
    return labelled.take(stratified(task.strata(labelled.labels), _at_most(limit, labelled, setting), seed, setting))


def _at_most(limit: int | None, rows: Rows, setting: str) -> int:
    if limit is not None and limit < 1:
        raise ValueError(f"data.{setting} must be at least 1, got {limit}")
    return len(rows) if limit is None else min(limit, len(rows))


def _check(rows: Rows, task: Task, who: str) -> None:
    classes: set[Label] = {rows.labels[row] for row in rows.labelled}
    if not classes:
        raise ValueError(f"data.source: {who} no row with a label; two classes are needed")
    if len(classes) == 1 and task.unit == "text":  # of words each has a class, and a task of words refuses a single one
        raise ValueError(f"data.source: {who} only one class, {task.in_words(classes.pop())!r}; two are needed")
