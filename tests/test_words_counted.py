"""Where words have labels: what counts as a unit, what is asked for last, and files without a word."""

import json
from pathlib import Path

import pytest
import torch

from alft.cli.campaign_policy import _policy, _rule
from alft.cli.main import main
from alft.data.corpus import load_corpus
from alft.data.readers.conll import read_conll
from alft.grid.policies import NamedPolicy
from alft.grid.rehearsal import Rehearsal
from alft.models.windowed import middle
from alft.report.arms import gather
from alft.selection.acquisition import Entropy, LeastConfidence, Margin, PoolView
from alft.selection.budget import Constant
from alft.selection.labels import Labels
from alft.selection.ledger import Ledger, Selection
from alft.selection.plan import Words, plan_epochs
from alft.selection.stopping import advise
from alft.task.entities import EntityEvaluation

from .conftest import summary_of
from .tagging import finished_run, read_lines, write_lines


def test_a_budget_in_words_is_no_number_of_texts_to_ask_for():
    words = {"unit": "words", "budget": {"class_path": "Labels", "init_args": {"counts": [2000, 1000]}}, "max_unique": 0.5}
    rule = _rule(_policy(words), words, None, None)
    assert (rule.budget, rule.max_unique) == (None, None)
    with pytest.raises(ValueError, match=r"active\.unit must be rows in a config for ask, which hands out texts, got words"):
        _rule(_policy(words), words, {"active": words}, None)
    assert _rule(_policy(words), words, {"active": words}, 40).typed == 40


def test_a_rehearsal_counts_texts_whatever_the_config_counts():
    rehearsal = Rehearsal(("--active.unit=words",), 2, 50, 1, (), 1, {})
    arguments = rehearsal.of_policy(NamedPolicy("margin", {"acquire": "Margin"}), 0).arguments
    assert arguments.index("--active.unit=rows") > arguments.index("--active.unit=words")


@pytest.mark.parametrize(("acquire", "least"), [(Margin(), -0.5), (Entropy(), 0.0)])
def test_a_row_without_a_word_that_counts_is_the_last_one(acquire, least):
    outside = torch.tensor([0.999, 0.5, 0.9, 0.6, 0.9, 0.0])  # the last one belongs to no row
    probs_KNC = torch.stack([outside, 1 - outside], dim=1)[None]
    view = _view(probs_KNC, torch.tensor([0, 0, 1, 3, 5]), "entities")
    scores_N = view.by_row(acquire(view))
    assert scores_N[0] == scores_N[1] == scores_N.min(), "row 0 has no word, row 1 none that may be in an entity"
    assert scores_N[2] > scores_N[0]
    assert float(scores_N[0]) == pytest.approx(least, abs=1e-6)


def _view(probs_KNC, starts_N, reduce):
    rows = len(starts_N) - 1
    nothing, none = torch.zeros(rows, 0), torch.zeros(rows, dtype=torch.bool)
    return PoolView(
        probs_KNC, none.long(), none.float(), nothing, nothing, none, none, "text", torch.Generator(), starts_N, reduce
    )


def test_scores_of_words_are_scores_of_words_where_there_are_as_many_as_rows():
    probs_KNC = torch.tensor([[[0.5, 0.5], [0.9, 0.1], [0.0, 1.0]]])
    view = _view(probs_KNC, torch.tensor([0, 0, 1, 2]), "mean")  # three rows, two words, and the one of no row
    scores_N = view.by_row(Entropy()(view))
    assert scores_N.tolist() == pytest.approx([0.0, 0.6931, 0.3251], abs=1e-4)


def test_mnlp_leaves_entropies_that_share_out_rows_as_they_are():
    probs_KNC = torch.full((1, 5, 5), 0.2)
    view = _view(probs_KNC, torch.tensor([0, 2, 4]), "mnlp")
    assert view.doubt_by_row(Entropy()(view)).tolist() == pytest.approx([1.6094, 1.6094], abs=1e-4)
    assert view.by_row(LeastConfidence()(view)).tolist() == pytest.approx([1.6094] * 2, abs=1e-4)


