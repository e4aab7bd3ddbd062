"""From files to a pool: formats, columns, label names, splits and limits."""

import json
from collections import Counter

import datasets
import pandas as pd
import pytest
import torch

from alft.data.columns import find_column
from alft.data.corpus import load_corpus
from alft.data.readers.table import Table
from alft.data.rows import stratified
from alft.data.sampler import Grouping, SubsetSampler
from alft.data.tokens import tokenize
from alft.models.backbone import load_pretrained
from alft.task.labels import in_order, read_labels

ROWS = [("good film", "yes"), ("NA", "no"), ('a "quoted", one', "yes"), ("null", "no")] * 5


def write(path, rows=ROWS):
    table = pd.DataFrame(rows, columns=["text", "label"])
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".tsv":
        table.to_csv(path, index=False, sep="\t")
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_parquet(path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_pool(tmp_path, suffix):
    for split in ("train", "dev", "test"):
        write(tmp_path / f"{split}{suffix}")
    corpus = load_corpus(str(tmp_path))
    assert corpus.pool.texts == [text for text, _ in ROWS]
    assert [corpus.label_names[label] for label in corpus.pool.labels] == [label for _, label in ROWS]
    assert corpus.validation.texts == corpus.test.texts == corpus.pool.texts


def test_rows_with_an_empty_label_stay_and_blank_texts_go(tmp_path):
    write(tmp_path / "train.csv", [("one", "a"), ("two", ""), ("  ", "b"), ("four", "b"), ("five", "a")])
    write(tmp_path / "validation.csv", [("six", "a"), ("seven", "")])
    corpus = load_corpus(str(tmp_path))
    assert corpus.pool.texts == ["one", "two", "four", "five"]
    assert corpus.pool.labels == [0, -1, 1, 0]
    assert corpus.blank == 1
    assert corpus.validation.texts == ["six"]  # a row without a label can measure nothing
    assert corpus.test is None


def test_a_label_of_blank_rows_alone_makes_no_class(tmp_path):
    write(tmp_path / "train.csv", [("one", "a"), ("two", "b"), (" ", "c")])
    write(tmp_path / "validation.csv", [("six", "a")])
    assert load_corpus(str(tmp_path)).label_names == ["a", "b"]


def test_one_file_is_split_80_10_10_and_every_label_keeps_its_share(tmp_path):
    write(tmp_path / "all.csv", [(f"text {i}", "ab"[i % 4 == 0]) for i in range(200)])
    corpus = load_corpus(str(tmp_path / "all.csv"))
    assert [len(corpus.pool), len(corpus.validation), len(corpus.test)] == [160, 20, 20]
    assert Counter(corpus.pool.labels) == {0: 120, 1: 40}
    assert Counter(corpus.test.labels) == {0: 15, 1: 5}
    assert len({*corpus.pool.texts, *corpus.validation.texts, *corpus.test.texts}) == 200


def test_a_mostly_unlabelled_file_keeps_most_of_its_labels_in_the_pool(tmp_path):
    write(tmp_path / "all.csv", [(f"text {i}", "ab"[i % 2] if i < 20 else "") for i in range(200)])
    corpus = load_corpus(str(tmp_path / "all.csv"))
    assert [len(corpus.pool.labelled), len(corpus.validation), len(corpus.test)] == [16, 2, 2]
    assert len(corpus.pool) == 196


def test_a_folder_without_validation_gives_a_tenth_of_train(tmp_path):
    write(tmp_path / "train.csv", [(f"text {i}", "ab"[i % 2]) for i in range(50)])
    corpus = load_corpus(str(tmp_path))
    assert [len(corpus.pool), len(corpus.validation)] == [45, 5]


def test_limits_are_exact_stratified_and_drawn_by_the_data_seed_alone(tmp_path):
    for split in ("train", "validation"):
        write(tmp_path / f"{split}.csv", [(f"{split} {i}", "ab"[i % 4 == 0]) for i in range(80)])
    torch.manual_seed(1)
    first = load_corpus(str(tmp_path), limit=20, limit_validation=8, seed=5)
    torch.manual_seed(2)
    again = load_corpus(str(tmp_path), limit=20, limit_validation=8, seed=5)
    other = load_corpus(str(tmp_path), limit=20, limit_validation=8, seed=6)
    assert Counter(first.pool.labels) == {0: 15, 1: 5}
    assert Counter(first.validation.labels) == {0: 6, 1: 2}
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert len(load_corpus(str(tmp_path), limit=1000).pool) == 80


def test_a_stratified_draw_keeps_shares_within_one_row():
    labels = [0] * 70 + [1] * 25 + [-1] * 5
    for count in range(101):
        drawn = Counter(labels[row] for row in stratified(labels, count, seed=0, purpose="test"))
        assert sum(drawn.values()) == count
        assert all(abs(drawn[label] - size * count / 100) < 1 for label, size in Counter(labels).items())


def test_the_fingerprint_holds_no_pool_label(tmp_path):
    write(tmp_path / "validation.csv")
    write(tmp_path / "train.csv")
    before = load_corpus(str(tmp_path))
    write(tmp_path / "train.csv", [(text, {"yes": "no", "no": "yes"}[label]) for text, label in ROWS])
    after = load_corpus(str(tmp_path))
    assert before.pool.labels != after.pool.labels
    assert before.fingerprint == after.fingerprint
    assert before.describe() == after.describe()


@pytest.mark.parametrize(
    ("wanted", "columns", "found"),
    [
        (None, ["id", "Text", "label"], "Text"),
        (None, ["review", "sentence", "stars"], "sentence"),  # the first well-known name, not the first column
        ("stars", ["text", "stars"], "stars"),
    ],
)
def test_columns_are_found(wanted, columns, found):
    table = Table({name: ["x"] for name in columns})
    assert find_column(table, wanted, ("text", "sentence", "review"), "data.text_column") == found


@pytest.mark.parametrize(
    ("names", "feature", "order"),
    [
        ({"10", "9", "2"}, None, ["2", "9", "10"]),
        ({"1.5", "-1"}, None, ["-1", "1.5"]),
        ({"pos", "neg"}, None, ["neg", "pos"]),
        ({"1.0", "1", "01", "0"}, None, ["0", "01", "1", "1.0"]),  # equal as numbers: by the alphabet
        ({"nan", "1", "0"}, None, ["0", "1", "nan"]),
        ({"bad", "good"}, datasets.ClassLabel(names=["good", "fair", "bad"]), ["good", "bad"]),
    ],
)
def test_label_order_is_the_data_sets_own_then_by_number_then_by_alphabet(names, feature, order):
    assert in_order(names, feature) == order


def test_label_cells_become_names():
    assert read_labels(["a", " b ", "", None], None, str) == ["a", "b", None, None]
    assert read_labels([1.0, 0.5, float("nan"), True], None, str) == ["1", "0.5", None, "True"]
    assert read_labels([1, 0, -1], datasets.ClassLabel(names=["no", "yes"]), str) == ["yes", "no", None]


def hub_of(**splits):
    """What the hub's client hands over: named splits, labels as class numbers with their names."""
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["good", "bad"])})
    return datasets.DatasetDict({name: datasets.Dataset.from_dict(rows, features=features) for name, rows in splits.items()})


