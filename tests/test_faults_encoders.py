"""Encoders whose files do not belong together, and SentencePiece models as their authors trained them."""

import random
import shutil
import unicodedata
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from sentencepiece import SentencePieceProcessor
from transformers import AutoTokenizer, XLMRobertaXLConfig
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

from alft.data.demo import make_reviews
from alft.data.tokens import load_tokenizer

from .encoder_folders import PIECES, SMALL, change_json, write_encoder, write_pieces
from .mistakes import arguments, check_mistake


def copied(tiny_bert: Path) -> Path:
    """A copy of the model of two layers, to be damaged."""
    return Path(shutil.copytree(tiny_bert, "changed"))


def without(tiny_bert: Path, part: str) -> None:
    """Weights whose names contain a part are left out of the file."""
    path = copied(tiny_bert) / "model.safetensors"
    save_file({name: tensor for name, tensor in load_file(path).items() if part not in name}, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            lambda bert: change_json(copied(bert) / "config.json", num_hidden_layers=4),
            ("lacks 32 of the 69 weights of the encoder (bert.encoder.layer.2.",),
            id="B sibling: more layers in the config",
        ),
        pytest.param(
            lambda bert: change_json(copied(bert) / "config.json", vocab_size=999),
            ("has 1 weights of the encoder in another shape", "word_embeddings.weight: (", "not (999, 32)"),
            id="B sibling: more words in the config",
        ),
        pytest.param(
            lambda bert: change_json(copied(bert) / "config.json", model_type="roberta", pad_token_id=0),
            ("lacks 37 of the 37 weights of the encoder",),
            id="B sibling: weights of another architecture",
        ),
        pytest.param(
            lambda bert: without(bert, "layer.1.attention.self.query"),
            ("lacks 2 of the 37 weights", "layer.1.attention.self.query.bias"),
            id="B sibling: weights left out",
        ),
    ],
)
def test_weights_of_the_encoder_are_never_drawn_at_random(workplace, tiny_bert, capsys, change, told):
    change(tiny_bert)
    check_mistake(capsys, arguments("--model.backbone", "changed"), ("model.backbone: changed ", "would be random", *told))


def test_B_sibling_a_pooler_may_be_missing(fit, tiny_bert):
    without(tiny_bert, "pooler")
    fit("--model.backbone", "changed", "--trainer.max_epochs", "1")


SYMBOLS = {"user_defined_symbols": ["(", ")", "-", ".", "£"]}
TRAINED = {
    "albert": ("albert", SYMBOLS),
    "spaces": ("deberta", {"remove_extra_whitespaces": False}),
    "no prefix": ("xlm-roberta", {"add_dummy_prefix": False}),
    "bytes": ("deberta", {"byte_fallback": True, "vocab_size": 450}),
    "folded": ("xlm-roberta", {"normalization_rule_name": "nmt_nfkc_cf"}),
    "identity": ("deberta", {"normalization_rule_name": "identity", **SYMBOLS}),
}
"""Architecture and settings of the training of SentencePiece models that transformers' classes do not repeat."""


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize("name", [pytest.param(name, id=f"B1 sibling: {name}") for name in TRAINED])
def test_ids_are_those_of_sentencepiece_however_it_was_trained(tmp_path, name, kind):
    architecture, settings = TRAINED[name]
    config, sizes, file, special = PIECES[architecture]
    folder = write_encoder(tmp_path / "model", config, 500, **sizes)
    reference = SentencePieceProcessor(model_file=str(write_pieces(folder / file, kind, **{**special, **settings})))
    tokenizer = load_tokenizer(str(folder), 32)
    tokenizer.save_pretrained(tmp_path / "saved")
    shutil.copy(folder / "config.json", tmp_path / "saved")
    saved, numbers = AutoTokenizer.from_pretrained(tmp_path / "saved"), tokenizer.get_vocab()
    drawn = random.Random(5)
    texts = [text for text, _ in make_reviews(drawn, 30, noisy=True)]
    texts += ["".join(drawn.choices("abcdefgh  (-).,£!éÀ漢①ﬁß\t", k=30)) for _ in range(60)]
    for text in [*texts, "", " ", " a (b) - c. ", "a  b\u3000c"]:
        seen = text
        if architecture == "albert":  # its classes remove case and accents before the model
            seen = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
        ids = reference.encode(seen)
        expected = [tokenizer.unk_token_id if reference.is_unknown(n) else numbers[reference.id_to_piece(n)] for n in ids]
        assert tokenizer(text, add_special_tokens=False)["input_ids"] == expected, text
        assert saved(text) == tokenizer(text)


@pytest.mark.skipif(
    TOKENIZER_MAPPING_NAMES.get("xlm-roberta-xl") == "XLMRobertaTokenizer", reason="this transformers has a class for it"
)
@pytest.mark.parametrize("file", ["sentencepiece.bpe.model", "spm.model"])
def test_B1_sibling_an_architecture_whose_special_tokens_are_unknown_is_told(workplace, capsys, file):
    folder = write_encoder(Path("large"), XLMRobertaXLConfig, 210, **SMALL, max_position_embeddings=64)
    write_pieces(folder / file, "unigram")
    check_mistake(
        capsys, arguments("--model.backbone", "large"), ("model.backbone: large ", "which special tokens", "tokenizer.json")
    )
