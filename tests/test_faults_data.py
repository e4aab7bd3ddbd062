"""Files as people and tools write them, numbered as in docs/input.md: what is read, what is told, what is refused."""

import csv
import json
import shutil
from pathlib import Path

import datasets
import pandas as pd
import pytest

from alft.cli.main import main
from alft.data.columns import LABEL_NAMES, TEXT_NAMES
from alft.data.corpus import Corpus, load_corpus
from alft.data.readers.delimited import HEAD, recognise
from alft.data.readers.files import read_file

from .conftest import SHARED, needs_shared, summary_of

WORDS = ("dobrá", "slabá", "nová", "dlhá", "krátka", "veselá", "smutná", "pekná", "tichá", "hlasná")


def rows(count: int = 40) -> list[tuple[str, str]]:
    return [(f"{WORDS[i % 10]} kniha číslo {i}", ("neg", "pos")[i % 2]) for i in range(count)]


def written(name: str, records: list, **options) -> str:
    """A file with these texts and labels, in the format of its ending."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame([{"text": text, "label": label} for text, label in records])
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix in (".json", ".jsonl"):
        content = table.to_dict(orient="records")
        lines = [json.dumps(record, ensure_ascii=False) for record in content]
        path.write_text("\n".join(lines) if path.suffix == ".jsonl" else json.dumps(content))
    else:
        table.to_csv(path, index=False, **{"sep": "\t" if path.suffix == ".tsv" else ",", **options})
    return name


def labels_of(corpus: Corpus) -> dict[str, str | None]:
    """Label name of every text, whatever set it is in."""
    found = {}
    for rows in (corpus.pool, corpus.validation, corpus.test):
        for text, label in zip(rows.texts, rows.labels, strict=True) if rows else ():
            found[text] = None if label < 0 else corpus.label_names[label]
    return found


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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


def hub_dataset(texts: list[tuple[str, str]]) -> datasets.Dataset:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pos", "neg"])})
    return datasets.Dataset.from_dict({"text": [t for t, _ in texts], "label": [n for _, n in texts]}, features=features)


def test_A8_saved_splits_are_read_with_their_class_names():
    splits = {name: hub_dataset(rows()) for name in ("train", "validation", "test")}
    datasets.DatasetDict({**splits, "extra": hub_dataset(rows())}).save_to_disk("saved")
    corpus = load_corpus("saved")
    assert corpus.label_names == ["pos", "neg"]
    assert [len(corpus.pool), len(corpus.validation), len(corpus.test)] == [40, 40, 40]
    assert corpus.remarks[0] == "not used: the splits extra of saved"


def test_A8_a_saved_data_set_without_splits_is_split():
    hub_dataset(rows()).filter(lambda row: row["label"] >= 0).save_to_disk("saved")
    corpus = load_corpus("saved")
    assert [len(corpus.pool), len(corpus.validation), len(corpus.test)] == [32, 4, 4]


def test_A8_sibling_a_damaged_saved_data_set_is_refused():
    hub_dataset(rows()).save_to_disk("saved")
    for path in Path("saved").glob("*.arrow"):
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match=r"data\.source: saved cannot be read as a saved data set"):
        load_corpus("saved")


def downloaded(folder: str, config: str = "data") -> None:
    """A hub data set as the hub's client downloads it, its train split in two parts."""
    Path(folder, config).mkdir(parents=True)
    whole = hub_dataset(rows())
    for part in (0, 1):
        whole.shard(2, part, contiguous=True).to_parquet(f"{folder}/{config}/train-0000{part}-of-00002.parquet")
    hub_dataset(rows(10)).to_parquet(f"{folder}/{config}/test-00000-of-00001.parquet")


def test_A8_a_downloaded_hub_data_set_is_read():
    downloaded("hub")
    Path("hub/README.md").write_text("# A data set\n")
    corpus = load_corpus("hub")
    assert corpus.label_names == ["pos", "neg"]
    assert [len(corpus.pool) + len(corpus.validation), len(corpus.test)] == [40, 10]


def test_A8_a_subset_is_one_folder_of_a_downloaded_hub_data_set():
    for config in ("mt", "sk"):
        downloaded("hub", config)
    configs = [f"- config_name: {c}\n  data_files:\n  - split: train\n    path: {c}/train-*\n" for c in ("mt", "sk")]
    Path("hub/README.md").write_text("---\nconfigs:\n" + "".join(configs) + "---\n")
    with pytest.raises(ValueError, match=r"data\.subset must name one of the subsets of hub: mt, sk"):
        load_corpus("hub")
    with pytest.raises(ValueError, match=r"data\.subset: hub has no subset 'tr'; it has: mt, sk"):
        load_corpus("hub", subset="tr")
    assert len(load_corpus("hub", subset="mt").test) == 10
    Path("hub/README.md").unlink()
    assert len(load_corpus("hub", subset="sk").test) == 10


