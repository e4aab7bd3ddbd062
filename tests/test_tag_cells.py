"""Reading words and tags: cells, files of a word a line, schemes of tags, words and their tokens, and counts of entities."""

import json
import random
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from transformers import AutoTokenizer

from alft.controls.crf import crf_predictions, word_features
from alft.data.corpus import load_corpus
from alft.data.readers.conll import read_conll
from alft.data.tokens import labelled_batch, load_tokenizer, tokenize
from alft.data.word_tokens import first_tokens
from alft.selection.several import by_row
from alft.system.spans import in_iob2, spans_of, tags_of
from alft.task.entities import EntityEvaluation, count_entities
from alft.task.labels import written_value
from alft.task.sentences import read_sentences, read_tags, words_in
from alft.task.tags import Tags

from .conftest import SHARED, needs_shared

KINDS = ["LOC", "ORG", "PER"]
NAMES = Tags.in_order([f"B-{kind}" for kind in KINDS], None)


def random_taggings(seed, count):
    rng = random.Random(seed)
    return [[rng.choice(NAMES) for _ in range(rng.randrange(1, 12))] for _ in range(count)]


def test_entities_are_counted_as_nervaluate_counts_them():
    truth, other = random_taggings(0, 1000), random_taggings(1, 1000)
    rng = random.Random(2)  # half of the tags agree, so that some entities are right
    found = [
        [b if rng.random() < 0.3 else a for a, b in zip(one, two * 12, strict=False)]
        for one, two in zip(truth, other, strict=True)
    ]
    mine = EntityEvaluation(
        counts_T3=count_entities(map(spans_of, truth), map(spans_of, found), KINDS), kinds=KINDS, words=1, right=0, loss=0.0
    )
    evaluated = Evaluator(truth, found, tags=KINDS, loader="list").evaluate()
    assert 0.2 < mine.f1_micro < 0.8
    assert mine.f1_micro == pytest.approx(evaluated["overall"]["strict"].f1)
    for kind in KINDS:
        assert mine.figures[f"f1_{kind}"] == pytest.approx(evaluated["entities"][kind]["strict"].f1)


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12))
def test_spans_and_tags_are_each_other(tags):
    spans = spans_of(tags)
    assert spans_of(tags_of(spans, len(tags))) == spans
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert in_iob2([tags])[0] == [tuple(tags_of(spans, len(tags)))]


SCHEMES = [
    (["B-PER", "I-PER", "O", "B-LOC"], "IOB2", 0),
    (["I-PER", "I-PER", "O", "I-LOC"], "IOB1", 1),
    (["B-PER", "E-PER", "O", "S-LOC"], "IOBES", 1),
    (["B-PER", "L-PER", "O", "U-LOC"], "BILOU", 1),
    (["PER", "PER", "O", "LOC"], "IO", 1),
]


@pytest.mark.parametrize(("tags", "scheme", "told"), SCHEMES, ids=[scheme for _, scheme, _ in SCHEMES])
def test_every_scheme_becomes_iob2(tags, scheme, told):
    read, remarks = in_iob2([tags, None])
    assert read == [("B-PER", "I-PER", "O", "B-LOC"), None]
    assert len(remarks) == told


def test_cells_of_words_and_tags():
    words = [["v", "New York"], "['v', 'Prahe']", " v\tPrahe ", ["1", 2.5], None, "[x]"]
    assert read_sentences(words, str) == ["v New\N{NO-BREAK SPACE}York", "v Prahe", "v Prahe", "1 2.5", "", "[x]"]
    assert read_tags([["O", "B-A"], '["O", "B-A"]', "O B-A", [], None, ""], None, str) == [
        *[("O", "B-A")] * 3,
        None,
        None,
        None,
    ]
    for cells, sentence in [
        ([["a", ""]], "holds an empty word, number 2 of 2; leave it out with its tag (at 0)"),
        ([{"a": 1}], "where a list of words is expected (at 0)"),
        ([[["a"]]], "where a word is expected (at 0)"),
    ]:
        with pytest.raises(ValueError, match=r"at 0") as error:
            read_sentences(cells, lambda row: f"at {row}")
        assert sentence in str(error.value)
    with pytest.raises(ValueError, match=r"holds a word without a tag; write O for a word in no entity \(at 0\)"):
        read_tags([["O", None]], None, lambda row: f"at {row}")


