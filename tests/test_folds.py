"""Folds of train and validation rows: every labelled row is tested once, and the source's test set never."""

from collections import Counter

import pytest

from alft.cli.main import main
from alft.data.corpus import load_corpus
from alft.data.folds import take_fold
from alft.data.rows import Rows
from alft.task.single_label import SingleLabel

from .conftest import Fit, summary_of, write_csv

TRAIN = Rows([f"train {i}" for i in range(50)], [0] * 30 + [1] * 15 + [-1] * 5)
TASK = SingleLabel(["no", "yes"])
VALIDATION = Rows([f"validation {i}" for i in range(10)], [0] * 6 + [1] * 4)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_every_labelled_row_is_in_one_test_set_and_the_sets_share_none(folds):
    tested = []
    for fold in range(folds):
        sets = take_fold(TRAIN, VALIDATION, folds, fold, 0, TASK)
        texts = [text for rows in sets for text in rows.texts]
        assert len(texts) == len(set(texts)) == 60
        pool, validation, test = sets
        assert -1 not in validation.labels + test.labels
        assert pool.labels.count(-1) == 5
        assert len(validation) == round(10 / 55 * (55 - len(test)))
        counts = Counter(test.labels)
        assert abs(counts[1] - 19 / folds) <= 1
        assert abs(len(test) - 55 / folds) <= 1
        tested += test.texts
    assert sorted(tested) == sorted(text for text in TRAIN.texts[:45] + VALIDATION.texts)


def test_the_seed_decides_the_cut():
    first, again, other = (take_fold(TRAIN, VALIDATION, 3, 0, seed, TASK) for seed in (0, 0, 1))
    assert first == again
    assert first[2] != other[2]


def test_a_fold_is_a_run_of_its_own_and_the_test_set_of_the_source_is_not_in_it(fit: Fit, tmp_path, tiny_data, capsys):
    sealed = set((tiny_data / "test.csv").read_text().splitlines()[1:])
    runs = [fit("--data.folds", "3", "--data.fold", str(fold), "--trainer.max_epochs", "1") for fold in range(2)]
    summaries = [summary_of(run) for run in runs]
    cut = load_corpus(str(tiny_data), folds=3, fold=2).fold.cut
    assert [summary["fold"] for summary in summaries] == [
        {"folds": 3, "fold": fold, "cut": cut, "of": "training"} for fold in range(2)
    ]
    assert len({summary["fingerprint"] for summary in summaries}) == 2
    assert "(fold 0 of 3 of train and validation; the source's test set is not used)" in " ".join(
        capsys.readouterr().out.split()
    )
    corpus = load_corpus(str(tiny_data), folds=3, fold=0)
    held = {text for rows in (corpus.pool, corpus.validation, corpus.test) for text in rows.texts}
    assert not held & {row.split('"')[1] for row in sealed}


def test_folds_of_all_rows_test_each_of_them_once(tiny_data, capsys):
    corpora = [load_corpus(str(tiny_data), folds=3, fold=fold, folds_of="all") for fold in range(3)]
    plain = load_corpus(str(tiny_data))
    everything = sorted(text for rows in (plain.pool, plain.validation, plain.test) for text in rows.texts)
    assert sorted(text for corpus in corpora for text in corpus.test.texts) == everything
    for corpus in corpora:
        texts = [text for rows in (corpus.pool, corpus.validation, corpus.test) for text in rows.texts]
        assert sorted(texts) == everything
        share = len(plain.validation) / (len(plain.pool) + len(plain.validation))
        assert len(corpus.validation) == round(share * (len(texts) - len(corpus.test)))
        assert corpus.fold.describe().endswith("of 3 of all labelled rows")
    assert len({corpus.fold.cut for corpus in corpora}) == 1


def test_the_digest_of_a_cut_is_of_its_rows_seed_and_limits(tiny_data):
    cuts = [
        load_corpus(str(tiny_data), folds=folds, fold=0, folds_of=of, seed=seed).fold.cut
        for folds, of, seed in ((3, "training", 0), (3, "all", 0), (3, "training", 1))
    ]
    assert len(set(cuts)) == 3
    assert load_corpus(str(tiny_data), folds=3, fold=1).fold.cut == cuts[0]
    assert load_corpus(str(tiny_data), folds=3, fold=1, limit=20).fold.cut not in cuts


def test_a_limit_applies_to_the_pool_of_the_fold(tiny_data):
    whole, part = (load_corpus(str(tiny_data), folds=3, fold=0, limit=limit) for limit in (None, 20))
    assert len(part.pool) == 20
    assert part.test == whole.test


def test_a_source_that_is_one_file_is_cut_as_its_split_was(tmp_path):
    write_csv(tmp_path / "all.csv", [(f"text {i}", "ab"[i % 2]) for i in range(60)])
    corpus = load_corpus(str(tmp_path / "all.csv"), folds=3, fold=2)
    assert len(corpus.pool) + len(corpus.validation) + len(corpus.test) == 54


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--data.folds", "3"], "data.folds needs data.fold"),
        (["--data.fold", "0"], "data.fold needs data.folds"),
        (["--data.folds", "1", "--data.fold", "0"], "data.folds must be at least 2, got 1"),
        (["--data.folds", "3", "--data.fold", "3"], "data.fold must be at least 0 and below data.folds 3, got 3"),
        (["--data.folds", "3", "--data.fold=-1"], "data.fold must be at least 0 and below data.folds 3, got -1"),
        (["--data.folds_of", "all"], "data.folds_of all needs data.folds and data.fold"),
        (["--data.folds", "60", "--data.fold", "0"], "data.folds must be at most"),
    ],
)
def test_a_fold_that_does_not_exist_is_one_sentence(workplace, capsys, arguments, sentence):
    assert main(["fit", "--config", "configs/tiny.yaml", *arguments]) == 2
    assert sentence in capsys.readouterr().err
