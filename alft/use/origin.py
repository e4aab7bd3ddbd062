"""Finds the run that a checkpoint comes from: its folder, as far as it exists and matches the checkpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from alft.data.pool import TextPool
from alft.data.tokens import Tokens
from alft.record.checkpoints import Checkpoint, reading_of
from alft.system.control_names import CONTROL_KEYS
from alft.system.json_file import read_json
from alft.system.run_files import CONFIG, SUMMARY, run_of
from alft.use.card import Provenance


def provenance_of(path: Path, checkpoint: Checkpoint) -> Provenance:
    """Provenance from ``RUN/checkpoints/X.ckpt``, ``RUN/config.yaml`` and ``RUN/summary.json``; the last two may be missing."""
    state, epoch, summary = reading_of(checkpoint), checkpoint["epoch"], None
    first_used_N = state["ledger"]["first_used"]
    run = _run_around(path)
    if run is not None:
        found = _mapping(run / SUMMARY, read_json)
        summary = found if found.get("fingerprint") == state["fingerprint"] and _tells_enough(found) else None
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
    settings = {} if run is None else _mapping(run / CONFIG, _read_yaml).get("data")
    return settings if isinstance(settings, dict) else {}


def _tells_enough(summary: dict[str, Any]) -> bool:
    """Whether a summary has the entries that a card states; one that was changed by hand may not."""
    needed: dict[str, tuple[str, ...]] = {"labels": ("pool", "unique_saving", "exposure_saving"), "test": (), "controls": ()}
    groups: dict[str, Any] = {name: summary.get(name) for name in needed}
    if not all(isinstance(group, dict) for group in groups.values()):
        return False
    if groups["test"].get("f1_macro") is not None:
        needed |= {"test": ("f1_macro", "accuracy")}
    figures = [groups[name].get(figure) for name, names in needed.items() for figure in names]
    figures += [figure for key in CONTROL_KEYS if (figure := groups["controls"].get(key)) is not None]
    rest = isinstance(summary.get("settings"), dict) and isinstance(summary.get("epochs"), list) and "seed" in summary
    return rest and all(isinstance(figure, int | float) for figure in figures)


def _read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _mapping(path: Path, read: Callable[[Path], Any]) -> dict[str, Any]:
    """Contents of a file; empty if it does not exist or was not written by a run."""
    try:
        found = read(path)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}
