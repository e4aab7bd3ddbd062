"""Predicts the labels of new texts: the rows of a file, unchanged, with a prediction added to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from alft.data.annotated import READ
from alft.data.columns import TEXTS, find_column
from alft.data.line_breaks import check_line_breaks
from alft.data.readers.files import read_file
from alft.data.readers.table import Table
from alft.data.tokens import Tokens, load_tokenizer, tokenize
from alft.loop.progress import StageProgressBar
from alft.models.classifier import Classifier
from alft.record.checkpoints import Checkpoint, reading_of
from alft.selection.chunks import CHUNK_TOKENS, make_chunks
from alft.system.visible import formulas
from alft.task.base import Task
from alft.use.output import PREDICTED, write_table
from alft.use.restore import load_classifier


@dataclass(frozen=True)
class Predictor:
    """A trained model and how its texts were read."""

    model: Classifier
    max_length: int
    text_column: str

    @classmethod
    def of(cls, checkpoint: Checkpoint, backbone: str | None = None) -> "Predictor":
        """The predictor in a checkpoint; ``backbone`` is the current location of its pretrained encoder, if it has moved."""
        texts = reading_of(checkpoint)
        return cls(load_classifier(checkpoint, backbone), texts["max_length"], texts["text_column"])

    def tokenize(self, texts: Sequence[str]) -> Tokens:
        """Tokenise as in training."""
        tokenizer = load_tokenizer(self.model.hparams["backbone"], self.max_length)
        return tokenize(texts, tokenizer, self.max_length, self.model.task.unit)


@dataclass(frozen=True)
class Outcome:
    """Column of the texts, number of texts that were blank (without a prediction) or cut, and remarks on the file."""

    column: str
    blank: int
    cut: int
    remarks: list[str]


def probabilities(model: Classifier, tokens: Tokens, accelerator: str = "auto", progress: bool = True) -> Tensor:
    """Class probabilities of tokenised texts, or of their words, float32 (N, C), computed in chunks of similar length.

    Raises:
        ValueError: They are not finite.
    """
    size = len(tokens.lengths)
    probs_NC = torch.zeros(tokens.lines, model.task.outputs)
    if not size:
        return probs_NC
    chunks = make_chunks(tokens.lengths, torch.arange(size), CHUNK_TOKENS["cpu"])
    loader: DataLoader[list[int]] = DataLoader(
        [chunk.tolist() for chunk in chunks],  # type: ignore[arg-type]  # a list has all that a map-style Dataset needs
        batch_size=1,
        collate_fn=lambda batch: tokens.batch(batch[0]),
    )
    trainer = Trainer(
        accelerator=accelerator,
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=progress,
        callbacks=[StageProgressBar()] if progress else [],
    )
    found = trainer.predict(model, loader)
    assert found is not None
    for chunk, probs_BC in zip(chunks, found, strict=True):
        probs_NC[tokens.lines_of(chunk)] = probs_BC.cpu()
    if not probs_NC.isfinite().all():
        raise ValueError("ckpt_path: the model gives probabilities that are not finite; it has diverged in training")
    return probs_NC


def predict_file(
    predictor: Predictor,
    source: Path,
    output: Path,
    text_column: str | None,
    accelerator: str = "auto",
    quotes: bool = True,
) -> Outcome:
    """Write the rows of ``source`` with predictions to ``output``.

    Raises:
        ValueError: The file cannot be read, or has a column that a prediction would replace.
    """
    table = read_file(source, "data.predict", quotes)
    columns = list(table.columns)
    trained_on = predictor.text_column if predictor.text_column in columns else None
    unit = predictor.model.task.unit
    column = find_column(table, text_column or trained_on, TEXTS[unit], "data.text_column")
    names = predictor.model.label_names
    new = [PREDICTED, *(f"probability_{name}" for name in names)] if unit == "text" else [PREDICTED, "probability"]
    for name in new:
        if name in columns:
            raise ValueError(f"data.predict: {source} has a column {name!r} already, which the prediction would replace")
    try:
        remarks = check_line_breaks(table, label_column=None)
        texts = READ[unit](table.columns[column], table.where)
    except ValueError as error:
        raise ValueError(f"data.predict: {source} {error}") from error
    rows = [row for row, text in enumerate(texts) if text.strip()]
    tokens = predictor.tokenize([texts[row] for row in rows])
    probs_RC = probabilities(predictor.model, tokens, accelerator)
    if output.suffix.lower() in (".csv", ".tsv") and (count := sum(map(formulas, table.columns.values()))):
        remarks.append(f"cells that a spreadsheet runs as formulas, since they begin with = + - @: {count}")
    found = (_cells if unit == "text" else _lists)(predictor.model.task, tokens, probs_RC)
    more = _table(len(texts), rows, dict(zip(new, found, strict=True)))
    write_table(output, table, more, column if unit == "word" else None)
    if tokens.words is not None and tokens.words.lost:
        remarks.append(f"words cut off, or without a token of their own, which got the tag O: {tokens.words.lost}")
    return Outcome(column, len(texts) - len(rows), tokens.cut, remarks)


def _cells(task: Task, tokens: Tokens, probs_RC: Tensor) -> list[list[Any]]:
    """Columns of the label of each text and of the probability of each class."""
    return [task.decode(probs_RC), *probs_RC.T.tolist()]


def _lists(task: Task, tokens: Tokens, probs_RC: Tensor) -> list[list[Any]]:
    """Columns of the tags of the words of each text and of their probabilities; null for a word without a token."""
    names = tokens.by_text(task.decode(probs_RC), task.label_names[task.fill])
    return [list(map(list, names)), list(map(list, tokens.by_text(probs_RC.amax(-1).tolist(), None)))]


def _table(size: int, rows: list[int], columns: dict[str, list[Any]]) -> Table:
    """Columns of all rows; None where the text was blank."""
    cells: dict[str, list[Any]] = {name: [None] * size for name in columns}
    for name, found in columns.items():
        for row, cell in zip(rows, found, strict=True):
            cells[name][row] = cell
    return Table(cells)
