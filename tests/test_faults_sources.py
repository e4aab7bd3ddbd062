"""Folders, saved data sets and copies of hub data sets, numbered as in docs/input.md."""

from pathlib import Path

import datasets
import pytest

from alft.data.corpus import load_corpus

from .data_material import rows, written

pytestmark = pytest.mark.usefixtures("in_a_folder")


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
