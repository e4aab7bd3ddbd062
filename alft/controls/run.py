"""Runs the controls at the end of a fit, in the time that they may take."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch

from alft.controls.frozen import frozen_vectors
from alft.controls.regression import Matrix
from alft.controls.scores import Figures, control_scores
from alft.controls.suspects import Suspect, find_suspects
from alft.controls.texts import tfidf_features
from alft.controls.time_limit import OutOfTimeError, TimeLimit
from alft.data.pool import TextPool
from alft.system.control_names import keys_of
from alft.system.excerpt import listed
from alft.system.terminal import show
from alft.task.base import UNLABELLED

Extent = Literal["none", "fast", "all"]
"""No controls, those without an encoder, or all."""

TOLD = {"fast": "TF-IDF", "all": "TF-IDF and the frozen encoder"}


def refuse_unknown(extent: str) -> None:
    """Refuse a value that is not an extent.

    Raises:
        ValueError: It is not one.
    """
    if extent not in get_args(Extent):
        raise ValueError(f"controls must be one of {', '.join(get_args(Extent))}, got {extent!r}")


def run_controls(extent: Extent, data: TextPool, backbone: str, epoch: int, device: torch.device, bar: bool) -> Figures:
    """Figures of the controls, by their names in the summary; one line tells what is measured.

    Args:
        extent: Which controls are measured.
        data: The data, with the ledger of the run.
        backbone: Pretrained encoder of the run.
        epoch: Epoch whose weights were tested: labels bought later do not count.
        device: Device of the encoder.
        bar: Whether progress is shown.
    """
    words = data.corpus.task.unit == "word"
    if extent == "none" or data.corpus.test is None:
        return dict.fromkeys(keys_of(words))
    limit = _limit(data)
    told = "a conditional random field on words" if words else f"{TOLD[extent]} with logistic regression"
    show(f"controls: {told}, at most {limit.seconds:.0f} s")

    def vectors() -> Sequence[Matrix] | None:
        assert data.test_tokens is not None
        texts = [(data.pool_tokens, data.corpus.pool.labelled), (data.test_tokens, range(len(data.test_tokens.lengths)))]
        try:
            return frozen_vectors(backbone, texts, device, limit, bar)
        except OutOfTimeError:
            raise
        except Exception as error:  # whatever the code of an architecture raises: the run is trained and tested
            show(f"controls: not measured, the frozen encoder fails: {_shown(error)}")
            return None

    try:
        return control_scores(data.corpus, set(_bought(data, epoch)), limit, vectors if extent == "all" else None)
    except Exception as error:  # whatever it is: the run is trained and tested, and is to get its summary
        show(f"controls: not measured ({_shown(error)})")
        return dict.fromkeys(keys_of(words))


def run_suspects(extent: Extent, data: TextPool, epoch: int) -> list[Suspect] | None:
    """Bought rows whose label may be wrong, by TF-IDF; None with no controls, or where their own time is over, which is told.

    Args:
        extent: Which controls are measured.
        data: The data, with the ledger of the run; no test set is needed.
        epoch: Epoch whose weights were tested: labels bought later do not count.
    """
    if extent == "none":
        return None
    if not data.corpus.task.has_suspects:
        return None
    limit, answers = _limit(data), data.answered  # with data.noise and data.skip, what is trained on and may be wrong
    rows = [row for row in _bought(data, epoch) if answers.labels[row] != UNLABELLED]
    try:
        own = answers.take(rows)
        features = tfidf_features(own.texts, own.texts[:1])[0]
        return find_suspects(features, rows=rows, labels=own.labels, check=limit.check)
    except OutOfTimeError:
        show(f"suspected wrong labels: not listed, for they would take more than {limit.seconds:.0f} s")
    except Exception as error:  # as above
        show(f"suspected wrong labels: not listed ({_shown(error)})")
    return None


def _limit(data: TextPool) -> TimeLimit:
    return TimeLimit.beside(sum(stages["train"] for stages in data.ledger.seconds.values()))


def _bought(data: TextPool, epoch: int) -> list[int]:
    """Rows whose label had been bought by an epoch, ascending."""
    first_used_N = data.ledger.first_used_N
    rows: list[int] = ((first_used_N >= 0) & (first_used_N <= epoch)).nonzero().squeeze(1).tolist()
    return rows


def _shown(error: Exception) -> str:
    return listed([f"{type(error).__name__}: {error}"], width=160)
