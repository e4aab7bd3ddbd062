"""Reading and writing every format leaves cells unchanged; errors name the line."""

import datetime
import json
from pathlib import Path

import datasets
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alft.data.readers.files import read_file
from alft.data.readers.table import Table
from alft.use.output import write_table

ODD = [
    "NA",
    "None",
    "null",
    "007",
    "1.0",
    " spaced ",
    'a "quote", and comma',
    "two\nlines",
    "carriage\rreturn",
    "😀",
    "2020-01-01",
    "=1+1",
]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_cells_survive_writing_and_reading(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    write_table(path, Table({"id": [str(i) for i in range(len(ODD))], "text": ODD}), Table({"more": ODD[::-1]}))
    table = read_file(path)
    assert {name: list(cells) for name, cells in table.columns.items()} == {
        "id": [str(i) for i in range(len(ODD))],
        "text": ODD,
        "more": ODD[::-1],
    }


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_text_survives_csv_and_jsonl(tmp_path_factory, texts):
    for suffix in (".csv", ".tsv", ".jsonl"):
        path = tmp_path_factory.mktemp("any") / f"table{suffix}"
        write_table(path, Table({"text": texts}), Table({"number": ["1"] * len(texts)}))
        assert list(read_file(path).columns["text"]) == texts


def test_json_values_keep_their_types(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"text": "2020-01-01", "n": 1, "nested": {"a": [1, 2]}}, {"text": "x", "n": None, "nested": None, "late": 2.5}]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    table = read_file(path)
    assert list(table.columns["text"]) == ["2020-01-01", "x"]
    assert list(table.columns["n"]) == [1, None]
    assert list(table.columns["late"]) == [None, 2.5]
    write_table(tmp_path / "again.jsonl", table, Table({"predicted": ["a", None]}))
    again = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text().splitlines()]
    assert again == [
        {**rows[0], "late": None, "predicted": "a"},
        {**rows[1], "predicted": None},
    ]


def test_parquet_keeps_types_and_class_names(tmp_path):
    features = datasets.Features({"label": datasets.ClassLabel(names=["no", "yes"]), "when": datasets.Value("timestamp[s]")})
    when = datetime.datetime(2020, 1, 1)
    datasets.Dataset.from_dict({"label": [0, 1], "when": [when, when]}, features=features).to_parquet(tmp_path / "a.parquet")
    write_table(tmp_path / "b.parquet", read_file(tmp_path / "a.parquet"), Table({"probability_no": [0.25, None]}))
    table = read_file(tmp_path / "b.parquet")
    assert table.features["label"].names == ["no", "yes"]
    assert list(table.columns["when"]) == [when, when]
    assert list(table.columns["probability_no"]) == [0.25, None]


def test_columns_of_mixed_types_become_text_in_parquet(tmp_path):
    write_table(tmp_path / "a.parquet", Table({"mixed": [1, "a", None, {"b": 1}]}), Table({"p": [0.5] * 4}))
    assert list(read_file(tmp_path / "a.parquet").columns["mixed"]) == ["1", "a", None, '{"b": 1}']


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path):
    (tmp_path / "a.csv").write_bytes("text,label\ngood,a\n".encode("utf-8-sig"))
    assert list(read_file(tmp_path / "a.csv").columns) == ["text", "label"]


def test_what_pandas_writes_is_read_as_pandas_reads_it(tmp_path):
    texts = [text for text in ODD if "\r" not in text]  # pandas writes one that no reader, its own included, takes for text
    pd.DataFrame({"text": texts, "label": "x"}).to_csv(tmp_path / "a.csv")
    table = read_file(tmp_path / "a.csv")
    assert list(table.columns) == ["column 1", "text", "label"]
    assert list(table.columns["text"]) == texts


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "text,label\none,a\ntwo,b,c\n", "has more cells in line 3 than the header has columns (2, separated by ',')"),
        (
            "a.csv",
            'text,label\n"two\nlines",a\nlost\n',
            "has fewer cells in line 4 than the header has columns (2, separated by ',')",
        ),
        ("a.csv", 'text,label\n"never closed,a\n', "cannot be read: unexpected end of data"),
        ("a.csv", 'text,label\n"a"b,c\n', "cannot be read: ',' expected after '\"'"),
        ("a.jsonl", '{"text": "a"}\n[1]\n', "cannot be read: line 2 is no object with columns"),
        ("a.jsonl", '{"text": "a"}\n{"text": \n', "cannot be read: line 2 is not valid JSON"),
        ("a.jsonl", '{"text": "half \\ud800"}\n', "cannot be read: line 1 is not valid JSON"),
        ("a.jsonl", "[" * 100_000, "cannot be read"),
        ("a.json", '[{"text": "a"}, 3]', "cannot be read: entry 2 is no object with columns"),
        ("a.json", "[]", "holds no rows"),
        ("a.csv", "\n\n", "holds no rows"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, name, content, sentence):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the sentence is compared below
        read_file(path, "data.predict")
    assert str(caught.value).startswith(f"data.predict: {path} {sentence}")