@pytest.mark.parametrize("name", ["d.jsonl", "d.json", "d.parquet"])
def test_A3_quotes_of_files_without_quotes_are_refused(name):
    with pytest.raises(ValueError, match=rf"data\.source: {name} has no quotes .*data\.quotes false is for \.csv and \.tsv"):
        load_corpus(written(name, rows()), quotes=False)


def test_A3_quotes_of_a_saved_data_set_are_refused():
    hub_dataset(rows()).save_to_disk("saved")
    with pytest.raises(ValueError, match=r"data\.quotes: saved is no CSV or TSV file"):
        load_corpus("saved", quotes=False)


def test_A8_a_subset_of_one_file_is_refused():
    with pytest.raises(ValueError, match=r"data\.subset: d\.csv is one file, which has no subsets; leave data\.subset out"):
        load_corpus(written("d.csv", rows()), subset="mt")


def test_A8_the_subset_reaches_the_hub(monkeypatch):
    asked = []
    loaded = datasets.DatasetDict({"train": hub_dataset(rows())})
    monkeypatch.setattr(datasets, "load_dataset", lambda *names: asked.append(names) or loaded)
    load_corpus("someone/some_data", subset="mt")
    assert asked == [("someone/some_data", "mt")]


def test_A9_a_test_file_without_labels_is_no_test_set():
    written("d/train.csv", rows())
    Path("d/test.csv").write_text("text\nneznáma\n")
    corpus = load_corpus("d")
    assert corpus.test is None
    assert corpus.remarks == ["not used: d/test.csv has no column of labels, so it is no test set"]


def test_A9_a_test_file_with_empty_labels_is_no_test_set():
    written("d/train.csv", rows())
    written("d/test.csv", [("neznáma", ""), ("iná", "")])
    corpus = load_corpus("d")
    assert corpus.test is None
    assert corpus.remarks == ["not used: the test set of d has no labelled row"]


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


@pytest.mark.parametrize("name", ["validate", "eval", "evaluation", "dev", "val"])
def test_A9_known_names_of_validation_files(name):
    written("d/train.csv", rows())
    written(f"d/{name}.csv", rows(6))
    assert len(load_corpus("d").validation) == 6


def test_A9_files_not_used_are_named():
    for name in ("train", "my_validation", "test_set"):
        written(f"d/{name}.csv", rows())
    corpus = load_corpus("d")
    assert corpus.test is None
    assert corpus.remarks[0].startswith("not used: my_validation.csv, test_set.csv in d; the names of splits are train, ")


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


PREDICTED = {
    "A5 semicolons": ("text;id\n{}", "{0};{1}", ";", "utf-8", "\n"),
    "A5 a mark and a declaration": ("sep=;\r\ntext;id\r\n{}", "{0};{1}", ";", "utf-8-sig", "\r\n"),
    "A5 UTF-16": ("text\tid\n{}", "{0}\t{1}", "\t", "utf-16", "\n"),
    "A6 unnamed columns": ("text,id,,\n{}", "{0},{1},,", ",", "utf-8", "\n"),
}


@pytest.mark.parametrize(("head", "line", "separator", "encoding", "end"), PREDICTED.values(), ids=PREDICTED.keys())
def test_predictions_keep_the_form_of_the_file(fit, head, line, separator, encoding, end):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    lines = [line.format(text, f"00{i}") for i, (text, _) in enumerate(rows(4))]
    Path("in.csv").write_bytes((head.format(end.join(lines)) + end).encode(encoding))
    assert main(["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.csv", "--output", "out.csv"]) == 0
    raw = Path("out.csv").read_bytes()
    before, after = Path("in.csv").read_bytes().decode(encoding).split(end), raw.decode(encoding).split(end)
    assert [new[: len(old)] for old, new in zip(before, after, strict=True)] == before
    assert after[head.count(end) - 1].endswith(
        separator.join(["", "predicted", "probability_negative", "probability_positive"])
    )
    assert raw[:2] == Path("in.csv").read_bytes()[:2]


def test_A3_predict_reads_stray_quotes_as_they_are(fit, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    Path("in.tsv").write_text('text\tid\n"good\t1\nbad\t2\n"fine\t3\n')
    arguments = ["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.tsv", "--output", "out.tsv"]
    assert main(arguments) == 2
    assert "--data.quotes false" in capsys.readouterr().err
    assert main([*arguments, "--data.quotes", "false"]) == 0
    assert [line.split("\t")[0] for line in Path("out.tsv").read_text().splitlines()] == ["text", '"good', "bad", '"fine']


def test_A2_predict_refuses_a_text_that_is_a_list(fit, capsys):
    checkpoint = fit("--trainer.max_epochs", "1") / "checkpoints" / "last.ckpt"
    Path("in.jsonl").write_text('{"text": "fine"}\n{"text": ["a", "b"]}\n')
    assert main(["predict", "--ckpt_path", str(checkpoint), "--data.predict", "in.jsonl", "--output", "out.jsonl"]) == 2
    assert "data.predict: in.jsonl holds ['a', 'b'] (list), which is no text (line 2)" in capsys.readouterr().err


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
