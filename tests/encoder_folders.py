"""Small encoders of many architectures and SentencePiece models, for the tests of models."""

import io
import json
import random
from pathlib import Path
from typing import Any

import torch
from sentencepiece import SentencePieceTrainer
from transformers import (
    AlbertConfig,
    AutoModelForSequenceClassification,
    BartConfig,
    BertConfig,
    CamembertConfig,
    Data2VecTextConfig,
    DebertaV2Config,
    FNetConfig,
    FunnelConfig,
    GPT2Config,
    IBertConfig,
    LongformerConfig,
    LukeConfig,
    MPNetConfig,
    PreTrainedConfig,
    ReformerConfig,
    T5Config,
    XLMRobertaConfig,
    XLNetConfig,
    XmodConfig,
)

from alft.data.demo import make_reviews

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
HALVES = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
CONFIGS: dict[str, tuple[type[PreTrainedConfig], dict[str, Any]]] = {
    "bert": (BertConfig, SMALL | {"max_position_embeddings": 40}),
    "mpnet": (MPNetConfig, SMALL | {"max_position_embeddings": 40}),
    "longformer": (LongformerConfig, SMALL | {"max_position_embeddings": 40, "attention_window": 4}),
    "data2vec": (Data2VecTextConfig, SMALL | {"max_position_embeddings": 40}),
    "xmod": (XmodConfig, SMALL | {"max_position_embeddings": 40, "languages": ["en_XX"], "default_language": "en_XX"}),
    "ibert": (IBertConfig, SMALL | {"max_position_embeddings": 40}),
    "luke": (LukeConfig, SMALL | {"max_position_embeddings": 40, "entity_vocab_size": 10}),
    "xlnet": (XLNetConfig, {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16}),
    "fnet": (FNetConfig, {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 16, "max_position_embeddings": 40}),
    "t5": (T5Config, {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}),
    "bart": (BartConfig, HALVES | {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 40}),
    "funnel": (FunnelConfig, {"block_sizes": [1, 1], "d_model": 16, "n_head": 2, "d_head": 8, "d_inner": 16}),
    "reformer": (ReformerConfig, {}),
    "gpt2": (GPT2Config, {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 40}),
}
"""Architectures beside those of test_encoders.py."""

PIECES: dict[str, tuple[type[PreTrainedConfig], dict[str, Any], str, dict[str, Any]]] = {
    "deberta": (
        DebertaV2Config,
        SMALL
        | {"max_position_embeddings": 64, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
        | {"type_vocab_size": 0},
        "spm.model",
        {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3}
        | {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
    ),
    "xlm-roberta": (
        XLMRobertaConfig,
        SMALL | {"max_position_embeddings": 66, "type_vocab_size": 1},
        "sentencepiece.bpe.model",
        {"unk_id": 0, "bos_id": 1, "eos_id": 2},
    ),
    "camembert": (
        CamembertConfig,
        SMALL | {"max_position_embeddings": 66, "type_vocab_size": 1},
        "sentencepiece.bpe.model",
        {"unk_id": 0, "bos_id": 1, "eos_id": 2},
    ),
    "albert": (
        AlbertConfig,
        SMALL | {"max_position_embeddings": 64, "embedding_size": 8},
        "spiece.model",
        {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "control_symbols": "[CLS],[SEP],[MASK]", "pad_piece": "<pad>"},
    ),
}
"""Architectures with a SentencePiece model: config, settings, name of the model file, special pieces."""


def write_encoder(folder: Path, config_class: type[PreTrainedConfig], words: int, **settings: Any) -> Path:
    """A random model without a tokenizer."""
    torch.manual_seed(0)
    config = config_class(vocab_size=words, **settings)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    return folder


def write_pieces(file: Path, kind: str, **settings: Any) -> Path:
    """A SentencePiece model of generated reviews."""
    file.parent.mkdir(parents=True, exist_ok=True)
    texts, model = [text for text, _ in make_reviews(random.Random(0), 300, noisy=False)], io.BytesIO()
    defaults = {"vocab_size": 200, "hard_vocab_limit": False, "minloglevel": 2}
    SentencePieceTrainer.train(sentence_iterator=iter(texts), model_writer=model, model_type=kind, **{**defaults, **settings})
    file.write_bytes(model.getvalue())
    return file


def change_json(path: Path, **values: Any) -> None:
    """Set entries of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
