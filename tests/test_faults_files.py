"""Files as people and tools write them, numbered as in docs/input.md: what is read, told and refused."""

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from alft.data.columns import LABEL_NAMES, TEXT_NAMES
from alft.data.corpus import load_corpus
from alft.data.readers.delimited import HEAD, recognise
from alft.data.readers.files import read_file

from .conftest import SHARED, needs_shared
from .data_material import WORDS, labels_of, rows, written

pytestmark = pytest.mark.usefixtures("in_a_folder")


def stray(count: int, separator: str = "\t") -> str:
    """26 rows, two of which begin with a stray double quote, ``count`` rows apart."""
    lines = [f"{text}{separator}{name}" for text, name in rows(26)]
    lines[3], lines[3 + count] = '"' + lines[3], '"' + lines[3 + count]
    return "\n".join([f"text{separator}label", *lines]) + "\n"


@pytest.mark.parametrize("name", [pytest.param("d.tsv", id="A3 tabs"), pytest.param("d.csv", id="A3 commas")])
def test_rows_swallowed_by_stray_quotes_are_refused_with_their_lines(name):
    separator = "\t" if name == "d.tsv" else ","
    content = stray(11, separator)
    Path(name).write_text(content.replace('"' + WORDS[4], WORDS[4] + '"'))  # the second one closes the first
    with pytest.raises(ValueError, match=r"data\.source: d\.[ct]sv .*line.*--data\.quotes false"):
        load_corpus(name)
    corpus = load_corpus(name, quotes=False)
    assert len(corpus.pool) + len(corpus.validation) + len(corpus.test) == 26


def test_A3_many_swallowed_rows_are_refused_with_line_numbers():
    lines = [f"{text}\t{name}" for text, name in rows(26)]
    lines[3] = '"' + lines[3]
    lines[14] = 'koniec"\tpos'
    Path("d.tsv").write_text("\n".join(["text\tlabel", *lines]) + "\n")
    with pytest.raises(ValueError, match=r"11 lines look like rows, such as line 5 to line 16; .*--data.quotes false"):
        load_corpus("d.tsv")
    corpus = load_corpus("d.tsv", quotes=False)
    assert len(labels_of(corpus)) == 26
    assert '"' + rows()[3][0] in labels_of(corpus)


def test_A3_true_line_breaks_are_read_and_told():
    texts = [(f"{text},\nnaozaj, {i}\n", name) for i, (text, name) in enumerate(rows(26))]
    corpus = load_corpus(written("d.csv", texts))
    assert set(labels_of(corpus)) == {text for text, _ in texts}
    assert corpus.remarks == ["cells over several lines: 26 rows of d.csv, such as line 2 to line 4"]


FORMS = {
    "A5 semicolons": ("text;label\n{}", ";", "utf-8"),
    "A5 tabs in a .csv": ("text\tlabel\n{}", "\t", "utf-8"),
    "A5 declared separator": ("sep=;\ntext;label\n{}", ";", "utf-8"),
    "A5 declared tab": ("sep=\t\ntext\tlabel\n{}", "\t", "utf-8"),
    "A5 UTF-16 with its mark": ("text;label\n{}", ";", "utf-16"),
    "A5 UTF-8 with a mark": ("text;label\n{}", ";", "utf-8-sig"),
    "A5 sibling: bars": ("text|label\n{}", "|", "utf-8"),
    "A5 sibling: quoted names": ('"text";"label"\n{}', ";", "utf-8"),
    "A5 sibling: a comma in a name": ("text;label (a, b)\n{}", ";", "utf-8"),
    "A5 sibling: lines end as in Windows": ("text;label\r\n{}", ";", "utf-8"),
}


@pytest.mark.parametrize(("head", "separator", "encoding"), FORMS.values(), ids=FORMS.keys())
def test_a_separator_is_recognised_by_the_header(head, separator, encoding):
    line_end = "\r\n" if "\r\n" in head else "\n"
    body = line_end.join(f"{text}{separator}{name}" for text, name in rows())
    Path("d.csv").write_bytes(head.format(body).encode(encoding))
    label = "label (a, b)" if "(a, b)" in head else None
    assert labels_of(load_corpus("d.csv", label_column=label)) == dict(rows())


@needs_shared
def test_A5_the_header_shows_the_separator_where_the_sniffer_guesses():
    heads = [path.read_text()[:HEAD] for path in sorted((SHARED / "data").glob("*/train.csv"))]
    assert [recognise(head, ";", quotes=True, known=(*TEXT_NAMES, *LABEL_NAMES)) for head in heads] == [","] * 7
    assert sum(csv.Sniffer().sniff(head).delimiter != "," for head in heads) == 5


