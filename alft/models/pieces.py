"""Tokenizers of folders with a SentencePiece model and no ``tokenizer.json``, with the ids of SentencePiece itself.

The classes of transformers know the special tokens and the order of ids of each architecture, but some of them leave out the
normalisation of the SentencePiece model, and most read byte-pair models as unigram models. Both change the ids of some texts
without a word, so that model and normalisation are taken from the file here, and the result is compared with SentencePiece.
"""

import base64
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Normalizer
from tokenizers.processors import PostProcessor, TemplateProcessing
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

UNIGRAM, BPE = 1, 2
"""Kinds of SentencePiece models that the tokenizers library can repeat; others split texts at characters or words."""

_FORMAT: Any = sentencepiece_model_pb2  # generated when it is imported, so that its classes are unknown to the type checker

OF_THE_FILE = ("NFC", "Precompiled")
"""Normalizers of transformers' classes that stand for the normalisation of the SentencePiece model."""

PROBES = (
    "The quick brown fox, 12 times!",
    "  two  spaces\tand a\nline ",
    "ﬁne ① Ａ™ cafe\u0301 café",
    "Ελληνικά русский 漢字 かな العربية हिन्दी 한국어 😀",
    "Žltý kôň, ġib il-ħobż; İstanbul'da ığdır",
)
"""Texts on which a tokenizer is compared with SentencePiece, beside pieces of the model itself."""

PROBED_PIECES = 200


def sentencepiece_file(folder: Path) -> Path | None:
    """The SentencePiece model that a folder's tokenizer must be built from; None if it has a tokenizer.json, or no model."""
    if (folder / "tokenizer.json").exists():
        return None
    return next(iter(sorted(folder.glob("*.model"))), None)


def read_model(file: Path) -> Any:
    """The contents of a SentencePiece model.

    Raises:
        ValueError: It is none, or of a kind that cannot be converted.
    """
    try:
        SentencePieceProcessor(model_file=str(file))
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{file.name} is not a SentencePiece model") from error
    model = _FORMAT.ModelProto.FromString(file.read_bytes())
    if model.trainer_spec.model_type not in (UNIGRAM, BPE):
        raise ValueError(f"{file.name} is a SentencePiece model of words or characters; unigram and bpe can be read")
    return model


def load_pieces(auto_class: Any, file: Path, **options: Any) -> PreTrainedTokenizerBase:
    """The tokenizer of the folder around a SentencePiece model.

    Args:
        auto_class: ``AutoTokenizer``.
        file: The SentencePiece model.
        **options: Arguments of its ``from_pretrained``.

    Raises:
        ValueError: The model is none, or its texts cannot be split as SentencePiece splits them.
    """
    model = read_model(file)
    loaded = _by_its_class(auto_class, file, model, options)
    description = json.loads(loaded.backend_tokenizer.to_str())
    own = [part for part in _parts(description["normalizer"]) if part["type"] not in OF_THE_FILE]
    description["normalizer"] = {"type": "Sequence", "normalizers": own + _normalisation(model)}
    pieces = [piece for piece, _ in description["model"]["vocab"]]
    unknown = _unknown(pieces, model, loaded)
    description["model"] = _model(description["model"], pieces, unknown, model)
    backend = Tokenizer.from_str(json.dumps(description))
    if not backend.num_special_tokens_to_add(False):
        backend.post_processor = _around(loaded)
    _compare(backend, SentencePieceProcessor(model_file=str(file)), _as_normalizer(own), pieces, unknown)
    return as_fast(backend, loaded)


def as_fast(backend: Tokenizer, like: PreTrainedTokenizerBase) -> PreTrainedTokenizerFast:
    """A tokenizer that is saved and loaded whole, with the special tokens and limits of another."""
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend,
        model_max_length=like.model_max_length,
        model_input_names=like.model_input_names,
        **like.special_tokens_map,
    )


def _by_its_class(auto_class: Any, file: Path, model: Any, options: dict[str, Any]) -> PreTrainedTokenizerBase:
    """The tokenizer as transformers builds it: its classes know unigram models only, so a byte-pair model is lent that name."""
    if model.trainer_spec.model_type == UNIGRAM:
        return auto_class.from_pretrained(str(file.parent), **options)  # type: ignore[no-any-return]
    lent = _FORMAT.ModelProto.FromString(model.SerializeToString())
    lent.trainer_spec.model_type = UNIGRAM
    with TemporaryDirectory() as place:
        for path in file.parent.glob("*.json"):
            shutil.copy(path, place)
        Path(place, file.name).write_bytes(lent.SerializeToString())
        return auto_class.from_pretrained(place, **options)  # type: ignore[no-any-return]


