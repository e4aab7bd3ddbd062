"""Encoders whose tokenizer is a SentencePiece model alone, as strangers bring them."""

import random
import shutil
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from sentencepiece import SentencePieceProcessor
from transformers import AutoTokenizer, pipeline

from alft.cli.main import main
from alft.data.demo import make_reviews
from alft.data.tokens import load_tokenizer

from .encoder_folders import PIECES, change_json, write_encoder, write_pieces
from .mistakes import arguments, check_mistake

ODD = ["ﬁne ① Ａ™", "cafe\u0301 café", "  two  spaces\tand a\nline ", "漢字 😀", "plain words"]


@pytest.fixture(scope="session")
def piece_folders(tmp_path_factory) -> Path:
    """Encoders whose tokenizer is a SentencePiece model alone, of both kinds."""
    root = tmp_path_factory.mktemp("pieces")
    for name, (config, settings, file, special) in PIECES.items():
        for kind in ("unigram", "bpe"):
            folder = write_encoder(root / f"{name}-{kind}", config, 210, **settings)
            write_pieces(folder / file, kind, **special)
    return root


@pytest.fixture(autouse=True)
def _skip_what_transformers_cannot_make(request):
    """Early versions of transformers make no tokenizer for CamemBERT from a SentencePiece model; alft says so."""
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and str(callspec.params.get("name")).startswith("camembert"):
        try:
            AutoTokenizer.from_pretrained(request.getfixturevalue("piece_folders") / "camembert-unigram")
        except TypeError:
            pytest.skip("this version of transformers makes no tokenizer from CamemBERT's SentencePiece model")


def pieces_of(folder: Path, text: str) -> tuple[list[int], list[int]]:
    """Ids of a text by the loaded tokenizer without special tokens, and those of sentencepiece itself."""
    tokenizer = load_tokenizer(str(folder), 32)
    reference = SentencePieceProcessor(model_file=str(next(folder.glob("*.model"))))
    if folder.name.startswith("albert"):  # its classes remove case and accents before the model
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    numbers = tokenizer.get_vocab()
    expected = [
        tokenizer.unk_token_id if reference.is_unknown(n) else numbers[reference.id_to_piece(n)] for n in reference.encode(text)
    ]
    return tokenizer(text, add_special_tokens=False)["input_ids"], expected


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize("name", PIECES)
def test_B1_ids_are_those_of_sentencepiece(piece_folders, name, kind):
    drawn, folder = random.Random(4), piece_folders / f"{name}-{kind}"
    texts = [text for text, _ in make_reviews(drawn, 20, noisy=True)]
    texts += ["".join(drawn.choices("abcdefghij  .,!éÀ漢①ﬁ", k=30)) for _ in range(20)]
    for text in [*ODD, *texts]:
        found, expected = pieces_of(folder, text)
        assert found == expected, text


SPECIAL = {
    "deberta": ["[CLS]", "[SEP]", "[PAD]"],
    "xlm-roberta": ["<s>", "</s>", "<pad>"],
    "camembert": ["<s>", "</s>", "<pad>"],
    "albert": ["[CLS]", "[SEP]", "<pad>"],
}


@pytest.mark.parametrize("name", PIECES)
def test_B1_special_tokens_and_first_piece_have_the_places_of_the_architecture(piece_folders, name):
    tokenizer = load_tokenizer(str(piece_folders / f"{name}-unigram"), 32)
    first, last, padding = SPECIAL[name]
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("plain")["input_ids"])
    assert (tokens[0], tokens[-1], tokenizer.pad_token) == (first, last, padding)
    offset = {"deberta": 0, "xlm-roberta": 1, "camembert": 4, "albert": 0}[name]  # fairseq puts tokens of its own first
    reference = SentencePieceProcessor(model_file=str(next((piece_folders / f"{name}-unigram").glob("*.model"))))
    assert tokenizer.convert_tokens_to_ids(reference.id_to_piece(50)) == 50 + offset


@pytest.mark.parametrize("lora", [[], ["--model.lora.r", "2"]], ids=["full", "lora"])
@pytest.mark.parametrize("name", ["deberta-unigram", "deberta-bpe", "xlm-roberta-unigram", "xlm-roberta-bpe", "camembert-bpe"])
def test_B1_trains_predicts_and_exports(fit, workplace, piece_folders, name, lora):
    run = fit("--model.backbone", str(piece_folders / name), "--trainer.max_epochs", "1", *lora)
    checkpoint = str(run / "checkpoints" / "last.ckpt")
    texts = [*ODD, "a good phone"]
    pd.DataFrame({"text": texts}).to_csv("new.csv", index=False)
    assert main(["predict", "--ckpt_path", checkpoint, "--data.predict", "new.csv", "--output", "out.csv"]) == 0
    assert main(["export", checkpoint, "exported"]) == 0
    assert not list(Path("exported").glob("*.model"))
    classify = pipeline("text-classification", model="exported")
    rows = pd.read_csv("out.csv").to_dict("records")
    for found, row in zip(classify(texts, truncation=True, top_k=None), rows, strict=True):
        for entry in found:
            assert entry["score"] == pytest.approx(row[f"probability_{entry['label']}"], abs=1e-5), row["text"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"IQ== 0\nIg== 1\n"], ids=["empty", "nonsense", "tiktoken"])
def test_B1_a_file_that_is_no_sentencepiece_model_is_told(workplace, piece_folders, capsys, content):
    shutil.copytree(piece_folders / "deberta-unigram", "broken")
    Path("broken/spm.model").write_bytes(content)
    check_mistake(
        capsys, arguments("--model.backbone", "broken"), ("model.backbone: broken ", "spm.model is not a SentencePiece")
    )


def test_B1_sibling_a_model_of_words_is_told(workplace, piece_folders, capsys):
    shutil.copytree(piece_folders / "deberta-unigram", "words")
    write_pieces(Path("words/spm.model"), "word", vocab_size=100)
    check_mistake(capsys, arguments("--model.backbone", "words"), ("model.backbone: words ", "words or characters"))


def test_B1_sibling_a_model_that_cannot_be_repeated_is_told(workplace, piece_folders, capsys):
    shutil.copytree(piece_folders / "deberta-unigram", "suffix")
    write_pieces(Path("suffix/spm.model"), "unigram", treat_whitespace_as_suffix=True, **PIECES["deberta"][3])
    check_mistake(capsys, arguments("--model.backbone", "suffix"), ("model.backbone: suffix ", "transformers cannot repeat"))


def test_B1_sibling_a_tokenizer_file_keeps_the_normalisation_that_its_class_drops(piece_folders, tmp_path):
    folder = tmp_path / "with-file"
    shutil.copytree(piece_folders / "deberta-unigram", folder)
    whole = load_tokenizer(str(folder), 32)
    whole.save_pretrained(folder)
    change_json(folder / "tokenizer_config.json", tokenizer_class="DebertaV2Tokenizer")
    by_its_class, loaded = AutoTokenizer.from_pretrained(folder), load_tokenizer(str(folder), 32)
    assert by_its_class(ODD[0])["input_ids"] != whole(ODD[0])["input_ids"], "transformers has mended it: the rule can go"
    assert [loaded(text)["input_ids"] for text in ODD] == [whole(text)["input_ids"] for text in ODD]
