"""Heads: what makes class scores of an encoder's token vectors.

Axes: B texts, L tokens, D hidden size, C classes. A new head is one frozen dataclass in any importable module and one line of
config: a :class:`Pooling` if it reduces the token vectors to one vector without weights of its own, a :class:`Head` otherwise.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import PreTrainedModel

from alft.models.ngrams import ngram_counts
from alft.models.pooled import PooledClassifier
from alft.models.windowed import WindowedClassifier
from alft.selection.embedding import MeanTokens
from alft.system.nulls import refuse_nulls
from alft.system.subclasses import path_of, subclasses
from alft.task.base import Unit

OWN_POOLING = "classifier_pooling"
"""Setting by which an architecture, such as ModernBERT, chooses the pooling of its own head."""


class Head(ABC):
    """Base class: turns the network that transformers loads into the one that is trained."""

    units: ClassVar[tuple[Unit, ...]] = ("text",)
    """What it makes scores of."""

    @abstractmethod
    def attach(self, network: PreTrainedModel) -> PreTrainedModel:
        """Give a network this head.

        Args:
            network: A classifier of transformers, of texts or tokens, with the pretrained encoder as its ``base_model``.

        Returns:
            A model with the outputs ``logits`` (B, C) and, if asked, ``hidden_states`` (B, L, D each); its last linear layer
            has one output per class.
        """


@dataclass(frozen=True)
class First(Head):
    """The head that transformers gives the architecture; with BERT a layer on the first token, then dropout and a linear layer.

    Use it for checkpoints whose first token was trained to represent the text, and to repeat published results: with most
    checkpoints the layer on the first token is freshly random. For words it is dropout and a linear layer on each token.
    Source: Devlin et al. (2019), arXiv 1810.04805.
    """

    units: ClassVar[tuple[Unit, ...]] = ("text", "word")

    def attach(self, network: PreTrainedModel) -> PreTrainedModel:
        """The network unchanged."""
        return network


@dataclass(frozen=True)
class Pooling(Head):
    """Base class: one vector per text, optional layer norm, dropout, a linear layer.

    Args:
        norm: Normalise the vector of each text (layer norm) before the dropout.
        dropout: Dropout before the linear layer, in [0, 1).
    """

    norm: bool = False
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        refuse_nulls(type(self), vars(self), "model.head")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"model.head.dropout must be in [0, 1), got {self.dropout}")

    @abstractmethod
    def pool(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Vectors (B, D) of the texts from their last hidden states; the mask is 1 at real tokens."""

    def width(self, hidden_size: int) -> int:
        """Number F of features that the linear layer reads."""
        return hidden_size

    def features(self, vector_BD: Tensor, ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        """What the linear layer reads, (B, F): the vectors of the texts, after the norm, and what a head adds to them."""
        return vector_BD

    def attach(self, network: PreTrainedModel) -> PreTrainedModel:
        """The encoder alone, below a new head."""
        return PooledClassifier.around(network, self, recorded(self))


@dataclass(frozen=True)
class Mean(Pooling):
    """Mean of the token vectors, excluding padding; then optional layer norm, dropout and a linear layer.

    Formula: logits = W mean_l(h_l) + b. An architecture with a setting of its own for this, such as ModernBERT, uses that, with
    the layers between that its authors gave it. Use it with small encoders and few labels: nothing below the last layer is
    random. Source: the pooling of Sentence-BERT, arXiv 1908.10084; the measurements are ours.
    """

    def pool(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Masked mean over tokens."""
        return MeanTokens()(hidden_BLD, mask_BL)

    def attach(self, network: PreTrainedModel) -> PreTrainedModel:
        """The architecture's own mean where it has one."""
        if not hasattr(network.config, OWN_POOLING):
            return super().attach(network)
        if self.norm:
            raise ValueError(
                f"model.head.norm cannot be used with {network.config.model_type}, whose own head has a norm; leave it out"
            )
        network.config.classifier_pooling = "mean"
        network.config.classifier_dropout = self.dropout
        own: Any = network
        own.drop.p = self.dropout
        return network


@dataclass(frozen=True)
class MeanNgrams(Pooling):
    """Mean of the token vectors, joined with counts of the text's n-grams of tokens, hashed to ``size`` columns.

    Formula: logits = W [mean_l(h_l); c] + b, with c as in :func:`alft.models.ngrams.ngram_counts`. With a few hundred labels a
    word that decides is learned from its counts long before the encoder has learned it; the encoder adds what words cannot
    say. Use it with ``head_start: probe``, which weighs both. The columns are features of the last layer: Badge takes memory
    for them, 4 (D + size) bytes a row. Source: ours, after the bag of n-grams beside an embedding in fastText (arXiv
    1607.01759) and feature hashing (arXiv 0902.2206).

    Args:
        norm: Normalise the vector of each text (layer norm) before the dropout.
        dropout: Dropout before the linear layer, in [0, 1).
        longest: Tokens of the longest n-gram, in [1, 8].
        size: Number of columns, in [1, 1048576].
    """

    longest: int = 3
    size: int = 8192

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        super().__post_init__()
        for name, largest in {"longest": 8, "size": 2**20}.items():
            if not 1 <= getattr(self, name) <= largest:
                raise ValueError(f"model.head.{name} must be in [1, {largest}], got {getattr(self, name)}")

    def pool(self, hidden_BLD: Tensor, mask_BL: Tensor) -> Tensor:
        """Masked mean over tokens."""
        return MeanTokens()(hidden_BLD, mask_BL)

    def width(self, hidden_size: int) -> int:
        """Vector and columns."""
        return hidden_size + self.size

    def features(self, vector_BD: Tensor, ids_BL: Tensor, mask_BL: Tensor) -> Tensor:
        """Vectors, then counts."""
        counts_BS = ngram_counts(ids_BL, mask_BL, self.longest, self.size)
        return torch.cat([vector_BD, counts_BS.to(vector_BD.dtype)], 1)


@dataclass(frozen=True)
class Window(Head):
    """Vectors from the middle layers of the encoder, of a token and its neighbours; then dropout and a linear layer.

    Formula: logits_l = W [v_(l-r); ...; v_(l+r)] + b, with v the mean over the middle half of the layers of their normalised
    states, and r = ``reach``. The last layers of an encoder for sentences have forgotten what single words are. Use it for
    words, with ``head_start: probe``. Source: ours, after the finding that middle layers hold entities best (arXiv
    1905.05950).

    Args:
        reach: Tokens before and behind, in [0, 8].
        dropout: Dropout before the linear layer, in [0, 1).
    """

    units: ClassVar[tuple[Unit, ...]] = ("word",)

    reach: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        refuse_nulls(Window, vars(self), "model.head")
        if not 0 <= self.reach <= 8:
            raise ValueError(f"model.head.reach must be in [0, 8], got {self.reach}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"model.head.dropout must be in [0, 1), got {self.dropout}")

    def width(self, hidden_size: int) -> int:
        """Number of features that the linear layer reads."""
        return hidden_size * (2 * self.reach + 1)

    def attach(self, network: PreTrainedModel) -> PreTrainedModel:
        """The encoder alone, below a new head."""
        return WindowedClassifier.around(network, self, recorded(self))


def recorded(head: Any) -> dict[str, Any]:
    """A head as plain values, as written to config.yaml and checkpoints.

    Raises:
        ValueError: It is no dataclass below :class:`Head`.
    """
    if not isinstance(head, Head) or not is_dataclass(head):
        raise ValueError(f"model.head must be an object of a dataclass below Head, got {head!r}")
    return {"class_path": path_of(type(head)), "init_args": asdict(head)}


def is_record(value: Any) -> bool:
    """Whether a value is what :func:`recorded` makes of a head that has been imported."""
    return (
        isinstance(value, dict)
        and value.keys() == {"class_path", "init_args"}
        and value["class_path"] in _known()
        and isinstance(value["init_args"], dict)
    )


def restored(record: dict[str, Any] | None) -> Head:
    """The head of a record; of None, from a version without heads, transformers' own.

    Raises:
        ValueError: The class has not been imported. It is never imported from here: a record is data.
    """
    if record is None:
        return First()
    kind = _known().get(record["class_path"])
    if kind is None:
        raise ValueError(f"model.head: {record['class_path']} is not known; import the module that defines it first")
    head: Head = kind(**record["init_args"])
    return head


def _known() -> dict[str, type]:
    return {path_of(kind): kind for kind in subclasses(Head)}
