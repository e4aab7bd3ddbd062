"""Which run does a checkpoint come from? The folder around it, as far as it is still there."""

import json
from pathlib import Path
from typing import Any

import yaml

from alft.data.pool import TextPool
from alft.data.tokens import Tokens
from alft.models.restore import Checkpoint
from alft.use.card import Facts


def facts_of(path: Path, checkpoint: Checkpoint) -> Facts:
    """What ``RUN/checkpoints/X.ckpt``, ``RUN/config.yaml`` and ``RUN/summary.json`` say; the last two may be missing."""
    first_used_N, epoch = checkpoint[TextPool.__qualname__]["ledger"]["first_used"], checkpoint["epoch"]
    run, summary = path.parent.parent, None
    if (run / "summary.json").is_file():
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return Facts(
        name=run.resolve().parent.name,
        source=_data_settings(run).get("source"),
        bought=int(((first_used_N >= 0) & (first_used_N <= epoch)).sum()),
        summary=summary,
        tested=summary is not None and summary["tested_epoch"] == epoch,
    )


def validation_of(path: Path, checkpoint: Checkpoint, backbone: str) -> Tokens | None:
    """The validation texts that the run used; None where they cannot be had, or are not the same any more."""
    settings = _data_settings(path.parent.parent)
    if not settings:
        return None
    try:
        data = TextPool(**settings, tokenizer=backbone)
        if data.corpus.fingerprint != checkpoint[TextPool.__qualname__]["fingerprint"]:
            return None
        data.setup("validate")
    except ValueError:
        return None
    return data.validation_tokens


def _data_settings(run: Path) -> dict[str, Any]:
    if not (run / "config.yaml").is_file():
        return {}
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = config["data"]
    return settings
