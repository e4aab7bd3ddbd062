"""Label and text cells as people and tools write them, numbered as in docs/input.md."""

import json
from pathlib import Path

import datasets
import pandas as pd
import pytest

from alft.data.corpus import load_corpus

from .conftest import summary_of
from .data_material import labels_of, rows, written

pytestmark = pytest.mark.usefixtures("in_a_folder")


ONE_LABEL = {
    "A1 a list of one": lambda name: [name],
    "A1 the choice of an object": lambda name: {"choices": [name]},
    "A1 flags": lambda name: {"pos": int(name == "pos"), "neg": int(name == "neg")},
    "A1 truth values": lambda name: {"pos": name == "pos", "neg": name == "neg"},
    "A1 sibling: a list written in a string": lambda name: json.dumps([name]),
    "A1 sibling: a list written by Python": lambda name: str([name]),
    "A1 sibling: an object written in a string": lambda name: json.dumps({"choices": [name]}),
    "A1 sibling: spaces around it": lambda name: f" {name}\t",
}
NO_LABEL = ([], None, "", "[]", {}, {"choices": []}, "  ", [None], float("nan"))


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize("form", ONE_LABEL.values(), ids=ONE_LABEL.keys())
def test_one_label_in_any_form_is_that_label(form, suffix):
    expected = dict(rows()) | {f"bez {i}": None for i in range(len(NO_LABEL))}
    records = [(text, form(name)) for text, name in rows()] + [(f"bez {i}", cell) for i, cell in enumerate(NO_LABEL)]
    corpus = load_corpus(written(f"d{suffix}", records))
    assert corpus.label_names == ["neg", "pos"]
    assert labels_of(corpus) == expected


def test_A1_lists_of_labels_in_parquet_are_read_alike():
    load = dict(rows())
    names = datasets.ClassLabel(names=["pos", "neg"])
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.List(names)})
    content = {"text": list(load), "label": [[names.str2int(name)] for name in load.values()]}
    datasets.Dataset.from_dict(content, features=features).to_parquet("d.parquet")
    assert load_corpus("d.parquet").label_names == ["pos", "neg"]
    assert labels_of(load_corpus("d.parquet")) == load
    assert labels_of(load_corpus(written("e.parquet", [(text, [name]) for text, name in rows()]))) == load


SEVERAL = {
    "A1 two labels in a list": (["pos", "neg"], "holds 2 labels, ['pos', 'neg']"),
    "A1 two labels in an object": ({"choices": ["pos", "neg"]}, "holds 2 labels, ['pos', 'neg']"),
    "A1 two flags": ({"pos": 1, "neg": 1}, "holds 2 labels, ['pos', 'neg']"),
    "A1 two labels in a string": ('["pos", "neg"]', "holds 2 labels, ['pos', 'neg']"),
    "A1 another object": ({"start": 3, "end": 7, "labels": ["pos"]}, "which is not one label"),
    "A1 probabilities": ({"pos": 0.7, "neg": 0.3}, "holds {'neg': 0.3, 'pos': 0.7}, which is not one label"),
    "A1 sibling: a very long list": (["pos"] * 10_000, "holds 10000 labels, ['pos', 'pos', "),
}


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
@pytest.mark.parametrize(("cell", "sentence"), SEVERAL.values(), ids=SEVERAL.keys())
def test_a_cell_that_is_not_one_label_is_refused_with_row_and_column(cell, sentence, suffix):
    name = written(f"d{suffix}", [*rows(4), ("dve", cell)])
    place = "line 5" if suffix == ".jsonl" else "row 5"
    with pytest.raises(ValueError, match=r"data\.source: the column 'label' of d\.jsonl? holds ") as caught:
        load_corpus(name)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(f"({place})")
    assert len(str(caught.value)) < 260


NESTED = {
    "A1 sibling: a list of lists": ('[["pos"]]', "a list of lists"),
    "A1 sibling: lists nested deeply": ("[" * 300 + "]" * 300, "a list of lists"),
    "A1 sibling: lists nested beyond Python": ("[" * 3000 + "]" * 3000, "is not valid JSON"),
    "A1 sibling: objects nested deeply": ('{"label":' * 900 + "1" + "}" * 900, "holds {'label':"),
}


