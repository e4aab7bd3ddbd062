"""Predicts the labels of new texts: the rows of a file, unchanged, with a prediction added to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from alft.data.columns import TEXT_NAMES, find_column
from alft.data.line_breaks import check_line_breaks
from alft.data.readers.files import read_file
from alft.data.readers.table import Table
from alft.data.texts import read_texts
from alft.data.tokens import Tokens, load_tokenizer, tokenize
from alft.loop.progress import StageProgressBar
from alft.models.classifier import Classifier
from alft.record.checkpoints import Checkpoint, reading_of
from alft.selection.chunks import CHUNK_TOKENS, make_chunks
from alft.system.visible import formulas
from alft.task.base import Task
from alft.use.output import write_table
from alft.use.restore import load_classifier

PREDICTED = "predicted"


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
        return tokenize(texts, load_tokenizer(self.model.hparams["backbone"], self.max_length), self.max_length)


@dataclass(frozen=True)
class Outcome:
    """Column of the texts, number of texts that were blank (without a prediction) or cut, and remarks on the file."""

    column: str
    blank: int
    cut: int
    remarks: list[str]


def probabilities(model: Classifier, tokens: Tokens, accelerator: str = "auto", progress: bool = True) -> Tensor:
    """Class probabilities of tokenised texts, float32 (N, C), computed in chunks of similar length.

    Raises:
        ValueError: They are not finite.
    """
    size = len(tokens.lengths)
    probs_NC = torch.zeros(size, model.task.outputs)
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
        probs_NC[chunk] = probs_BC.cpu()
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
    column = find_column(table, text_column or trained_on, TEXT_NAMES, "data.text_column")
    new = [PREDICTED, *(f"probability_{name}" for name in predictor.model.label_names)]
    for name in new:
        if name in columns:
            raise ValueError(f"data.predict: {source} has a column {name!r} already, which the prediction would replace")
    try:
        remarks = check_line_breaks(table, label_column=None)
        texts = read_texts(table.columns[column], table.where)
    except ValueError as error:
        raise ValueError(f"data.predict: {source} {error}") from error
    rows = [row for row, text in enumerate(texts) if text.strip()]
    tokens = predictor.tokenize([texts[row] for row in rows])
    probs_RC = probabilities(predictor.model, tokens, accelerator)
    if output.suffix.lower() in (".csv", ".tsv") and (count := sum(map(formulas, table.columns.values()))):
        remarks.append(f"cells that a spreadsheet runs as formulas, since they begin with = + - @: {count}")
    write_table(output, table, _cells(len(texts), rows, probs_RC, predictor.model.task, new))
    return Outcome(column, len(texts) - len(rows), tokens.cut, remarks)


def _cells(size: int, rows: list[int], probs_RC: Tensor, task: Task, names: list[str]) -> Table:
    """The new columns; None where the text was blank."""
    cells: dict[str, list[str | float | None]] = {name: [None] * size for name in names}
    for row, label, probs in zip(rows, task.decode(probs_RC), probs_RC.tolist(), strict=True):
        cells[names[0]][row] = label
        for name, probability in zip(names[1:], probs, strict=True):
            cells[name][row] = probability
    return Table(cells)
