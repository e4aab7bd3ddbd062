"""Finds the run that a checkpoint comes from: its folder, as far as it exists and matches the checkpoint."""

import json
from pathlib import Path
from typing import Any

import yaml

from alft.data.pool import TextPool
from alft.data.tokens import Tokens
from alft.record.checkpoints import Checkpoint, reading_of
from alft.system.run_files import CONFIG, SUMMARY, run_of
from alft.use.card import Provenance


def provenance_of(path: Path, checkpoint: Checkpoint) -> Provenance:
    """Provenance from ``RUN/checkpoints/X.ckpt``, ``RUN/config.yaml`` and ``RUN/summary.json``; the last two may be missing."""
    state, epoch, summary = reading_of(checkpoint), checkpoint["epoch"], None
    first_used_N = state["ledger"]["first_used"]
    run = _run_around(path)
    if run is not None:
        found = _mapping(run / SUMMARY, json.loads)
        summary = found if found.get("fingerprint") == state["fingerprint"] else None
    return Provenance(
        name="alft" if run is None else run.parent.name,
        source=_data_settings(run).get("source"),
        bought=int(((first_used_N >= 0) & (first_used_N <= epoch)).sum()),
        summary=summary,
        tested=summary is not None and summary.get("tested_epoch") == epoch,
    )


def validation_of(path: Path, checkpoint: Checkpoint, backbone: str) -> Tokens | None:
    """The validation texts that the run used; None if they are unavailable or have changed."""
    settings = _data_settings(_run_around(path))
    if not settings:
        return None
    try:
        data = TextPool(**settings, tokenizer=backbone)
        if data.corpus.fingerprint != reading_of(checkpoint)["fingerprint"]:
            return None
        data.setup("validate")
    except (ValueError, TypeError):
        return None
    return data.validation_tokens


def _run_around(path: Path) -> Path | None:
    return run_of(path.expanduser().resolve())


def _data_settings(run: Path | None) -> dict[str, Any]:
    settings = {} if run is None else _mapping(run / CONFIG, yaml.safe_load).get("data")
    return settings if isinstance(settings, dict) else {}


def _mapping(path: Path, parse: Any) -> dict[str, Any]:
    """Contents of a file; empty if it does not exist or was not written by a run."""
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}