def _parts(normalizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    """A normalizer as the list of its steps."""
    if normalizer is None:
        return []
    if normalizer["type"] != "Sequence":
        return [normalizer]
    return [part for inner in normalizer["normalizers"] for part in _parts(inner)]


def _normalisation(model: Any) -> list[dict[str, Any]]:
    """The steps of SentencePiece's normalisation."""
    steps: list[dict[str, Any]] = []
    if table := model.normalizer_spec.precompiled_charsmap:
        steps.append({"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()})
    if model.normalizer_spec.remove_extra_whitespaces:
        steps.append({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})
        steps.append({"type": "Strip", "strip_left": True, "strip_right": True})
    return steps


def _unknown(pieces: list[str], model: Any, loaded: PreTrainedTokenizerBase) -> int:
    """Id of the unknown piece: that of the file, by whatever name, or else that of the class."""
    name = model.pieces[model.trainer_spec.unk_id].piece
    return pieces.index(name if name in pieces else str(loaded.unk_token))


def _around(loaded: PreTrainedTokenizerBase) -> PostProcessor | None:
    """The first and last token of a text, which DeBERTa's class in transformers 5.0 leaves out."""
    if loaded.cls_token is None or loaded.sep_token is None:
        return None
    first, last = str(loaded.cls_token), str(loaded.sep_token)
    numbers = [(token, int(loaded.convert_tokens_to_ids(token))) for token in (first, last)]  # type: ignore[arg-type]
    return TemplateProcessing(single=f"{first} $A {last}", pair=f"{first} $A {last} $B {last}", special_tokens=numbers)


def _model(found: dict[str, Any], pieces: list[str], unknown: int, model: Any) -> dict[str, Any]:
    """The model of the tokenizers library with the ids found and the kind of the file."""
    byte_fallback = bool(model.trainer_spec.byte_fallback)
    if model.trainer_spec.model_type == UNIGRAM:
        return {**found, "unk_id": unknown, "byte_fallback": byte_fallback}
    return {
        "type": "BPE",
        "vocab": {piece: number for number, piece in enumerate(pieces)},
        "merges": _merges([(piece.piece, piece.score) for piece in model.pieces if piece.type == piece.NORMAL]),
        "unk_token": pieces[unknown],
        "fuse_unk": True,
        "byte_fallback": byte_fallback,
    }


def _merges(scored: Sequence[tuple[str, float]]) -> list[list[str]]:
    """All pairs of pieces that make a piece, those that SentencePiece joins first at the front.

    >>> _merges([("ab", -1.0), ("abc", 0.0), ("a", -3.0), ("b", -4.0), ("c", -5.0), ("bc", -2.0)])
    [['a', 'bc'], ['ab', 'c'], ['a', 'b'], ['b', 'c']]
    """
    known = {piece for piece, _ in scored}
    best_first = sorted(scored, key=lambda entry: -entry[1])
    return [
        [piece[:cut], piece[cut:]]
        for piece, _ in best_first
        for cut in range(1, len(piece))
        if piece[:cut] in known and piece[cut:] in known
    ]


def _as_normalizer(parts: list[dict[str, Any]]) -> Normalizer:
    empty = Tokenizer(WordLevel({}, unk_token=""))
    description = json.loads(empty.to_str()) | {"normalizer": {"type": "Sequence", "normalizers": parts}}
    normalizer: Normalizer = Tokenizer.from_str(json.dumps(description)).normalizer
    return normalizer


def _compare(backend: Tokenizer, reference: SentencePieceProcessor, own: Normalizer, pieces: list[str], unknown: int) -> None:
    """Refuse a tokenizer that does not split the probes as SentencePiece does, after the steps of the class."""
    numbers = {piece: number for number, piece in enumerate(pieces)}
    size = reference.get_piece_size()
    some = range(0, size, max(1, size // PROBED_PIECES))
    normal = [reference.id_to_piece(n) for n in some if not (reference.is_control(n) or reference.is_unknown(n))]
    for text in (*PROBES, "".join(normal).replace("▁", " "), " ".join(normal).replace("▁", "")):
        ids = reference.encode(own.normalize_str(text))
        expected = [unknown if reference.is_unknown(n) else numbers.get(reference.id_to_piece(n), unknown) for n in ids]
        if backend.encode(text, add_special_tokens=False).ids != expected:
            raise ValueError("its SentencePiece model splits texts in a way that transformers cannot repeat")