def test_A5_names_unknown_to_alft_do_not_hinder_the_separator():
    Path("d.csv").write_text("id;komentár;trieda\n" + "\n".join(f"{i};{t}, no;{n}" for i, (t, n) in enumerate(rows())))
    corpus = load_corpus("d.csv", text_column="komentár", label_column="trieda")
    assert labels_of(corpus) == {f"{text}, no": name for text, name in rows()}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param("text;label\ndobrá,;a\n".encode("cp1252"), r"is not valid UTF-8 \(line 2\); .*iconv -f", id="A5 cp1252"),
        pytest.param(
            "text,label\ngood,a\n".encode("utf-16-le"), "is UTF-16 without a byte order mark", id="A5 sibling: no mark"
        ),
        pytest.param("text,label\ngood,a\n".encode("utf-16")[:-1], "is damaged", id="A5 sibling: half a letter"),
    ],
)
def test_an_encoding_that_is_not_certain_is_refused_with_the_mend(content, sentence):
    Path("d.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"data\.source: d\.csv .*{sentence}"):
        load_corpus("d.csv")


HEADERS = {
    "A6 a space after the comma": ("text, label", "{0},{1}"),
    "A6 unnamed columns": ("text,label,,,", "{0},{1},,,"),
    "A6 unused columns of one name": ("note,text,label,note", "x,{0},{1},y"),
    "A6 sibling: surplus empty cells": ("text,label", "{0},{1},,"),
    "A6 sibling: names in quotes": ('" text ","label"', "{0},{1}"),
}


@pytest.mark.parametrize(("header", "line"), HEADERS.values(), ids=HEADERS.keys())
def test_odd_headers_do_not_matter(header, line):
    Path("d.csv").write_text("\n".join([header, *(line.format(*row) for row in rows())]))
    assert labels_of(load_corpus("d.csv")) == dict(rows())


def test_A6_a_chosen_column_must_have_a_name_of_its_own():
    Path("d.csv").write_text("text,label,label\n" + "\n".join(f"{t},{n},{n}" for t, n in rows()))
    with pytest.raises(ValueError, match=r"data\.label_column: d\.csv has more than one column called 'label'; rename"):
        load_corpus("d.csv")


def test_A6_a_header_in_the_middle_is_left_out_and_told():
    lines = [f"{text},{name}" for text, name in rows()]
    Path("d.csv").write_text("\n".join(["text,label", *lines[:20], "text,label", *lines[20:]]))
    corpus = load_corpus("d.csv")
    assert labels_of(corpus) == dict(rows())
    assert corpus.remarks == ["rows equal to the header were left out: 1 of d.csv, the first in line 22"]


def as_json(**options) -> str:
    return pd.DataFrame(rows(), columns=["text", "label"]).to_json(**options)


JSON = {
    "A7 columns of keyed objects": lambda: as_json(),
    "A7 rows keyed by number": lambda: as_json(orient="index"),
    "A7 columns and data": lambda: as_json(orient="split"),
    "A7 schema and data": lambda: as_json(orient="table"),
    "A7 lists of columns": lambda: json.dumps({"text": [t for t, _ in rows()], "label": [n for _, n in rows()]}),
    "A7 pretty records": lambda: json.dumps([{"text": t, "label": n} for t, n in rows()], indent=2),
    "A7 records in an object": lambda: json.dumps({"data": [{"text": t, "label": n} for t, n in rows()]}, indent=4),
    "A7 records and a version": lambda: json.dumps({"version": 1, "rows": [{"text": t, "label": n} for t, n in rows()]}),
}


@pytest.mark.parametrize("content", JSON.values(), ids=JSON.keys())
def test_json_of_every_orientation_is_read(content):
    Path("d.json").write_text(content())
    assert labels_of(load_corpus("d.json")) == dict(rows())


UNREADABLE = {
    "A7 no names": as_json(orient="values"),
    "A7 several tables": json.dumps({"train": [{"text": "a"}], "test": [{"text": "b"}]}),
    "A7 columns of several lengths": json.dumps({"text": ["a", "b"], "label": ["x"]}),
    "A7 objects of objects": json.dumps({"a" * 500: {"x": 1}, "b": {"y": 2}}),
    "A7 sibling: a long line that is no JSON": '{"text": "' + "x" * 1000,
    "A7 sibling: a bare text": "x" * 1000,
    "A7 sibling: a number": "3",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_json_that_is_no_table_is_refused_in_a_short_sentence(content):
    Path("d.json").write_text(content)
    with pytest.raises(ValueError, match=r"data\.source: d\.json .*to_json\(PATH, orient='records', lines=True\)") as caught:
        load_corpus("d.json")
    assert len(str(caught.value)) < 350


@pytest.mark.parametrize("name", ["d.xlsx", "d.ods", "d.txt", "d.csv.gz"])
def test_A5_sibling_other_files_are_refused_with_the_mend(name):
    Path(name).write_text("x")
    with pytest.raises(ValueError, match=r"data\.source: d\..*must end in one of \.csv"):
        load_corpus(name)


def test_no_message_quotes_more_than_eighty_characters_of_data():
    Path("d.csv").write_text("x" * 3000 + "," + "y" * 3000 + "\na,b\n")
    with pytest.raises(ValueError, match=r"data\.text_column must name a column") as caught:
        load_corpus("d.csv")
    assert len(str(caught.value)) < 300


def test_a_table_knows_where_its_rows_stand():
    Path("d.csv").write_text('text,label\n"two\nlines",a\n\nlast,b\n')
    assert [read_file(Path("d.csv")).where(row) for row in (0, 1)] == ["line 3", "line 5"]
    shutil.copy("d.csv", "e.csv")
    assert read_file(Path("e.csv")).place == "e.csv"