@pytest.mark.parametrize(
    ("budget", "mode", "told"),
    [
        (
            Constant(0.01),
            "recalculate",
            "leaves epoch 0 with 6 words, and active.mode recalculate needs the 7 of the shortest row",
        ),
        (Constant(1 / 3), "unseen", "leaves epoch 3 with 3 words, and active.mode unseen needs the 26 of the longest row"),
    ],
)
def test_sets_that_may_have_too_few_words_for_a_row_are_refused_beforehand(budget, mode, told):
    words = Words(495 if mode == "unseen" else 600, 7, 26)
    sizes = {"recalculate": 2, "unseen": 4}[mode]
    if mode == "unseen":
        budget = Labels((164, 164, 164, 3))
    with pytest.raises(ValueError, match=told):
        plan_epochs(budget, sizes, 60, mode, words=words)
    assert plan_epochs(Labels((100, 3)), 2, 60, "accumulate", words=words).sizes == (100, 103)


def test_advice_counts_what_is_left_in_words():
    words_N = torch.tensor([1] * 50 + [29] * 50)
    ledger = Ledger(torch.ones(100, dtype=torch.bool), words_N)
    plan = plan_epochs(Labels((10, 20)), 2, 100, "accumulate", max_unique=0.02, words=ledger.row_words)
    ledger.record(0, Selection(torch.arange(10)))
    ledger.validation[0] = 0.5
    (advice,) = advise(ledger, plan, 50)
    assert plan.cap == 30
    assert "no more labels can be bought" not in advice.missing


def test_files_without_a_word_are_read():
    assert read_conll(b"1\tv\tO\n\n1-2\tdo\tO\n").columns["tokens"] == [["v"]]


def test_a_type_may_be_called_macro():
    counts = torch.tensor([[4, 4, 4], [4, 4, 0]])
    found = EntityEvaluation(counts_T3=counts, kinds=["micro", "macro"], words=1, right=0, loss=0.0)
    assert found.figures["f1_macro"] == found.f1_macro
    assert found.figures["f1_micro"] == found.f1_micro


def test_predictions_for_blank_and_unlabelled_sentences(sentences, workplace):
    run = finished_run(workplace, "--trainer.max_epochs", "1")
    predict = ["predict", "--ckpt_path", str(run / "checkpoints" / "last.ckpt"), "--data.predict"]
    write_lines(Path("blank.jsonl"), [{"tokens": []}, {"tokens": []}])
    assert main([*predict, "blank.jsonl", "--output", "blank_out.jsonl"]) == 0
    assert [row["predicted"] for row in read_lines("blank_out.jsonl")] == [None, None]
    write_lines(Path("some.jsonl"), [{"tokens": ["Anna", "a"], "tags": ["B-PER", "O"]}, {"tokens": ["Olga"], "tags": None}])
    assert main([*predict, "some.jsonl", "--output", "some.conll"]) == 0
    lines = [line.split("\t") for line in Path("some.conll").read_text().splitlines() if line]
    assert [line[:2] for line in lines] == [["Anna", "B-PER"], ["a", "O"], ["Olga", "_"]]
    assert len({len(line) for line in lines}) == 1
    assert main([*predict, "some.conll", "--output", "again.conll"]) == 0


def test_a_report_knows_that_words_have_labels_by_what_was_bought(sentences, workplace):
    run = finished_run(workplace, "--trainer.max_epochs", "1")
    summary = summary_of(run)
    summary["settings"]["task"] = "my_module.MyTags"  # a task of a person's own
    (run / "summary.json").write_text(json.dumps(summary))
    (arm,) = gather(run)
    assert not arm.broken_predictions
    assert arm.predictions


def test_the_window_reads_the_middle_half_of_the_layers():
    states = tuple(torch.eye(9)[layer].view(1, 1, 9) for layer in range(9))  # of the embeddings and of eight layers
    (mean,) = middle(states).view(1, 9)
    assert mean.topk(5).indices.sort().values.tolist() == [2, 3, 4, 5, 6]
    assert mean[2:7].std() < 1e-6


def test_what_cannot_be_learnt_is_a_type(in_a_folder):
    of_one_word = [{"tokens": [f"Anna{n}", f"a{n}"], "tags": ["B-PER", "O"]} for n in range(30)]
    write_lines(Path("d.jsonl"), [*of_one_word, {"tokens": ["Praha", "x"], "tags": ["B-LOC", "O"]}])
    told = [remark for remark in load_corpus("d.jsonl", task="tags").remarks if "learnt" in remark]
    assert told == ["warning: classes with a single row in the pool, which can hardly be learnt: LOC"]
