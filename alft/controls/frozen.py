"""Vectors of the frozen encoder: the pretrained weights as a run found them, not those that it trained.

Axes: N texts, D hidden size.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track

from alft.controls.time_limit import TimeLimit
from alft.data.tokens import Tokens
from alft.models.backbone import load_encoder
from alft.selection.chunks import make_chunks
from alft.selection.embedding import MeanTokens

Table = NDArray[np.float64]

CHUNK_TOKENS = 1024
"""Padded tokens per chunk, the same on every device, so that no figure depends on it."""


def frozen_vectors(
    backbone: str, texts: Sequence[tuple[Tokens, Sequence[int]]], device: torch.device, limit: TimeLimit, bar: bool
) -> list[Table]:
    """Mean of the token vectors of texts, one table (N, D) for each set of texts.

    Args:
        backbone: Pretrained encoder, as in ``model.backbone``.
        texts: Sets of texts, and the rows in them that are wanted.
        device: Device of the encoder.
        limit: Time that it may take.
        bar: Whether progress is shown.

    Raises:
        ValueError: The encoder cannot be loaded any more.
        OutOfTimeError: The pass would take longer than the limit allows.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # layers that a checkpoint lacks are drawn
        encoder: Any = load_encoder(backbone)
        encoder.to(device)
        tables = [torch.zeros(len(tokens.lengths), encoder.config.hidden_size) for tokens, _ in texts]
        chunks = [make_chunks(tokens.lengths, torch.tensor(rows), CHUNK_TOKENS) for tokens, rows in texts]
        work = [(which, chunk) for which, found in enumerate(chunks) for chunk in found]
        total = sum(int(tokens.lengths[rows].sum()) for tokens, rows in texts)
        started, done = perf_counter(), 0
        for which, chunk in track(work, description="Controls: frozen encoder", transient=True, disable=not bar):
            tokens = texts[which][0]
            batch = {name: tensor.to(device) for name, tensor in tokens.batch(chunk.tolist()).items()}
            hidden_BLD = encoder(**batch).last_hidden_state
            tables[which][chunk] = MeanTokens()(hidden_BLD, batch["attention_mask"]).cpu()
            done += int(tokens.lengths[chunk].sum())
            limit.check_rest(started, done / total)
    return [table[rows].double().numpy() for table, (_, rows) in zip(tables, texts, strict=True)]


def unit_rows(known_ND: Table, new_MD: Table) -> tuple[Table, Table]:
    """Both tables minus the mean of the known rows, each row at length 1: vectors of one encoder have much in common.

    >>> [table.tolist() for table in unit_rows(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[2.0, 5.0], [2.0, 0.0]]))]
    [[[-1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]
    """
    known_ND, new_MD = known_ND - known_ND.mean(0), new_MD - known_ND.mean(0)
    return _at_length_1(known_ND), _at_length_1(new_MD)


def _at_length_1(table_ND: Table) -> Table:
    scaled_ND: Table = table_ND / np.maximum(np.linalg.norm(table_ND, axis=1, keepdims=True), 1e-12)
    return scaled_ND