def test_a_hub_id_gives_its_splits_with_the_label_names_of_its_own(monkeypatch):
    rows = {"text": ["a", "b", "c", "d"], "label": [0, 1, -1, 1]}
    asked = []
    monkeypatch.setattr(
        datasets, "load_dataset", lambda name, subset: asked.append(name) or hub_of(train=rows, dev=rows, test=rows)
    )
    corpus = load_corpus("someone/some_data")
    assert asked == ["someone/some_data"]
    assert corpus.label_names == ["good", "bad"]
    assert corpus.pool.labels == [0, 1, -1, 1]
    assert len(corpus.validation) == len(corpus.test) == 3


def test_a_hub_id_without_train_is_refused(monkeypatch):
    rows = {"text": ["a"], "label": [0]}
    monkeypatch.setattr(datasets, "load_dataset", lambda name, subset: hub_of(test=rows, extra=rows))
    with pytest.raises(ValueError, match=r"data\.source: someone/some_data has no train split; it has: test, extra"):
        load_corpus("someone/some_data")


def test_number_labels_in_jsonl_with_one_blank_stay_whole_numbers(tmp_path):
    rows = [{"sentence": f"t{i}", "rating": i % 2} for i in range(6)] + [{"sentence": "t6", "rating": None}]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, rows[:6])))
    (tmp_path / "validation.jsonl").write_text("\n".join(map(json.dumps, rows[:6])))
    assert load_corpus(str(tmp_path)).label_names == ["0", "1"]