@pytest.mark.parametrize(("cell", "sentence"), NESTED.values(), ids=NESTED.keys())
def test_nested_labels_are_refused(cell, sentence):
    sound = [json.dumps({"text": text, "label": name}) for text, name in rows(4)]
    Path("d.jsonl").write_text("\n".join([*sound, f'{{"text": "x", "label": {cell}}}']))
    with pytest.raises(ValueError, match=r"data\.source: .*line 5") as caught:
        load_corpus("d.jsonl")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        pytest.param(["Dobrá", "kniha"], "list", id="A2 a list of words"),
        pytest.param({"sk": "Dobrá"}, "dict", id="A2 sibling: an object of translations"),
    ],
)
def test_a_text_that_is_no_text_is_refused(cell, kind):
    with pytest.raises(ValueError, match=rf"data\.source: the column 'text' of d\.jsonl holds .*\({kind}\).*line 1\)"):
        load_corpus(written("d.jsonl", [(cell, "pos"), *rows(4)]))


def test_A2_sibling_bytes_in_parquet_are_refused():
    pd.DataFrame({"text": [text.encode() for text, _ in rows()], "label": [name for _, name in rows()]}).to_parquet("d.parquet")
    with pytest.raises(ValueError, match=r"the column 'text' of d\.parquet holds b'.*\(bytes\), which is no text \(row 1\)"):
        load_corpus("d.parquet")


def test_A4_the_only_row_of_a_class_stays_in_the_pool():
    many = [*rows(40), *[(f"vzácna {i}", f"rare{i}") for i in range(16)]]
    corpus = load_corpus(written("d.csv", many))
    pool = {corpus.label_names[label] for label in corpus.pool.labels}
    assert {f"rare{i}" for i in range(16)} <= pool
    assert any(remark.startswith("warning: classes with a single row in the pool") for remark in corpus.remarks)
    few = load_corpus(written("e.csv", [*rows(200), ("vzácna", "rare")]), limit=10)
    assert "rare" in {few.label_names[label] for label in few.pool.labels}
    assert len(few.pool) == 10


def test_A4_classes_without_a_row_are_named_in_one_line():
    many = [(f"veta {i}", f"trieda{i % 77:02}") for i in range(77 * 5)]
    corpus = load_corpus(written("d.csv", many), limit=50)
    assert len(corpus.pool) == 50
    (told,) = [remark for remark in corpus.remarks if "without a row in the pool" in remark]
    assert told.count("trieda") <= 20
    assert "more)" in told


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_A9_minus_one_beside_class_numbers_is_no_label(suffix):
    numbered = [(text, int(name == "pos")) for text, name in rows()]
    written(f"d/train{suffix}", [*numbered, *[(f"bez {i}", -1) for i in range(5)]])
    written(f"d/test{suffix}", [(f"skúška {i}", -1) for i in range(5)])
    corpus = load_corpus("d")
    assert corpus.label_names == ["0", "1"]
    assert [label for text, label in zip(corpus.pool.texts, corpus.pool.labels, strict=True) if "bez" in text] == [-1] * 5
    assert corpus.test is None
    assert corpus.remarks[0].startswith("the label -1 of 5 train rows, 5 test rows means no label beside the classes 0, 1")


@pytest.mark.parametrize("pair", [pytest.param((-1, 1), id="A9 signs"), pytest.param((-1, 0), id="A9 sibling: -1 and 0")])
def test_minus_one_is_a_class_where_there_are_only_two(pair):
    corpus = load_corpus(written("d.csv", [(text, pair[name == "pos"]) for text, name in rows()]))
    assert corpus.label_names == [str(number) for number in pair]


@pytest.mark.parametrize("count", [20, 2000])
def test_A10_a_column_of_row_numbers_is_no_column_of_labels(count):
    Path("d.csv").write_text("id,text,label\n" + "\n".join(f"{i},{t},{n}" for i, (t, n) in enumerate(rows(count))))
    with pytest.raises(
        ValueError, match=rf"data\.label_column: {count} of the {count} labels in the column 'id' of d\.csv occur"
    ):
        load_corpus("d.csv", label_column="id")


