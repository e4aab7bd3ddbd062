"""What passes between a model and a policy: the outputs that a selection needs, those of a pass, and the decision.

Axes: K draws, N pool rows, C classes, D embedding size, F features, M clusters.
"""

from dataclasses import dataclass

from torch import Tensor

from alft.selection.checks import refuse_wrong_axes
from alft.selection.embedding import Embedding, TokenEmbedding
from alft.selection.ledger import Clusters, Selection


@dataclass(frozen=True)
class Scores:
    """Result of a pass over the pool, float32; rows that were not scored hold 0.

    Attributes:
        probs_KNC: Class probabilities of each draw; K = 0 without a pass. A line for each row, or for
            each of its predictions.
        embeddings_ND: One vector per row; D = 0 without embeddings.
        features_NF: What the last layer of the model reads for each row; None without features.
        starts_N: Where the predictions of each row begin (:mod:`alft.selection.several`); None where a row has one.
    """

    probs_KNC: Tensor
    embeddings_ND: Tensor
    features_NF: Tensor | None = None
    starts_N: Tensor | None = None

    def refuse_wrong_axes(self, rows: int) -> None:
        """Raise a ValueError unless all are tensors with these axes and as many rows."""
        lines = rows if self.starts_N is None or not len(self.probs_KNC) else int(self.starts_N[-1]) + 1
        refuse_wrong_axes("probs_KNC", self.probs_KNC, lines)
        refuse_wrong_axes("embeddings_ND", self.embeddings_ND, rows)
        if self.features_NF is not None:
            refuse_wrong_axes("features_NF", self.features_NF, rows)


@dataclass(frozen=True)
class Needs:
    """Model outputs that a selection requires: probabilities, the number of draws, embeddings, features of the last layer."""

    probs: bool
    passes: int
    embeddings: bool
    features: bool = False

    def scores_pool(self, embedding: Embedding) -> bool:
        """Whether they take a pass of the model over the pool."""
        return self.probs or self.features or (self.embeddings and isinstance(embedding, TokenEmbedding))


@dataclass(frozen=True)
class Decision:
    """The next set, and state for later selections: clusters computed once, and their order of difficulty."""

    selection: Selection
    clusters: Clusters | None
    cluster_order_M: Tensor | None
