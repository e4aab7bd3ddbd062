"""What a run has seen of the pool's labels, so that a stopped run does not go on with others, nor on other processes.

A run sees which rows have a label, and the labels of the rows it bought. Labels that are not bought yet influence nothing, so
they may be corrected while a run is stopped, and no digest covers them. Axes: N pool rows.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from torch import Tensor

from alft.system.earlier import current_ledger, labels_seen
from alft.system.excerpt import listed
from alft.task.base import UNLABELLED, Label

RESTORE = "restore the labels that the run began with, or leave --ckpt_path out to start another"


def seen_labels(labels: Sequence[Label], first_used_N: Tensor) -> dict[str, Any]:
    """Digests of the labels of the bought rows and of which rows have a label, with the number of the latter.

    Args:
        labels: Label of each pool row; -1 means no label.
        first_used_N: Epoch in which each row was bought; -1 for never.
    """
    labelled = [row for row, label in enumerate(labels) if label != UNLABELLED]
    bought = [(row, labels[row]) for row in (first_used_N >= 0).nonzero().squeeze(1).tolist()]
    return {"rows": len(labelled), "labelled": _digest(labelled), "bought": _digest(bought)}


def refuse_other_run(state: Mapping[str, Any], texts: str, labels: Sequence[Label], processes: int) -> None:
    """Refuse to go on with a run on other data or processes than it began with.

    Args:
        state: State of the DataModule in its checkpoint.
        texts: Fingerprint of the data now.
        labels: Label of each pool row now.
        processes: Number of processes now.

    Raises:
        ValueError: The message says what has changed.
    """
    refuse_other_texts(state["fingerprint"], texts)
    refuse_other_processes(state["processes"], processes)
    refuse_other_labels(labels, current_ledger(state["ledger"])["first_used"], labels_seen(dict(state)))


def refuse_other_texts(then: str, now: str) -> None:
    """Refuse data of another fingerprint than those that a run began with.

    Raises:
        ValueError: The message gives both.
    """
    if then != now:
        raise ValueError(
            f"data.source has changed since the checkpoint was written (fingerprint {then} then, {now} now), so its row "
            "numbers mean other rows"
        )


def refuse_other_processes(then: int, now: int) -> None:
    """Refuse another number of processes than a run began with.

    Raises:
        ValueError: The message gives both.
    """
    if then != now:
        raise ValueError(f"trainer.devices: the run began on {then} processes and would be another one on {now}")


def refuse_other_labels(labels: Sequence[Label], first_used_N: Tensor, seen: Mapping[str, Any] | None) -> None:
    """Refuse labels that differ from those that a run has seen.

    Args:
        labels: Label of each pool row now.
        first_used_N: As in the checkpoint.
        seen: :func:`seen_labels` of the checkpoint; None where an earlier version wrote it, and only the rows are known.

    Raises:
        ValueError: Another row has a label, or a row that was bought has another one.
    """
    now = seen_labels(labels, first_used_N)
    lost = [row for row in (first_used_N >= 0).nonzero().squeeze(1).tolist() if labels[row] == UNLABELLED]
    if lost:
        raise ValueError(
            f"data.source: pool rows whose label was bought have none any more (number {listed(lost)}, from 0); {RESTORE}"
        )
    if seen is None:
        return
    if (now["rows"], now["labelled"]) != (seen["rows"], seen["labelled"]):
        raise ValueError(
            f"data.source: other rows of the pool have a label than when the checkpoint was written ({seen['rows']} rows then, "
            f"{now['rows']} now, digest {seen['labelled']} then, {now['labelled']} now); {RESTORE}"
        )
    if now["bought"] != seen["bought"]:
        raise ValueError(
            f"data.source: labels that were bought have changed since the checkpoint was written (digest {seen['bought']} "
            f"then, {now['bought']} now); {RESTORE}"
        )


def _digest(values: Sequence[object]) -> str:
    return sha256(repr(values).encode()).hexdigest()[:16]