FILES = {
    "conll2003": "-DOCSTART- -X- -X- O\n\nv -X- _ O\nPrahe -X- _ B-LOC\n\nDoma -X- _ O\n",
    "iob2": "# sent_id = 1\n# text = v Prahe\n1\tv\tO\t-\tx\n2\tPrahe\tB-LOC\t-\tx\n\n# sent_id = 2\n1\tDoma\tO\t-\tx\n",
    "windows": "\ufeffv\tO\r\nPrahe\tB-LOC\r\n\r\n\r\nDoma\tO\r\n",
    "spaces": "v O\nPrahe B-LOC\n\nDoma O",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_files_with_a_word_a_line(text):
    table = read_conll(text.encode())
    assert table.columns == {"tokens": [["v", "Prahe"], ["Doma"]], "tags": [["O", "B-LOC"], ["O"]]}


def test_hashes_words_alone_and_lines_that_do_not_fit():
    assert read_conll(b"#\tO\n1\tB-X\n").columns == {"tokens": [["#", "1"]], "tags": [["O", "B-X"]]}
    assert read_conll(b"Dom\nje\n\nV\n").columns == {"tokens": [["Dom", "je"], ["V"]]}
    with pytest.raises(ValueError, match=r"line 4 has 1 columns, 'b', but line 1 has 2"):
        read_conll(b"a\tO\na\tO\n\nb\n")
    assert read_conll(b"a\tPREP\nb\tNOUN\n").columns == {"tokens": [["a", "b"]]}
    assert read_conll(b"#Praha\tLOC\nje\tO\n#\tO\n").columns["tokens"] == [["#Praha", "je", "#"]]
    assert read_conll(b"#\nje\n\nJan\n#praha\n").columns["tokens"] == [["#", "je"], ["Jan", "#praha"]]
    assert read_conll(b"# text = O tom je\nO O\nje O\n").columns["tokens"] == [["O", "je"]]
    assert read_conll(b"v\tO\rPrahe\tB-LOC\r\rDoma\tO\r").columns["tokens"] == [["v", "Prahe"], ["Doma"]]
    several = b"1-2\tabych\t_\t-\n1\taby\tO\t-\n2\tbych\tO\t-\n\n1\tPraha\tB-LOC\t-\n"
    assert read_conll(several).columns == {"tokens": [["aby", "bych"], ["Praha"]], "tags": [["O", "O"], ["B-LOC"]]}
    onward = b"1\tv\tO\n2\tPrahe\tB-LOC\n\n3\tDoma\tO\n"
    assert read_conll(onward).columns["tokens"] == [["v", "Prahe"], ["Doma"]]
    assert read_conll(b"1990\tO\n2\tB-X\n").columns["tokens"] == [["1990", "2"]]


def rows_of(count, **more):
    return [{"tokens": ["a", "Praha", "b"], "tags": ["O", "B-LOC", "O"], **more} for _ in range(count)]


def write(path, rows):
    Path(path).write_text("\n".join(map(json.dumps, rows)) + "\n")


def test_a_corpus_of_tags_and_what_is_refused(in_a_folder):
    write("all.jsonl", [*rows_of(20), {"tokens": ["x"], "tags": None}, {"tokens": ["P", "Q"], "tags": ["I-PER", "I-PER"]}])
    corpus = load_corpus("all.jsonl", task="tags")
    assert corpus.label_names == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    labels = dict(zip(corpus.pool.texts, corpus.pool.labels, strict=True))
    assert labels["x"] == -1
    assert labels["P Q"] == (3, 4)
    assert any("tags I- that continue no entity begin one: 1" in remark for remark in corpus.remarks)
    faults = [
        ([{"tokens": ["a", "b"], "tags": ["O"]}], r"holds 1 tags for 2 words, 'a b' \(line 21\); each word needs one tag"),
        (
            [{"tokens": ["a"], "tags": ["NOUN"]}],
            r"holds the tag 'NOUN' \(line 21\), but others begin with B- or I-",
        ),
        ([{"tokens": ["a"], "tags": ["B-"]}], r"holds the tag 'B-' \(line 21\)"),
        ([{"tokens": ["a"], "tags": 5}], r"where a list of tags is expected \(line 21\)"),
    ]
    for more, sentence in faults:
        write("all.jsonl", [*rows_of(20), *more])
        with pytest.raises(ValueError, match=sentence):
            load_corpus("all.jsonl", task="tags")
    write("all.jsonl", [{"tokens": ["a", str(n)], "tags": ["O", "O"]} for n in range(20)])
    with pytest.raises(ValueError, match=r"no word of the train set is in an entity, all tags are O"):
        load_corpus("all.jsonl", task="tags")


def test_an_unknown_type_in_the_test_set_is_refused_and_a_longer_entity_is_not(in_a_folder):
    Path("d").mkdir()
    write("d/train.jsonl", rows_of(20))
    write("d/test.jsonl", [{"tokens": ["New", "York"], "tags": ["B-LOC", "I-LOC"]}])
    assert load_corpus("d", task="tags").test.labels == [(1, 2)]
    write("d/test.jsonl", [{"tokens": ["Anna"], "tags": ["B-PER"]}])
    with pytest.raises(ValueError, match=r"test\.jsonl has the label 'B-PER' \(row 1\), which the train set does not have"):
        load_corpus("d", task="tags")


def test_parquet_with_class_numbers_is_read(in_a_folder):
    from datasets import ClassLabel, Dataset, Features, List, Value

    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-LOC", "I-LOC"]))})
    rows = {"tokens": [["v", "Prahe"]] * 20, "ner_tags": [[0, 1]] * 20}
    Dataset.from_dict(rows, features=features).to_parquet("all.parquet")
    corpus = load_corpus("all.parquet", task="tags")
    assert corpus.label_names == ["O", "B-LOC", "I-LOC"]
    assert set(corpus.pool.labels) == {(0, 1)}


@needs_shared
@pytest.mark.parametrize("name", ["slovak_wiki", "slovak_snk", "swahili"])
def test_first_tokens_are_those_of_the_fast_tokenizer(name):
    """Against the numbers of words that transformers gives for texts split beforehand."""
    backbone = str(SHARED / "models" / "e5-small-wide")
    tokenizer = AutoTokenizer.from_pretrained(backbone)
    lines = (SHARED / "ner" / name / "validation.jsonl").read_text().splitlines()[:400]
    sentences = [json.loads(line)["tokens"] for line in lines]
    texts = read_sentences(sentences, str)
    offsets = tokenizer(texts, return_offsets_mapping=True)["offset_mapping"]
    split = tokenizer([words_in(text) for text in texts], is_split_into_words=True)
    compared = 0
    for row, text in enumerate(texts):
        first, kept = first_tokens(text, offsets[row])
        found = [number for number, mark in enumerate(first) if mark]
        numbers = split.word_ids(row)
        if split["input_ids"][row] != tokenizer(text)["input_ids"]:
            continue  # words are cut into other tokens when they stand alone
        expected = [numbers.index(word) for word in sorted({number for number in numbers if number is not None})]
        shown = tokenizer.convert_ids_to_tokens(split["input_ids"][row])
        # A token of the space between two words belongs to neither; at the beginning there is no such space.
        expected = [place + (place > 1 and shown[place] == "\u2581") for place in expected]
        assert (found, sum(kept)) == (expected, len(expected))
        compared += 1
    assert compared > 0.9 * len(texts)


def test_targets_follow_the_words_with_a_token(tiny_bert):
    texts = ["a b c", "d e", "f g h i"]
    tokens = tokenize(texts, load_tokenizer(str(tiny_bert), 5), 5, "word")
    assert tokens.words.kept_W.tolist() == [True] * 8 + [False]
    assert tokens.words.starts_N.tolist() == [0, 3, 5, 8]
    task = Tags(["O", "B-A", "I-A"])
    batch = labelled_batch(tokens, [(0, 1, 2), -1, (0, 0, 1, 2)], task, [2, 0, 1])
    assert batch["labels"].tolist() == [0, 0, 1, 2, 0, 1, 2, -1, -1]
    assert batch["kept"].tolist() == [True, True, True, False, *[True] * 5]
    assert batch["words"].tolist() == [4, 3, 2]
    assert batch["first"].sum(1).tolist() == [3, 3, 2]
    assert tokens.targets(task, [(0, 1, 2), (0, 0, 1, 2)], [0, 2]).tolist() == [0, 1, 2, 0, 0, 1]
    assert tokens.by_text([1, 2, 3, 4, 5, 6, 7, 8], 0) == [(1, 2, 3), (4, 5), (6, 7, 8, 0)]


def test_scores_of_words_become_those_of_a_sentence():
    probs_UC = torch.tensor([[0.99, 0.01], [0.6, 0.4], [0.2, 0.8], [0.96, 0.04], [0.0, 0.0]])
    starts, doubt = torch.tensor([0, 3, 4, 4]), 1 - probs_UC.amax(-1)
    of_words = {"mean": doubt[:3].mean(), "max": doubt[:3].max(), "sum": doubt[:3].sum(), "entities": doubt[1:3].mean()}
    of_words["mnlp"] = -probs_UC[:3].amax(-1).log().mean()
    single = {"entities": 0.0, "mnlp": float(-probs_UC[3].amax().log())}
    for reduce, expected in of_words.items():
        found = by_row(doubt, starts, reduce, probs_UC[:, 0])
        assert found.tolist() == pytest.approx([float(expected), single.get(reduce, 0.04), 0.0], abs=1e-6)


def test_the_field_learns_what_shapes_tell():
    rng = random.Random(0)
    sentences = [[rng.choice(["a", "b", "Cd", "Ef"]) for _ in range(8)] for _ in range(60)]
    tags = [["B-X" if word.istitle() else "O" for word in words] for words in sentences]
    features = [word_features(words) for words in sentences]
    calls = []
    assert crf_predictions(features[:40], tags[:40], features[40:], lambda: calls.append(1)) == tags[40:]
    assert calls

    def stop():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        crf_predictions(features, tags, features, stop)


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("v Prahe je", "O B-LOC O"),
        ("['v', 'Prahe', 'je']", '["O", "B-LOC", "O"]'),
        ("['v' 'Prahe' 'je']", "['O' 'B-LOC' 'O']"),  # as pandas writes the arrays of a Parquet file
    ],
)
def test_tags_in_a_csv_file(in_a_folder, words, tags):
    rows = pd.DataFrame({"text": [words] * 20 + ["text"], "tags": [tags] * 20 + ["tags"]})  # the last one is a second header
    rows.to_csv("all.csv", index=False)
    corpus = load_corpus("all.csv", task="tags")
    assert (set(corpus.pool.texts), set(corpus.pool.labels)) == ({"v Prahe je"}, {(0, 1, 0)})
    assert any("rows equal to the header" in remark for remark in corpus.remarks)


def test_a_list_that_numpy_writes_is_one(in_a_folder):
    assert written_value("['a' 'b']") == ["a", "b"]
    assert written_value("['a'\n \"it's\" 'c']") == ["a", "it's", "c"]
    assert written_value("[0 3 12]") == ["0", "3", "12"]
    assert written_value("['a', 'b']") == ["a", "b"]
    assert written_value("['a']") == ["a"]
    assert written_value("[so it is]") is None
