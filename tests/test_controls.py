"""Controls of a run: what they see, in what time, and what is told; old summaries do without the newer ones."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from transformers import AutoModel

from alft.cli.main import main
from alft.controls import frozen, run, scores, time_limit
from alft.controls.frozen import frozen_vectors, unit_rows
from alft.controls.scores import control_scores
from alft.controls.time_limit import LEAST, OutOfTimeError, TimeLimit
from alft.data.corpus import Corpus
from alft.data.pool import TextPool
from alft.data.rows import Rows
from alft.fit.display import result_table
from alft.report import load_runs
from alft.selection.ledger import Selection
from alft.system.control_names import ENCODER, keys_of, known_figures

from .conftest import SHARED, needs_shared, summary_of
from .faults import differences
from .report_material import write_run
from .test_faults_controls import corpus_of

ALL = ("--controls", "all")


def tiny_pool(backbone: Path, source: Path, max_length: int = 32) -> TextPool:
    data = TextPool(source=str(source), tokenizer=str(backbone), max_length=max_length)
    data.setup("fit")
    return data


def vectors_of(corpus: Corpus) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    centres_CD = rng.normal(size=(len(corpus.label_names), 20))
    return [centres_CD[rows.labels] + rng.normal(size=(len(rows), 20)) for rows in (corpus.pool, corpus.test)]


def test_figures_on_bought_labels_see_no_other_label():
    corpus, vectors = corpus_of(3, 300, 12), vectors_of(corpus_of(3, 300, 12))
    bought = set(range(0, 300, 2))
    wrong = Rows(
        corpus.pool.texts, [label if row in bought else (label + 1) % 3 for row, label in enumerate(corpus.pool.labels)]
    )
    found = []
    for pool in (corpus.pool, wrong):
        other = Corpus(pool, corpus.validation, corpus.test, corpus.label_names, 0)
        found.append(control_scores(other, bought, TimeLimit(600), lambda: vectors))
    same = {key for key in keys_of(words=False) if found[0][key] == found[1][key]}
    assert same - {"majority_f1"} == {key for key in keys_of(words=False) if "bought" in key}
    assert found[0]["frozen_tfidf_f1"] > 0.9


def test_a_run_that_bought_all_labels_has_each_figure_twice():
    corpus = corpus_of(3, 200, 12)
    figures = control_scores(corpus, range(200), TimeLimit(600), lambda: vectors_of(corpus))
    for key in keys_of(words=False)[::2]:
        assert figures[key] == figures[key.replace("_f1", "_bought_f1")]


def test_rows_without_a_label_count_nowhere():
    corpus = corpus_of(3, 200, 12)
    more = Rows(["a", *corpus.pool.texts, "b"], [-1, *corpus.pool.labels, -1])
    known = control_scores(corpus, range(100), TimeLimit(600))
    assert (
        control_scores(Corpus(more, corpus.validation, corpus.test, corpus.label_names, 0), range(1, 101), TimeLimit(600))
        == known
    )


def test_vectors_are_means_of_the_pretrained_encoder_whatever_the_order(tiny_bert, tiny_data):
    data, encoder = tiny_pool(tiny_bert, tiny_data), AutoModel.from_pretrained(tiny_bert)
    before = torch.get_rng_state()
    rows = [5, 3, 60]
    found, every = frozen_vectors(
        str(tiny_bert), [(data.pool_tokens, rows), (data.pool_tokens, range(64))], torch.device("cpu"), TimeLimit(60), False
    )
    assert torch.equal(torch.get_rng_state(), before)
    for row, vector in zip(rows, found, strict=True):
        with torch.no_grad():
            hidden_1LD = encoder(**data.pool_tokens.batch([row])).last_hidden_state
        np.testing.assert_allclose(vector, hidden_1LD[0].mean(0), atol=1e-5)
    np.testing.assert_allclose(every[rows], found, atol=1e-5)


def test_equal_vectors_have_no_direction():
    table = np.ones((3, 2))
    assert not np.concatenate(unit_rows(table, table)).any()


def test_the_limit_is_a_tenth_of_the_training_or_ten_seconds():
    assert TimeLimit.beside(3.0).seconds == LEAST == 10
    assert TimeLimit.beside(1000.0).seconds == 100


def test_a_pass_that_will_not_end_in_time_ends_early(tiny_bert, tiny_data, monkeypatch):
    data, limit, now = tiny_pool(tiny_bert, tiny_data), TimeLimit(1.0), [0.0]
    monkeypatch.setattr(frozen, "CHUNK_TOKENS", 64)
    monkeypatch.setattr("alft.controls.time_limit.perf_counter", lambda: now[0])
    monkeypatch.setattr(frozen, "perf_counter", lambda: now[0])
    limit._end = 1.0

    class Slow:
        config, passes = type("Config", (), {"hidden_size": 4}), 0

        def to(self, device):
            pass

        def __call__(self, input_ids, attention_mask):
            now[0], self.passes = now[0] + 0.1, self.passes + 1
            return type("Output", (), {"last_hidden_state": torch.zeros(*input_ids.shape, 4)})

    slow = Slow()
    monkeypatch.setattr(frozen, "load_encoder", lambda backbone: slow)
    with pytest.raises(OutOfTimeError):
        frozen_vectors("slow", [(data.pool_tokens, range(64))], torch.device("cpu"), limit, False)
    assert slow.passes < 8, "the time is over after the tenth"


@pytest.mark.parametrize(("after", "missing"), [(0, 6), (2, 4), (4, 2)])
def test_what_there_is_no_time_for_is_told_and_left_out(monkeypatch, capsys, after, missing):
    corpus, fits, limit = corpus_of(3, 120, 12), iter(range(10)), TimeLimit(60)
    ordinary = scores.fit_regression

    def fit(*args, **kwargs):
        if next(fits) >= after:
            raise OutOfTimeError
        return ordinary(*args, **kwargs)

    monkeypatch.setattr(scores, "fit_regression", fit)
    figures = control_scores(corpus, range(60), limit, lambda: vectors_of(corpus))
    assert list(figures.values()).count(None) == missing
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("controls: not measured, for they would take more than 60 s: ")
    assert line.endswith(", ".join(key for key in keys_of(words=False) if figures[key] is None))


def test_the_extent_can_be_chosen(fit, capsys):
    figures, told = {}, {}
    for extent in ("none", "fast", "all"):
        folder = fit("--controls", extent)
        figures[extent], told[extent] = summary_of(folder)["controls"], capsys.readouterr().out
        assert set(figures[extent]) == set(keys_of(words=False))
        assert f"controls: {extent}" in (folder / "config.yaml").read_text()
        assert "controls" not in json.dumps(summary_of(folder)["settings"]), "no arm of a study differs by it"
    assert not any(figures["none"].values())
    assert "controls:" not in told["none"]
    assert "logistic regression" not in told["none"]
    assert {key for key in keys_of(words=False) if figures["fast"][key] is None} == {
        k for k in keys_of(words=False) if k.startswith(ENCODER)
    }
    assert all(figures["all"].values())
    assert {key: figures["all"][key] for key, figure in figures["fast"].items() if figure is not None}.items() <= figures[
        "fast"
    ].items()


def test_a_run_that_goes_on_may_have_other_controls_and_the_same_have_the_same_figures(stopped):
    shutil.copytree(Path("runs/tiny/version_0"), Path("runs/tiny/version_1"))
    for version in ("version_0", "version_1"):
        checkpoint = f"runs/tiny/{version}/checkpoints/last.ckpt"
        config = Path("runs/tiny", version, "config.yaml")
        assert main(["fit", "--config", str(config), "--ckpt_path", checkpoint, *ALL]) == 0
    assert differences(Path("runs/tiny/version_0"), Path("runs/tiny/version_1")) in ([], ["summary: name"])
    assert all(summary_of(Path("runs/tiny/version_0"))["controls"].values())


def test_an_encoder_that_fails_at_the_end_costs_only_its_controls(fit, monkeypatch, capsys):
    def broken(*args):
        raise RuntimeError("the folder is gone")

    monkeypatch.setattr(run, "frozen_vectors", broken)
    figures = summary_of(fit(*ALL))["controls"]
    assert figures["tfidf_f1"] is not None
    assert figures["frozen_f1"] is figures["frozen_tfidf_bought_f1"] is None
    assert "not measured, the frozen encoder fails: RuntimeError: the folder is gone" in capsys.readouterr().out


def test_a_control_that_fails_costs_no_summary(fit, monkeypatch, capsys):
    def broken(*args, **kwargs):
        raise ValueError("no optimum")

    monkeypatch.setattr(scores, "fit_regression", broken)
    assert not any(summary_of(fit(*ALL))["controls"].values())
    assert "controls: not measured (ValueError: no optimum)" in capsys.readouterr().out


def test_another_word_is_refused_before_anything_is_done(capsys):
    with pytest.raises(ValueError, match="controls must be one of none, fast, all, got 'some'"):
        run.refuse_unknown("some")


def test_summaries_of_earlier_versions_are_shown_as_they_were(tmp_path):
    write_run(tmp_path)
    runs = load_runs(tmp_path)
    assert runs["tfidf_f1"].tolist() == [0.61]
    assert runs["frozen_tfidf_bought_f1"].isna().all()
    assert list(known_figures({"majority_f1": 0.3, "tfidf_f1": 0.61})) == [
        "majority class",
        "TF-IDF + logistic regression, all labels",
    ]


def test_the_result_says_the_figures_in_words(fit):
    console = Console(width=160, file=io.StringIO())
    console.print(result_table(summary_of(fit(*ALL))))
    text = console.file.getvalue()
    for words in ("frozen encoder + TF-IDF + logistic regression, all labels", "majority class, labels bought"):
        assert words in text


@needs_shared
@pytest.mark.soak
def test_real_texts_have_the_known_figures(monkeypatch, tell_figure):
    monkeypatch.setattr(time_limit, "LEAST", 300)
    data = tiny_pool(SHARED / "models" / "e5-small-cut", SHARED / "data" / "maltese", max_length=128)
    data.ledger.record(0, Selection(torch.arange(0, 594, 2)))
    figures = run.run_controls("all", data, data.tokenizer, 0, torch.device("cpu"), bar=False)
    tell_figure(f"controls of the Maltese texts: {figures}")
    assert figures["majority_f1"] == pytest.approx(0.394, abs=1e-3)
    assert figures["frozen_tfidf_f1"] == pytest.approx(0.708, abs=0.02)
    assert figures["frozen_tfidf_bought_f1"] == pytest.approx(0.693, abs=0.02)