ALIKE = {
    "A10 case": ("pos", "Pos"),
    "A10 Unicode forms": ("dobr\u00e1", "dobra\u0301"),
    "A10 a zero-width character": ("pos", "pos\u200b"),
    "A10 zeros": ("0", "0.0"),
    "A10 ones": ("1", "1.0"),
    "A10 sibling: a no-break space": ("very good", "very\u00a0good"),
    "A10 sibling: wide letters": ("pos", "\uff50\uff4f\uff53"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_labels_that_look_alike_are_told(one, other):
    records = [(text, (one, other, "neg")[i % 3]) for i, (text, _) in enumerate(rows(60))]
    corpus = load_corpus(written("d.csv", records))
    (told,) = [remark for remark in corpus.remarks if "look alike" in remark]
    assert f"{one!a} and {other!a};" in told or f"{other!a} and {one!a};" in told
    assert "neg" not in told


def test_A10_lists_of_labels_are_cut_after_twenty():
    corpus = load_corpus(written("d.csv", [(f"veta {i}", f"trieda{i % 77:02}") for i in range(77 * 5)]))
    assert corpus.describe().count("trieda") == 20
    assert corpus.describe().endswith("... (57 more)")


@pytest.mark.parametrize("absent", ["nan", "None", "N/A", "?"])
def test_A10_sibling_classes_that_mean_a_missing_label_are_told(absent):
    corpus = load_corpus(written("d.csv", [(text, (name, absent)[i % 5 == 0]) for i, (text, name) in enumerate(rows())]))
    assert any(f"classes that may mean a missing label: {absent}" in remark for remark in corpus.remarks)


def test_A10_sibling_joined_labels_are_told():
    corpus = load_corpus(written("d.csv", [(text, (name, "neg#pos")[i % 5 == 0]) for i, (text, name) in enumerate(rows())]))
    assert any("classes that may be several labels in one cell: neg#pos" in remark for remark in corpus.remarks)


STATES = {
    "A11 Prodigy": ("answer", ["accept", "reject", "ignore", "accept"], "10 reject, 10 ignore"),
    "A11 sibling: Argilla": ("status", ["submitted", "discarded", "submitted", "submitted"], "10 discarded"),
    "A11 sibling: Label Studio": ("was_cancelled", [False, True, False, False], "10 cancelled"),
}


@pytest.mark.parametrize(("column", "states", "shown"), STATES.values(), ids=STATES.keys())
def test_rows_set_aside_in_annotation_are_told(column, states, shown):
    records = [{"text": t, "label": n, column: states[i // 2 % 4]} for i, (t, n) in enumerate(rows())]
    Path("d.jsonl").write_text("\n".join(map(json.dumps, records)))
    corpus = load_corpus("d.jsonl")
    (told,) = [remark for remark in corpus.remarks if "all rows are used" in remark]
    assert f"the column '{column}' of the train set has {shown}" in told


def test_A11_sibling_states_in_parquet_are_told_and_other_columns_are_not_read():
    states = ["reject" if i % 4 == 0 else "accept" for i in range(40)]
    table = pd.DataFrame(rows(), columns=["text", "label"]).assign(answer=states, vector=[[0.1, 0.2]] * 40)
    table.to_parquet("d.parquet")
    assert any("the column 'answer' of the train set has 10 reject" in remark for remark in load_corpus("d.parquet").remarks)


def test_A11_sibling_an_ordinary_column_of_that_name_is_not_told():
    records = [{"text": t, "label": n, "answer": f"odpoveď {i}"} for i, (t, n) in enumerate(rows())]
    Path("d.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert load_corpus("d.jsonl").remarks == []


def test_A5_sibling_letters_lost_in_a_conversion_are_told():
    corpus = load_corpus(written("d.csv", [(text.replace("á", "\ufffd"), name) for text, name in rows()]))
    assert any("40 train texts contain the character \ufffd" in remark for remark in corpus.remarks)


def test_A10_sibling_a_text_column_of_numbers_is_told():
    Path("d.csv").write_text("text,comment,label\n" + "\n".join(f"{i},{t},{n}" for i, (t, n) in enumerate(rows())))
    assert any("texts have no letter; is 'text' the data.text_column?" in remark for remark in load_corpus("d.csv").remarks)
    assert load_corpus("d.csv", text_column="comment").remarks == []


def test_remarks_stand_under_the_data_line_and_in_the_summary(fit, capsys):
    name = written("d.csv", [(text, ("Pos" if i < 20 else "pos", "neg")[i % 2]) for i, (text, _) in enumerate(rows())])
    folder = fit("--data.source", name, "--trainer.max_epochs", "1", "--active.cluster", "Whole")
    remarks = summary_of(folder)["remarks"]
    assert any("look alike" in remark for remark in remarks)
    shown = capsys.readouterr().out.splitlines()
    place = next(number for number, line in enumerate(shown) if line.startswith("data: pool of"))
    assert shown[place + 1 : place + 1 + len(remarks)] == [f"  - {remark}" for remark in remarks]
