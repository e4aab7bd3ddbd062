"""Loads the tokenizer of a pretrained model as its own files describe it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from huggingface_hub import try_to_load_from_cache
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from alft.models.backbone import load_pretrained, locate
from alft.models.pieces import as_fast, load_pieces, sentencepiece_file

TABLE = "Precompiled"
"""Name of the normalizer that holds the table of a SentencePiece model."""


def load_own_tokenizer(backbone: str) -> PreTrainedTokenizerBase:
    """The tokenizer, with the ids that its ``tokenizer.json`` or else its SentencePiece model gives.

    Raises:
        ValueError: It cannot be loaded.
    """
    place = Path(locate(backbone))
    if place.is_dir() and (file := sentencepiece_file(place)) is not None:
        return _of_pieces(backbone, file)
    if place.is_dir():
        return _with_its_table(load_pretrained(AutoTokenizer, backbone), place / "tokenizer.json")
    return _from_hub(backbone)


def _of_pieces(backbone: str, file: Path) -> PreTrainedTokenizerBase:
    def from_pretrained(place: str, **options: Any) -> PreTrainedTokenizerBase:
        return load_pieces(AutoTokenizer, file, **options)

    loaded: PreTrainedTokenizerBase = load_pretrained(SimpleNamespace(from_pretrained=from_pretrained), backbone)
    return loaded


def _from_hub(backbone: str) -> PreTrainedTokenizerBase:
    """The same for a hub id: loading it, even in vain, leaves its files on this machine."""
    loaded, failure = None, None
    try:
        loaded = load_pretrained(AutoTokenizer, backbone)
    except ValueError as error:
        failure = error
    folder = _cached(backbone)
    if folder is not None and (file := sentencepiece_file(folder)) is not None:
        return _of_pieces(backbone, file)
    if failure is not None:
        raise failure
    assert loaded is not None
    return loaded if folder is None else _with_its_table(loaded, folder / "tokenizer.json")


def _cached(backbone: str) -> Path | None:
    """Folder of the files of a hub id on this machine."""
    found = try_to_load_from_cache(backbone, "config.json")
    return Path(found).parent if isinstance(found, str) else None


def _with_its_table(loaded: PreTrainedTokenizerBase, file: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of the file if the class that transformers chose has dropped the table of its normalizer.

    Classes for SentencePiece models make a normalizer of their own, in which some of them do not use that table.
    """
    backend = getattr(loaded, "backend_tokenizer", None)
    if backend is None or not file.is_file() or TABLE.encode() not in file.read_bytes():
        return loaded
    if backend.normalizer is not None and TABLE.encode() in backend.normalizer.__getstate__():
        return loaded
    return as_fast(Tokenizer.from_file(str(file)), loaded)
