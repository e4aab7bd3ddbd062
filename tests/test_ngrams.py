"""Counts of n-grams beside the vector of a text: what is counted, and what a head makes of it."""

import re
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from transformers import AutoModelForSequenceClassification

from alft.models.classifier import Classifier
from alft.models.head import MeanNgrams, recorded, restored
from alft.models.lora import Lora
from alft.models.ngrams import PRIME, SPREAD, STEP, ngram_counts
from alft.models.probe import fit_probe, rows_to_fit

from .conftest import Fit, summary_of
from .test_heads import padded
from .test_models import NAMES, batch_of

TEXTS = st.lists(st.integers(0, 250_000), min_size=1, max_size=12)


def plainly(tokens: list[int], longest: int, size: int) -> list[float]:
    """The same counts, one n-gram after another, with Python's unbounded integers."""
    counts: Counter[int] = Counter()
    total = 0
    for length in range(1, longest + 1):
        for start in range(len(tokens) - length + 1):
            number = 0
            for place, token in enumerate(tokens[start : start + length], 1):
                number = (number * STEP + token + place) % PRIME
            drawn = number * SPREAD % PRIME
            counts[drawn % size] += 1 - 2 * (drawn // size % 2)
            total += 1
    return [counts[column] / max(1, total) ** 0.5 for column in range(size)]


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.integers(1, 4), st.sampled_from([1, 7, 64]), st.integers(0, 3), st.integers(0, 3))
def test_counts_are_those_of_a_plain_loop(tokens, longest, size, left, right):
    ids = torch.tensor([[5] * left + tokens + [1] * right])
    mask = torch.tensor([[0] * left + [1] * len(tokens) + [0] * right])
    found = ngram_counts(ids, mask, longest, size)
    torch.testing.assert_close(found, torch.tensor([plainly(tokens, longest, size)]))


def test_inner_products_are_right_on_average():
    """Of texts without a common token they are 0, of a text with itself 1 where nothing is repeated."""
    ids = torch.randperm(250_000, generator=torch.Generator().manual_seed(0))[: 2 * 100 * 20].reshape(2, 100, 20)
    counts = [ngram_counts(each, torch.ones_like(each), 3, 4096) for each in ids]
    products = counts[0] @ counts[1].T
    assert abs(float(products.mean())) < 0.002
    assert float(products.std()) == pytest.approx(4096**-0.5, rel=0.1)
    assert float(counts[0].square().sum(1).mean()) == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("lora", [None, Lora(r=2)], ids=["full", "lora"])
def test_the_linear_layer_reads_mean_and_counts(tiny_bert, lora):
    model = Classifier(str(tiny_bert), NAMES, head=MeanNgrams(longest=2, size=32, dropout=0.3), lora=lora).eval()
    batch = batch_of()
    output = model._run(batch, output_hidden_states=True)
    counts = ngram_counts(batch["input_ids"], batch["attention_mask"], 2, 32)
    head = model.network if lora is None else model.network.base_model.model
    torch.testing.assert_close(output.logits, head.classifier(torch.cat([output.hidden_states[-1].mean(1), counts], 1)))
    torch.testing.assert_close(model._run(padded(batch)).logits, output.logits)
    assert model.output_layer.in_features == model.hidden_size + 32


def test_it_is_recorded_and_loads_again(tiny_bert, tmp_path):
    head = MeanNgrams(norm=True, longest=2, size=32)
    assert restored(recorded(head)) == head
    network = Classifier(str(tiny_bert), NAMES, head=head).network.eval()
    network.save_pretrained(tmp_path)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    batch = {name: batch_of()[name] for name in ("input_ids", "attention_mask")}
    assert torch.equal(loaded(**batch).logits, network(**batch).logits)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"longest": 0}, "model.head.longest must be in [1, 8], got 0"),
        ({"longest": 9}, "model.head.longest must be in [1, 8], got 9"),
        ({"size": 0}, "model.head.size must be in [1, 1048576], got 0"),
        ({"dropout": 1.0}, "model.head.dropout must be in [0, 1), got 1.0"),
    ],
)
def test_values_out_of_range_are_refused(settings, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        MeanNgrams(**settings)


def texts_with_words(rows: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of rows whose class is told by one of five rare words, beside vectors that say nothing."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows)
    ids = rng.integers(100, 2000, (rows, 20))
    ids[np.arange(rows), rng.integers(0, 20, rows)] = 5 * labels + rng.integers(0, 5, rows)
    counts = ngram_counts(torch.tensor(ids), torch.ones(rows, 20, dtype=torch.long), 1, 4096)
    return torch.cat([torch.tensor(rng.normal(size=(rows, 8)) * 100).float(), counts], 1), torch.tensor(labels)


def test_a_probe_learns_rare_words_beside_large_vectors():
    (known, labels), (new, truth) = texts_with_words(300, 0), texts_with_words(300, 1)
    weights_CD, biases_C = fit_probe(known, labels, 2)
    right = float(((new @ weights_CD.T + biases_C).argmax(1) == truth).float().mean())
    assert right > 0.9  # 0.5 with the vectors alone


def test_the_probe_of_wide_rows_is_the_one_of_scikit_learn():
    rng = np.random.default_rng(0)
    features, labels = torch.tensor(rng.normal(size=(60, 200))), torch.tensor(rng.integers(0, 3, 60))
    scaled = ((features - features.mean(0)) / features.std(0)).numpy()
    weights_CD, biases_C = fit_probe(features, labels, 3)
    outputs = (features.float() @ weights_CD.T + biases_C).log_softmax(1)
    theirs = [
        LogisticRegression(C=strength, max_iter=10_000, tol=1e-8).fit(scaled, labels.numpy()).predict_log_proba(scaled)
        for strength in (0.001, 0.01, 0.1, 1.0, 10.0)
    ]
    assert min(np.abs(outputs.numpy() - each).max() for each in theirs) < 2e-3


@pytest.mark.parametrize(
    ("features", "classes", "most"), [(8576, 2, 7071), (384, 2, 130_208), (8576, 77, 1139), (384, 77, 3381)]
)
def test_a_probe_of_many_rows_is_fitted_on_a_part_with_every_class_in_proportion(features, classes, most):
    rng = np.random.default_rng(0)
    rare = np.full(3, classes - 1)
    labels = torch.tensor(np.concatenate([rng.integers(0, classes - 1, most + 5000), rare]))
    part = rows_to_fit(labels, features, classes)
    assert part.unique().tolist() == part.tolist(), "ascending, none twice"
    assert most <= len(part) <= most + classes
    shares = [torch.bincount(each, minlength=classes) / len(each) for each in (labels, labels[part])]
    assert float((shares[0] - shares[1]).abs().max()) < 2 * classes / most
    assert set(labels[part].tolist()) == set(range(classes))
    assert rows_to_fit(labels[:most], features, classes).tolist() == list(range(most))


def test_a_run_starts_from_its_probe_and_badge_reads_its_features(fit: Fit):
    head = ("--model.head", "MeanNgrams", "--model.head.size", "64", "--model.head_start", "probe")
    run = fit(*head, "--active.acquire", "Badge", "--trainer.max_epochs", "2")
    assert summary_of(run)["settings"]["model"]["head"] == "MeanNgrams(dropout=0.1, longest=3, size=64)"
    saved = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert (
        saved["network.classifier.weight"].shape[1] == saved["network.encoder.embeddings.word_embeddings.weight"].shape[1] + 64
    )
