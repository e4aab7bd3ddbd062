"""Compares a tokenizer with the SentencePiece model that it was made from, on many scripts and on the model's pieces."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Normalizer

SPACE = "\u2581"
"""How SentencePiece writes a space."""

PROBES = (
    "The quick brown fox, 12 times!",
    "  two  spaces\tand a\nline ",
    "ﬁne ① Ａ™ cafe\u0301 café",
    "Ελληνικά русский 漢字 かな العربية हिन्दी 한국어 😀",
    "Žltý kôň, ġib il-ħobż; İstanbul'da ığdır",
)
"""Texts on which a tokenizer is compared with SentencePiece, beside pieces of the model itself."""

PROBED_PIECES = 200


def numbers_of(pieces: Sequence[str], unknown: int) -> Callable[[str], int]:
    """The id of a piece; that of the unknown one for what is no piece."""
    numbers = {piece: number for number, piece in enumerate(pieces)}
    return lambda piece: numbers.get(piece, unknown)


def as_normalizer(parts: list[dict[str, Any]]) -> Normalizer:
    """A normalizer of the tokenizers library, from its steps as written in a tokenizer.json."""
    empty = Tokenizer(WordLevel({}, unk_token=""))
    description = json.loads(empty.to_str()) | {"normalizer": {"type": "Sequence", "normalizers": parts}}
    normalizer: Normalizer = Tokenizer.from_str(json.dumps(description)).normalizer
    return normalizer


def compare_pieces(
    backend: Tokenizer, reference: SentencePieceProcessor, own: Normalizer, number: Callable[[str], int], added: set[str]
) -> None:
    """Refuse a tokenizer that does not split the probes as SentencePiece does, after the steps of the class."""
    size = reference.get_piece_size()
    some = range(0, size, max(1, size // PROBED_PIECES))
    unlike_text = (reference.is_control, reference.is_unknown, reference.is_byte)
    shown = [reference.id_to_piece(n) for n in some if not any(kind(n) for kind in unlike_text)]
    pieces = [piece for piece in shown if piece not in added]
    for text in (*PROBES, "".join(pieces).replace(SPACE, " "), " ".join(pieces).replace(SPACE, "")):
        expected = [
            number("" if reference.is_unknown(n) else reference.id_to_piece(n))
            for n in reference.encode(own.normalize_str(text))
        ]
        if backend.encode(text, add_special_tokens=False).ids != expected:
            raise ValueError("its SentencePiece model splits texts in a way that transformers cannot repeat")
