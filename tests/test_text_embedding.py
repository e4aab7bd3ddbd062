"""Embeddings that need no encoder: their vectors, and the files they refuse."""

import random
import sys

import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from alft.cli.main import main
from alft.selection.text_embedding import TfIdf, WordVectors, words_of

from .conftest import summary_of

TEXTS = ["good film, good plot", "good film", "bad battery!", "BAD battery and bad lamp", "😀 😀", "😀"]


def test_tfidf_keeps_the_angles_of_the_full_table():
    table = torch.from_numpy(TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", sublinear_tf=True).fit_transform(TEXTS).toarray())
    vectors = TfIdf()(TEXTS)
    torch.testing.assert_close(vectors @ vectors.T, (table @ table.T).float(), atol=1e-5, rtol=0)


def test_tfidf_has_the_dimensions_asked_for_where_texts_and_words_allow():
    assert TfIdf(3)(TEXTS).shape == (6, 3)
    assert TfIdf(100)(TEXTS).shape == (6, 6)
    assert torch.equal(TfIdf(3)(TEXTS), TfIdf(3)(TEXTS))


def test_word_vectors_are_averaged_over_the_words_found(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("good 1 0\nfilm 0 1\nBAD 3 3\nbad 2 2\nat name@here 9 9\n")
    embedding = WordVectors(str(path))
    vectors = embedding(TEXTS)
    assert vectors.tolist() == [
        [pytest.approx(2 / 3), pytest.approx(1 / 3)],
        [0.5, 0.5],
        [2, 2],
        [2.5, 2.5],  # the first as written, the other in lower case
        [0, 0],
        [0, 0],
    ]
    running = sum(len(words_of(text)) for text in TEXTS)
    assert embedding.words_found(TEXTS) == pytest.approx((3 + 2 + 1 + 2) / running)


def test_fasttexts_line_of_counts_is_no_word(tmp_path):
    path = tmp_path / "words.vec"
    path.write_text("2 3\n2 1 1 1 \ngood 0 1 2 \n")
    assert WordVectors(str(path))(["2 good"]).tolist() == [[0.5, 1, 1.5]]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("good 1 0\nfilm 1\n", r"has 1 numbers in line 2, but 2 before"),
        ("good 1 x\n", r"has something that is no number in line 1"),
        ("good 1 nan\n", r"has a number that is not finite in line 1"),
        ("house 1 0\n", r"has no vector for any of the pool's \d+ word forms"),
        ("", r"has no line with a word and its numbers"),
        ("house\nmouse\n", r"has no line with a word and its numbers"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, sentence):
    path = tmp_path / "words.vec"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"active\.embedding\.path: .*words\.vec {sentence}"):
        WordVectors(str(path)).words_found(TEXTS)


@pytest.mark.parametrize("texts", [["same", "same", "same"], ["same words here"] * 3, ["one"]])
def test_a_pool_with_next_to_nothing_in_it_is_embedded(texts):
    vectors = TfIdf()(texts)
    assert vectors.isfinite().all()
    assert (vectors == vectors[0]).all()


def test_a_byte_order_mark_and_tabs_are_read(tmp_path):
    path = tmp_path / "words.vec"
    path.write_bytes("1 2\ngood\t1\t2\n".encode("utf-8-sig"))
    assert WordVectors(str(path))(["good"]).tolist() == [[1, 2]]


def test_dimensions_below_one_are_refused():
    with pytest.raises(ValueError, match=r"active\.embedding\.dimensions must be at least 1, got 0"):
        TfIdf(0)


def test_a_run_clusters_by_words_and_says_how_many_it_knew(fit, word_vectors, capsys):
    run = fit("--active.embedding", "WordVectors", "--active.embedding.path", str(word_vectors), "--active.acquire", "Furthest")
    summary = summary_of(run)
    assert 0 < summary["words_found"] < 1
    assert f"words with a vector: {summary['words_found']:.1%}" in capsys.readouterr().out
    assert summary["seconds"]["cluster"] > 0


def test_a_run_that_clusters_by_tfidf_makes_no_pass_for_it(fit, monkeypatch):
    monkeypatch.setattr("alft.loop.active.score_pool", lambda *args, **kwargs: pytest.fail("the pool was scored"))
    assert summary_of(fit("--active.embedding", "TfIdf", "--active.acquire", "Random"))["words_found"] is None


def test_a_file_without_known_words_is_refused_before_training(workplace, tmp_path, capsys):
    (tmp_path / "words.vec").write_text("zzzz 1 0\n")
    more = ["--active.embedding", "WordVectors", "--active.embedding.path", "words.vec"]
    assert main(["fit", "--config", "configs/tiny.yaml", *more]) == 2
    assert "words.vec has no vector for any of the pool's" in capsys.readouterr().err
    assert not (workplace / "runs").exists()


WIDE = """
from dataclasses import dataclass
import torch
from alft.selection.embedding import FirstToken, MeanTokens, TokenEmbedding

@dataclass(frozen=True)
class Both(TokenEmbedding):
    def size(self, hidden_size):
        return 2 * hidden_size

    def __call__(self, hidden_BLD, mask_BL):
        return torch.cat([MeanTokens()(hidden_BLD, mask_BL), FirstToken()(hidden_BLD, mask_BL)], dim=1)
"""


def test_an_embedding_of_ones_own_may_have_another_size_than_the_encoder(fit, workplace, monkeypatch):
    (workplace / "wide_embedding.py").write_text(WIDE)
    monkeypatch.syspath_prepend(str(workplace))
    run = fit("--active.embedding", "wide_embedding.Both", "--active.acquire", "Furthest", "--trainer.max_epochs", "2")
    assert summary_of(run)["settings"]["selection"]["embedding"] == "Both"
    sys.modules.pop("wide_embedding")


def test_many_texts_are_projected_onto_the_directions_of_a_part(monkeypatch):
    """Two topics stay apart whether all rows or a part of them give the directions, and the vectors do not change."""
    rng = random.Random(0)
    topics = [[f"{topic}{word}" for word in range(30)] for topic in ("cat", "ship")]
    texts = [" ".join(rng.choices(topics[row % 2], k=8)) for row in range(400)]
    whole = TfIdf(2)(texts)
    monkeypatch.setattr("alft.selection.text_embedding.MOST_ROWS", 100)
    part = TfIdf(2)(texts)
    assert torch.equal(part, TfIdf(2)(texts))
    assert not torch.equal(part, whole)
    near = part @ part.T
    same = torch.arange(400)[:, None] % 2 == torch.arange(400) % 2
    assert near[same].min() > 0.9
    assert near[~same].abs().max() < 0.4
    assert torch.allclose(part.norm(dim=1), torch.ones(400), atol=1e-5)
