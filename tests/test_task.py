"""The contract of a task, and both tasks against torch and scikit-learn."""

import math
import random
from operator import eq

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from alft.selection.seeds import generator
from alft.selection.several import places
from alft.task.base import UNLABELLED, Task
from alft.task.known import import_task, task_class
from alft.task.multi_label import MultiLabel
from alft.task.single_label import SingleLabel
from alft.task.tags import Tags
from alft.task.tally import Words

from .conftest import ROOT, shipped

NAMES = ["low", "middle", "high"]
TAGS = ["O", "B-A", "I-A"]
LOGITS = torch.randn(4, 10, 3, generator=generator("logits")) * 3
WRITTEN = {
    SingleLabel: ["low", "middle", "high", "high", "low", "low", "middle", "high", "low", "middle"],
    MultiLabel: [("low",), ("low", "high"), (), ("middle",), ("high",), (), ("low", "middle", "high"), ("low",), (), ("high",)],
    Tags: [("O", "B-A", "I-A", "O"), ("B-A",), ("O", "O", "B-A", "B-A", "I-A")],
}
COUNTS = torch.tensor([4, 1, 5])
"""Words of the three sentences, which make ten predictions as ten texts do."""


def make(kind):
    return kind(TAGS if kind is Tags else NAMES)


def labels_of(task):
    return [task.encode(written) for written in WRITTEN[type(task)]]


def lines_of(task):
    """A label for each of ten predictions."""
    labels = labels_of(task)
    return [number for label in labels for number in label] if task.unit == "word" else labels


def targets_of(task):
    return task.targets(lines_of(task))


def words_of(task, part=slice(None)):
    if task.unit == "text":
        return None
    assert part in (slice(None), slice(0, 5), slice(5, 10))
    counts = {None: COUNTS, 5: COUNTS[:2], 10: COUNTS[2:]}[part.stop]
    return Words(counts, torch.ones(int(counts.sum()), dtype=torch.bool))


def by_text(task, lines):
    return [tuple(part) for part in torch.tensor(lines).split(COUNTS.tolist())] if task.unit == "word" else lines


@pytest.mark.parametrize("kind", shipped(Task))
class TestTask:
    def test_labels_survive_encoding_and_decoding(self, kind):
        task = make(kind)
        labels, written = labels_of(task), WRITTEN[kind]
        assert [task.encode(task.written(label)) for label in labels] == labels
        assert [{task.label_names[number] for number in task.numbers_in(label)} for label in labels] == [
            set(task.names_in(one)) for one in written
        ]
        sure = torch.zeros(10, 3)
        for line, label in enumerate(lines_of(task)):
            sure[line, list(task.numbers_in(label))] = 1
        assert task.choose(sure) == lines_of(task)
        one_by_one = [(label,) if task.unit == "word" else label for label in lines_of(task)]
        assert task.decode(sure) == [task.in_words(label) for label in one_by_one]
        assert task.encode(None) == UNLABELLED
        assert task.numbers_in(UNLABELLED) == ()

    def test_a_label_that_is_not_among_the_names_is_refused(self, kind):
        with pytest.raises(KeyError):
            make(kind).encode("lost" if kind is SingleLabel else ("lost",))

    def test_a_label_is_read_from_what_a_file_writes_and_found_by_its_name(self, kind):
        task = make(kind)
        low, high = task.label_names[0], task.label_names[-1]
        read = kind.read([high, "", None, [low]], None, str)
        assert [task.in_words(task.encode(one)) if one else None for one in read] == [high, None, None, low]
        assert task_class(kind.name) is kind

    def test_targets_have_a_row_for_each_label_and_none_is_told(self, kind):
        task = make(kind)
        targets = task.targets([*lines_of(task), UNLABELLED])
        assert len(targets) == 11
        assert bool((targets[-1] == UNLABELLED).all())
        assert bool((targets[:-1] != UNLABELLED).all())
        assert task.targets([]).shape == (0, *targets.shape[1:])

    def test_a_text_without_a_label_has_no_loss_and_no_probability(self, kind):
        task = make(kind)
        labels = lines_of(task)
        some = task.targets([*labels[:5], *[UNLABELLED] * 5])
        torch.testing.assert_close(task.loss(LOGITS[0], some), task.loss(LOGITS[0][:5], task.targets(labels[:5])))
        assert task.loss(LOGITS[0], task.targets([UNLABELLED] * 10)) == 0
        assert task.label_probs(LOGITS, some).isnan().tolist() == [False] * 5 + [True] * 5

    def test_wrong_answers_are_wrong_and_all_different(self, kind):
        task = make(kind)
        for label in labels_of(task):
            wrong = [task.wrong(label, number) for number in range(1, task.wrong_answers + 1)]
            assert label not in wrong
            assert len(set(wrong)) == len(wrong)
            assert all(task.encode(task.written(one)) == one for one in wrong)

    def test_strata_tell_who_has_a_label(self, kind):
        task = make(kind)
        strata = task.strata([*labels_of(task), UNLABELLED])
        assert [one == -1 for one in strata] == [False] * len(labels_of(task)) + [True]

    def test_the_table_takes_its_entries_whatever_the_precision(self, kind):
        task = make(kind)
        words_N = COUNTS if task.unit == "word" else None
        rows = len(labels_of(task))
        table, entries = task.score_table(4, rows, words_N), task.table_entries(LOGITS.bfloat16())
        starts = task.starts(rows, words_N)
        lines = torch.arange(10) if starts is None else places(torch.arange(rows), starts)
        assert table.shape[0] == entries.shape[0] == 4
        assert len(lines) == entries.shape[1]
        assert table.shape[1] == (10 if starts is None else len(lines) + 1)
        assert table.dtype == entries.dtype == torch.float32
        assert not table.any()
        torch.testing.assert_close(entries.sum(-1), torch.ones(4, len(lines)))
        table[:, lines] = entries
        assert torch.equal(table[:, lines], entries)

    def test_the_average_of_draws_has_their_mean_probability(self, kind):
        task = make(kind)
        expected = torch.stack([task.probabilities(logits) for logits in LOGITS]).mean(0)
        torch.testing.assert_close(task.probabilities(task.average(LOGITS)), expected)

    def test_the_loss_of_draws_is_their_mean(self, kind):
        task = make(kind)
        targets = targets_of(task)
        expected = torch.stack([task.loss(logits, targets) for logits in LOGITS]).mean()
        torch.testing.assert_close(task.loss_of_draws(LOGITS, targets), expected)

    def test_its_tally_counts_what_it_decodes(self, kind):
        task = make(kind)
        tally, targets = task.tally(), targets_of(task)
        for part in (slice(0, 5), slice(5, 10)):
            tally(LOGITS[0][part], targets[part], words_of(task, part))
        chosen, result = task.choose(LOGITS[0]), tally.evaluate()
        assert len(result.predicted_C) == len(task.counted_names)
        if task.unit == "text":
            numbers = [number for label in chosen for number in task.numbers_in(label)]
            assert result.predicted_C == [numbers.count(number) for number in range(3)]
            assert task.decode(task.probabilities(LOGITS[0])) == [task.in_words(label) for label in chosen]
        assert result.f1_macro == pytest.approx(task.macro_f1(labels_of(task), by_text(task, chosen)))
        assert result.accuracy == pytest.approx(sum(map(eq, lines_of(task), chosen)) / 10)
        assert result.loss == pytest.approx(float(task.loss(LOGITS[0], targets)), abs=1e-6)
        assert torch.equal(result.logits_NC, LOGITS[0])

    def test_a_model_that_diverged_has_no_scores(self, kind):
        task = make(kind)
        tally = task.tally()
        tally(LOGITS[0].masked_fill(torch.arange(10)[:, None] == 3, torch.nan), targets_of(task), words_of(task))
        result = tally.evaluate()
        assert result.broken == 1
        assert math.isnan(result.f1_macro)
        assert math.isnan(result.accuracy)
        assert math.isnan(result.loss)


