"""Base class of prediction tasks: everything that depends on what is predicted for a text; the rest of alft queries it.

Axes: B texts of a batch, N texts, K stochastic draws, C classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from alft.task.tally import Tally

UNLABELLED = -1
"""Target of a row without a label."""


class Task(ABC):
    """Converts file labels to network targets, and network outputs back to labels and scores.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    problem_type: ClassVar[str]
    """Name of this task in a transformers model config."""

    def __init__(self, label_names: Sequence[str]) -> None:
        self.label_names = list(label_names)
        self._numbers = {name: number for number, name in enumerate(self.label_names)}

    @property
    def outputs(self) -> int:
        """Number of outputs of the network, C."""
        return len(self.label_names)

    @abstractmethod
    def encode(self, label: str | None) -> int:
        """Target of a label as written in a file; None means no label.

        Raises:
            KeyError: The label is not among the names.
        """

    @abstractmethod
    def loss(self, logits_BC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Mean training loss of the texts of a batch that have a label, in nats; 0 if none has.

        Args:
            logits_BC: Outputs of the network.
            targets_B: Targets of the texts; -1 for no label.
            weights_C: Weight of each class; None for equal weights.
            smoothing: Share of the probability, in [0, 1), that the targets spread over all classes.
        """

    def loss_of_draws(
        self, logits_KBC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """Mean training loss over several draws of the same batch, in nats."""
        return self.loss(logits_KBC.flatten(0, 1), targets_B.repeat(len(logits_KBC)), weights_C, smoothing)

    @abstractmethod
    def class_weights(self, targets_N: Tensor) -> Tensor:
        """Weights (C,) that give all classes of these targets the same weight in a loss; their mean over the targets is 1."""

    @abstractmethod
    def probabilities(self, logits_BC: Tensor) -> Tensor:
        """Probabilities (B, C), float32 regardless of the precision of the logits."""

    @abstractmethod
    def label_probs(self, logits_KBC: Tensor, targets_B: Tensor) -> Tensor:
        """Probability of the target of each text, mean over the draws, float32 in [0, 1] (B,); NaN without a label."""

    @abstractmethod
    def average(self, logits_KBC: Tensor) -> Tensor:
        """Logits (B, C) whose probabilities are the mean of the draws' probabilities."""

    @abstractmethod
    def score_table(self, draws: int, rows: int) -> Tensor:
        """Empty table of pool probabilities, float32 (K, N, C), as read by acquisition functions."""

    @abstractmethod
    def table_entries(self, logits_KBC: Tensor) -> Tensor:
        """Probabilities (K, B, C) of some rows of a :meth:`score_table`."""

    @abstractmethod
    def decode(self, probs_NC: Tensor) -> list[str]:
        """Predicted label of each text."""

    @abstractmethod
    def tally(self) -> Tally:
        """A new counter of predictions, for one stage of a run."""

    @abstractmethod
    def macro_f1(self, truth: Sequence[int], predicted: Sequence[int]) -> float:
        """Macro-F1, in [0, 1], of predicted targets."""
