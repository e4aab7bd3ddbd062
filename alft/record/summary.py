"""Writes ``summary.json`` and ``selection.parquet``, each atomically."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from torch import Tensor

from alft.selection.ledger import STAGES, Ledger
from alft.selection.plan import Plan
from alft.selection.stopping import Advice
from alft.system.output import write_atomically, write_text_atomically
from alft.system.run_files import SELECTION, SUMMARY

Summary = dict[str, Any]


def label_costs(ledger: Ledger) -> dict[str, Any]:
    """Number of labels in the pool and bought, with both savings; the same of words where words have labels."""
    words = ledger.words
    return {
        "pool": ledger.pool,
        "unlabelled": len(ledger.selectable_N) - ledger.pool,
        "bought": ledger.bought,
        "unique_saving": ledger.unique_saving,
        "exposure_saving": ledger.exposure_saving,
        **({} if words is None else {"words": words}),
    }


def epoch_records(
    ledger: Ledger, plan: Plan, advice: Sequence[Advice] = (), left_out: Mapping[int, int] | None = None
) -> list[dict[str, Any]]:
    """One record per epoch trained: planned share, rows, labels bought so far, scores, advice, seconds and memory.

    ``left_out`` has the number of rows of its set that an epoch was not trained on, where a run may have such.
    Agreement and forecast are null except after a set; the gain of a forecast is a fraction, as scores are.
    """
    after = {one.epoch: one for one in advice}
    return [
        {
            "epoch": epoch,
            "share": plan.shares[epoch],
            "selected": len(selection.rows),
            "bought": ledger.bought_until(epoch),
            **({} if ledger.words_N is None else {"words": int(ledger.words_N[selection.rows].sum())}),
            **({} if left_out is None else {"left_out": left_out[epoch]}),
            "val_f1_macro": ledger.validation.get(epoch),
            **({"test_f1_macro": ledger.tested[epoch]} if epoch in ledger.tested else {}),
            "kappa": after[epoch].kappa if epoch in after else None,
            "forecast": vars(found) if epoch in after and (found := after[epoch].forecast) else None,
            "seconds": dict(ledger.seconds[epoch]),
            **ledger.memory.get(epoch, {}),
        }
        for epoch, selection in sorted(ledger.selections.items())
    ]


def stage_seconds(ledger: Ledger, total: float) -> dict[str, float]:
    """Seconds of the whole run and of each stage."""
    spent: dict[str, float] = {stage: sum(seconds[stage] for seconds in ledger.seconds.values()) for stage in STAGES}
    return {"total": total, **spent}


def break_even(ledger: Ledger) -> float | None:
    """Mean share of the pool below which a run, selection included, costs less than the baseline; None without a selection.

    1 - (score + cluster + select) / (seconds per row trained on x N x T): one minus the cost of the selection as a share of
    training on the whole pool in every epoch. At or below 0, no budget pays for this selection.
    """
    selections = ledger.selections.values()
    if all(selection.scores is None for selection in selections):
        return None
    seconds = stage_seconds(ledger, 0.0)
    per_row = seconds["train"] / sum(len(selection.rows) for selection in selections)
    selecting = seconds["score"] + seconds["cluster"] + seconds["select"]
    return 1 - selecting / (per_row * ledger.pool * len(selections))


def finite(value: Any) -> Any:
    """Figures that are not finite, such as the scores of a diverged model, become None.

    >>> finite({"loss": math.nan, "f1": [0.5, math.inf]})
    {'loss': None, 'f1': [0.5, None]}
    """
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_summary(folder: Path, summary: Summary) -> None:
    """Write ``summary.json``, the last file of a complete run; non-finite values, such as a diverged loss, become null."""
    text = json.dumps(finite(summary), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_text_atomically(folder / SUMMARY, text)


def write_selection(folder: Path, ledger: Ledger) -> None:
    """Write ``selection.parquet``: one line per epoch and row, in that order; cluster, score and learned may be null.

    ``learned`` is the probability that training gave the label of the row in that epoch; null for one that was left out, and
    for one without a label (``data.skip``).
    """
    columns: dict[str, list[Any]] = {"epoch": [], "row": [], "cluster": [], "score": [], "first_used": [], "learned": []}
    for epoch, selection in sorted(ledger.selections.items()):
        count = len(selection.rows)
        columns["epoch"] += [epoch] * count
        columns["row"] += selection.rows.tolist()
        columns["cluster"] += _cells(selection.clusters, count)
        columns["score"] += _cells(selection.scores, count)
        columns["first_used"] += ledger.first_used_N[selection.rows].tolist()
        columns["learned"] += _cells(ledger.learned.get(epoch), count)
    types = dict.fromkeys(columns, pa.int64()) | {"score": pa.float32(), "learned": pa.float32()}
    table = pa.table({name: pa.array(columns[name], type=kind, from_pandas=True) for name, kind in types.items()})
    write_atomically(folder / SELECTION, lambda path: pyarrow.parquet.write_table(table, path))


def _cells(values: Tensor | None, count: int) -> list[Any]:
    return [None] * count if values is None else [None if value != value else value for value in values.tolist()]  # NaN