def test_several_labels_agree_with_torch_and_scikit_learn():
    task = MultiLabel(NAMES)
    targets = targets_of(task)
    bce = nn.functional.binary_cross_entropy_with_logits
    torch.testing.assert_close(task.loss(LOGITS[0], targets), bce(LOGITS[0], targets.float()))
    torch.testing.assert_close(task.loss(LOGITS[0], targets, smoothing=0.2), bce(LOGITS[0], targets * 0.8 + 0.1))
    weights = task.class_weights(targets)
    torch.testing.assert_close(task.loss(LOGITS[0], targets, weights), bce(LOGITS[0], targets.float(), pos_weight=weights))
    for number in range(3):
        expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=targets[:, number].numpy())
        assert float(weights[number]) == pytest.approx(expected[1] / expected[0])
    found = task.targets(task.choose(LOGITS[0]))
    expected = f1_score(targets, found, average="macro", zero_division=0)
    assert task.macro_f1(labels_of(task), task.choose(LOGITS[0])) == pytest.approx(expected)
    tally = task.tally()
    tally(LOGITS[0], targets)
    assert tally.evaluate().figures["f1_micro"] == pytest.approx(f1_score(targets, found, average="micro"))
    probs = LOGITS.sigmoid().mean(0)
    whole = [probs[row][targets[row] == 1].prod() * (1 - probs[row][targets[row] == 0]).prod() for row in range(10)]
    torch.testing.assert_close(task.label_probs(LOGITS, targets), torch.stack(whole))


def test_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match=r"data\.task must be multi, single, tags, or the import path of a .* got 'both'"):
        task_class("both")
    with pytest.raises(ValueError, match=r"data\.task: 'nowhere\.Task' is not known; import the module that defines it first"):
        task_class("nowhere.Task")
    with pytest.raises(ValueError, match=r"data\.task: 'nowhere\.Task' cannot be imported \(ModuleNotFoundError"):
        import_task("nowhere.Task")


def test_single_labels_agree_with_torch_and_scikit_learn():
    task = SingleLabel(NAMES)
    targets = targets_of(task)
    torch.testing.assert_close(task.loss(LOGITS[0], targets), nn.functional.cross_entropy(LOGITS[0], targets))
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
