"""The contract of a task, and single-label classification against torch and scikit-learn."""

import random

import pytest
import torch
from sklearn.metrics import f1_score
from torch import nn

from alft.selection.seeds import generator
from alft.task.base import UNLABELLED, Task
from alft.task.single_label import SingleLabel

from .conftest import ROOT, shipped

NAMES = ["low", "middle", "high"]
LOGITS = torch.randn(4, 10, 3, generator=generator("logits")) * 3
TARGETS = torch.randint(0, 3, (10,), generator=generator("targets"))


@pytest.mark.parametrize("kind", shipped(Task))
class TestTask:
    def test_labels_survive_encoding_and_decoding(self, kind):
        task = kind(NAMES)
        targets = torch.tensor([task.encode(name) for name in NAMES])
        sure = nn.functional.one_hot(targets, task.outputs).float()
        assert task.decode(sure) == NAMES
        assert task.encode(None) == UNLABELLED

    def test_a_label_that_is_not_among_the_names_is_refused(self, kind):
        with pytest.raises(KeyError):
            kind(NAMES).encode("lost")

    def test_the_table_takes_its_entries_whatever_the_precision(self, kind):
        task = kind(NAMES)
        table, entries = task.score_table(4, 10), task.table_entries(LOGITS.bfloat16())
        assert table.shape == entries.shape == (4, 10, 3)
        assert table.dtype == entries.dtype == torch.float32
        assert not table.any()
        table[:, :] = entries
        assert torch.equal(table, entries)

    def test_the_average_of_draws_has_their_mean_probability(self, kind):
        task = kind(NAMES)
        expected = torch.stack([task.probabilities(logits) for logits in LOGITS]).mean(0)
        torch.testing.assert_close(task.probabilities(task.average(LOGITS)), expected)

    def test_the_loss_of_draws_is_their_mean(self, kind):
        task = kind(NAMES)
        expected = torch.stack([task.loss(logits, TARGETS) for logits in LOGITS]).mean()
        torch.testing.assert_close(task.loss_of_draws(LOGITS, TARGETS), expected)

    def test_its_tally_counts_what_it_decodes(self, kind):
        task = kind(NAMES)
        tally = task.tally()
        tally(LOGITS[0], TARGETS)
        decoded = task.decode(task.probabilities(LOGITS[0]))
        assert tally.evaluate().predicted_C == [decoded.count(name) for name in NAMES]


def test_single_labels_agree_with_torch_and_scikit_learn():
    task = SingleLabel(NAMES)
    torch.testing.assert_close(task.loss(LOGITS[0], TARGETS), nn.functional.cross_entropy(LOGITS[0], TARGETS))
    torch.testing.assert_close(task.probabilities(LOGITS[0]), LOGITS[0].softmax(-1))
    rng = random.Random(0)
    truth, found = ([rng.randrange(2) for _ in range(30)] for _ in range(2))  # the third class never occurs
    expected = f1_score(truth, found, labels=[0, 1, 2], average="macro", zero_division=0)
    assert task.macro_f1(truth, found) == pytest.approx(expected)


def test_what_depends_on_the_task_stands_in_its_room():
    """Softmax, argmax and macro-F1 of predictions have one home; the selection reads probabilities, adapt predicts tokens."""
    for path in (ROOT / "alft").rglob("*.py"):
        room = path.relative_to(ROOT / "alft").parts[0]
        if room not in ("task", "selection"):
            text = path.read_text()
            words = ["softmax(", ".argmax(-1", "f1_score(", *(["cross_entropy("] if room != "adapt" else [])]
            assert not any(word in text for word in words), path
