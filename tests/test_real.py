"""Real texts and a real encoder, if they are next to this checkout; skipped otherwise."""

import json
from pathlib import Path

import pytest

from alft.data.corpus import load_corpus

from .conftest import SHARED, Fit, needs_shared

pytestmark = needs_shared

SETS = {
    "slovak": (3343, 491, 1017, ["negative", "positive"]),
    "maltese": (594, 85, 171, ["negative", "positive"]),
    "icelandic": (778, 111, 222, ["negative", "positive"]),
    "icelandic_news": (1959, 280, 559, ["negative", "neutral", "positive"]),
    "turkish": (9598, 1200, 1200, ["negative", "positive"]),
    "turkish_mixed": (4201, 599, 1200, ["negative", "neutral", "positive"]),
    "swahili": (1781, 452, 747, ["negative", "neutral", "positive"]),
}


@pytest.mark.parametrize("name", SETS)
def test_real_sets_are_read_whole(name: str):
    corpus = load_corpus(str(SHARED / "data" / name))
    assert corpus.test is not None
    assert (len(corpus.pool), len(corpus.validation), len(corpus.test), corpus.label_names) == SETS[name]
    assert corpus.blank == 0
    assert len(corpus.pool.labelled) == len(corpus.pool)


def test_a_real_encoder_goes_through_the_whole_loop(fit: Fit):
    real = ["--data.source", str(SHARED / "data" / "maltese"), "--model.backbone", str(SHARED / "models" / "e5-small-cut")]
    small = ["--data.limit", "32", "--data.limit_validation", "8", "--data.max_length", "16", "--trainer.max_epochs", "2"]
    summary = json.loads((Path(fit(*real, *small, "--model.lr", "1e-4")) / "summary.json").read_text())
    assert [record["selected"] for record in summary["epochs"]] == [22, 16]  # floor(0.7 * 32) and half of 32
    assert sum(summary["test"]["predicted"].values()) == 171
    assert summary["controls"]["majority_f1"] == pytest.approx(0.394, abs=1e-3)
