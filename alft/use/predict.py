"""What does a trained model say of new texts? The rows of a file, as they were, with a prediction beside each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from alft.data.files import Table, read_file
from alft.data.labels import TEXT_NAMES, find_column
from alft.data.pool import TextPool
from alft.data.tokens import Tokens, load_tokenizer, tokenize
from alft.loop.progress import StageProgressBar
from alft.loop.scoring import CHUNK_TOKENS, make_chunks
from alft.models.classifier import Classifier
from alft.models.restore import load_classifier, read_checkpoint
from alft.use.output import write_table

PREDICTED = "predicted"


@dataclass(frozen=True)
class Reader:
    """A trained model and how its texts were read."""

    model: Classifier
    backbone: str
    max_length: int
    text_column: str | None

    @classmethod
    def load(cls, ckpt_path: str, backbone: str | None = None) -> "Reader":
        """The model of a checkpoint; ``backbone`` says where its pretrained encoder lies now, if not where it did."""
        state = read_checkpoint(ckpt_path)
        texts = state[TextPool.__qualname__]
        place = backbone or state["hyper_parameters"]["backbone"]
        return cls(load_classifier(ckpt_path, backbone), place, texts["max_length"], texts["text_column"])

    def probabilities(self, texts: Sequence[str], accelerator: str = "auto") -> Tensor:
        """Class probabilities of texts, float32 (N, C)."""
        tokens = tokenize(texts, load_tokenizer(self.backbone, self.max_length), self.max_length)
        return probabilities(self.model, tokens, accelerator)


def probabilities(model: Classifier, tokens: Tokens, accelerator: str = "auto") -> Tensor:
    """Class probabilities of tokenised texts, float32 (N, C), computed in chunks of similar length."""
    size = len(tokens.lengths)
    probs_NC = torch.zeros(size, model.num_labels)
    if not size:
        return probs_NC
    chunks = make_chunks(tokens.lengths, torch.arange(size), CHUNK_TOKENS)
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
        callbacks=[StageProgressBar()],
    )
    found = trainer.predict(model, loader)
    assert found is not None
    for chunk, probs_BC in zip(chunks, found, strict=True):
        probs_NC[chunk] = probs_BC.cpu()
    return probs_NC


def predict_file(reader: Reader, source: Path, output: Path, text_column: str | None, accelerator: str = "auto") -> int:
    """Write the rows of ``source`` with predictions to ``output``; return how many texts were blank and got none.

    Raises:
        ValueError: The file cannot be read, or has a column that a prediction would replace.
    """
    table = read_file(source, "data.predict")
    columns = list(table.columns)
    trained_on = reader.text_column if reader.text_column in columns else None
    column = find_column(text_column or trained_on, TEXT_NAMES, columns, "data.text_column")
    new = [PREDICTED, *(f"probability_{name}" for name in reader.model.label_names)]
    for name in new:
        if name in columns:
            raise ValueError(f"data.predict: {source} has a column {name!r} already, which the prediction would replace")
    texts = ["" if value is None else str(value) for value in table.columns[column]]
    rows = [row for row, text in enumerate(texts) if text.strip()]
    probs_RC = reader.probabilities([texts[row] for row in rows], accelerator)
    write_table(output, table, _cells(len(texts), rows, probs_RC, reader.model.label_names, new))
    return len(texts) - len(rows)


def _cells(size: int, rows: list[int], probs_RC: Tensor, label_names: list[str], names: list[str]) -> Table:
    """The new columns; None where there was no text."""
    cells: dict[str, list[str | float | None]] = {name: [None] * size for name in names}
    for row, label, probs in zip(rows, probs_RC.argmax(-1).tolist(), probs_RC.tolist(), strict=True):
        cells[names[0]][row] = label_names[label]
        for name, probability in zip(names[1:], probs, strict=True):
            cells[name][row] = probability
    return Table(cells)