def test_tokens_in_one_array_are_what_the_tokenizer_says(tiny_bert):
    from transformers import AutoTokenizer

    tokenizer = load_pretrained(AutoTokenizer, str(tiny_bert))
    texts = ["the plot of this film is lovely", "awful", "a " * 50]
    tokens = tokenize(texts, tokenizer, max_length=12)
    expected = tokenizer(texts, truncation=True, max_length=12, padding=True, return_tensors="pt")
    batch = tokens.batch([0, 1, 2])
    assert torch.equal(batch["input_ids"], expected["input_ids"])
    assert torch.equal(batch["attention_mask"], expected["attention_mask"])
    assert tokens.lengths.tolist() == expected["attention_mask"].sum(1).tolist()
    assert tokens.batch([1])["input_ids"].shape[1] == tokens.lengths[1]


def test_a_sampler_gives_every_row_once_in_an_order_of_seed_and_epoch():
    rows = torch.tensor([3, 5, 8, 13, 21])
    order = list(SubsetSampler(rows, seed=0, epoch=1))
    assert sorted(order) == rows.tolist()
    assert order == list(SubsetSampler(rows, seed=0, epoch=1))
    assert order != list(SubsetSampler(rows, seed=0, epoch=2))
    assert len(SubsetSampler(rows, seed=0, epoch=1)) == 5


def test_grouped_batches_hold_every_row_once_and_little_padding():
    lengths = torch.randint(3, 128, (2000,), generator=torch.Generator().manual_seed(0))
    rows = torch.arange(0, 2000, 2)[:-3]  # 997 rows: the last batch is not full
    grouping = Grouping(lengths, batch=16)
    order = torch.tensor(list(SubsetSampler(rows, seed=0, epoch=1, grouping=grouping)))
    assert torch.equal(order.sort().values, rows)
    assert order.tolist() == list(SubsetSampler(rows, seed=0, epoch=1, grouping=grouping))
    assert order.tolist() != list(SubsetSampler(rows, seed=0, epoch=2, grouping=grouping))

    def real_share(order):
        batches = order.split(16)
        return float(lengths[order].sum() / sum(len(batch) * lengths[batch].max() for batch in batches))

    assert real_share(order) > 0.9
    assert real_share(torch.tensor(list(SubsetSampler(rows, seed=0, epoch=1)))) < 0.7
    widths = torch.stack([lengths[batch].max() for batch in order[:992].split(16)])
    few = torch.arange(300)
    first, second = (torch.tensor(list(SubsetSampler(few, 0, epoch, grouping)))[:288].view(18, 16) for epoch in (0, 1))
    pairs = [{(a, b) for batch in order.tolist() for a in batch for b in batch if a < b} for order in (first, second)]
    assert len(pairs[0] & pairs[1]) / len(pairs[0]) < 0.4, "who meets whom changes from epoch to epoch"
    assert not torch.equal(widths, widths.sort().values), "the batches come in random order"
