"""Base class of prediction tasks: everything that depends on what is predicted for a text; the rest of alft queries it.

Axes: B texts of a batch, N texts, K stochastic draws, C classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from torch import Tensor

from alft.task.labels import in_order
from alft.task.tally import Tally

Written: TypeAlias = str | tuple[str, ...]
"""What a file says of a text: a class, or several."""

Label: TypeAlias = int | tuple[int, ...]
"""The same in class numbers; several are ascending."""

Unit: TypeAlias = Literal["text", "word"]
"""What has a label: each text, or each word of a text."""

FIRST = "first"
"""Name in a batch of the mark (B, L), bool, of the tokens whose outputs are those of words; not there for texts."""

UNLABELLED = -1
"""Label of a row that has none, whatever the task."""


class Task(ABC):
    """Converts file labels to network targets, and network outputs back to labels and scores.

    Args:
        label_names: Names of the classes, in the order of the outputs.
    """

    name: ClassVar[str]
    """The setting ``data.task``."""

    problem_type: ClassVar[str | None]
    """Name of this task in the config of a transformers model that classifies texts."""

    pipeline: ClassVar[str] = "text-classification"
    """Name of the pipeline of transformers that predicts the same."""

    about: ClassVar[str] = ""
    """What a reader of a model card has to know of the labels, after their names."""

    has_suspects: ClassVar[bool] = True
    """Whether labels that may be wrong can be ranked by a regression that gives each text one class."""

    unit: ClassVar[Unit] = "text"
    """What the network gives outputs for."""

    fill: ClassVar[int] = UNLABELLED
    """Class of a word that has no output."""

    def __init__(self, label_names: Sequence[str]) -> None:
        self.label_names = list(label_names)
        self._numbers = {name: number for number, name in enumerate(self.label_names)}

    @property
    def outputs(self) -> int:
        """Number of outputs of the network, C."""
        return len(self.label_names)

    @property
    def counted_names(self) -> list[str]:
        """Names of what :attr:`alft.task.tally.Evaluation.predicted_C` counts."""
        return self.label_names

    @classmethod
    @abstractmethod
    def read(cls, cells: Sequence[Any], feature: Any, where: Callable[[int], str]) -> list[Any]:
        """What label cells say, a :data:`Written` for each row or None.

        Args:
            cells: One cell per row.
            feature: Type of the column, if the source provides one.
            where: Location of a row.

        Raises:
            ValueError: A cell cannot be read; the message gives its location.
        """

    @classmethod
    def mend(cls, written: Sequence[Any], where: Callable[[int], str]) -> tuple[list[Any], list[str]]:
        """Labels of a split as :meth:`encode` takes them, and a sentence on each kind that was written otherwise.

        Args:
            written: What the file says of each row.
            where: Location of a row.

        Raises:
            ValueError: They contradict each other.
        """
        return list(written), []

    @classmethod  # noqa: B027  # most labels fit every text
    def refuse_misfit(cls, text: str, written: Any, where: str) -> None:
        """Raise a ValueError where what a file says of a text cannot belong to it."""

    @classmethod
    def in_order(cls, names: Iterable[str], feature: Any) -> list[str]:
        """Class names in the order of the outputs.

        Args:
            names: All that the train set has.
            feature: Type of the column, if the source provides one.
        """
        return in_order(set(names), feature)

    @classmethod
    def names_in(cls, written: Written) -> tuple[str, ...]:
        """The class names of a text."""
        return (written,) if isinstance(written, str) else written

    @staticmethod
    def numbers_in(label: Label) -> tuple[int, ...]:
        """The class numbers of a label; none of a text without a label."""
        if label == UNLABELLED:
            return ()
        return (label,) if isinstance(label, int) else label

    @abstractmethod
    def encode(self, written: Any) -> Label:
        """Label of what a file says of a text; None means no label.

        Raises:
            KeyError: A class is not among the names.
        """

    @abstractmethod
    def written(self, label: Any) -> Written:
        """What :meth:`encode` makes this label of."""

    @abstractmethod
    def in_words(self, label: Any) -> str:
        """A label in one string."""

    def counted_in(self, label: Label) -> Iterable[int]:
        """Numbers of the :attr:`counted_names` that a label has, each once; none of a text without a label."""
        return self.numbers_in(label)

    @abstractmethod
    def strata(self, labels: Sequence[Any]) -> list[int]:
        """Number of the stratum of each label in stratified draws; -1 without a label."""

    @abstractmethod
    def targets(self, labels: Sequence[Any]) -> Tensor:
        """Targets of the loss, of labels: integers whose first axis is that of the labels; -1 without a label."""

    @property
    @abstractmethod
    def wrong_answers(self) -> int:
        """Number of wrong labels of which one is drawn where people err."""

    @abstractmethod
    def wrong(self, label: Any, number: int) -> Label:
        """A wrong label instead of this one, ``number`` in [1, :attr:`wrong_answers`]."""

    def starts(self, rows: int, words_N: Tensor | None = None) -> Tensor | None:
        """Where the predictions of each of so many rows begin in a table; None where a row has one.

        Args:
            rows: N.
            words_N: Words of each row that have an output; None where texts have outputs.
        """
        return None

    @abstractmethod
    def loss(self, logits_BC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Mean training loss of the texts of a batch that have a label, in nats; 0 if none has.

        Args:
            logits_BC: Outputs of the network.
            targets_B: Targets of the texts; -1 for no label.
            weights_C: Result of :meth:`class_weights`; None for equal weights.
            smoothing: Share of the probability, in [0, 1), that the targets spread over all classes.
        """

    def loss_of_draws(
        self, logits_KBC: Tensor, targets_B: Tensor, weights_C: Tensor | None = None, smoothing: float = 0.0
    ) -> Tensor:
        """Mean training loss over several draws of the same batch, in nats."""
        repeated = targets_B.repeat(len(logits_KBC), *[1] * (targets_B.ndim - 1))
        return self.loss(logits_KBC.flatten(0, 1), repeated, weights_C, smoothing)

    @abstractmethod
    def class_weights(self, targets_N: Tensor) -> Tensor:
        """Weights (C,) with which all classes of these targets count the same in a loss."""

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
    def score_table(self, draws: int, rows: int, words_N: Tensor | None = None) -> Tensor:
        """Empty table of pool probabilities, float32 (K, N, C), or (K, U, C) with several predictions per row."""

    @abstractmethod
    def table_entries(self, logits_KBC: Tensor) -> Tensor:
        """Probabilities of some rows of a :meth:`score_table`, with its axes."""

    @abstractmethod
    def decode(self, probs_NC: Tensor) -> list[str]:
        """Predicted label of each text."""

    @abstractmethod
    def choose(self, logits_NC: Tensor) -> list[Any]:
        """Predicted label of each text."""

    @abstractmethod
    def tally(self) -> Tally:
        """A new counter of predictions, for one stage of a run."""

    @abstractmethod
    def macro_f1(self, truth: Sequence[Any], predicted: Sequence[Any]) -> float:
        """Macro-F1, in [0, 1], of predicted labels."""


class TextTask(Task, ABC):
    """Base class of tasks whose labels are those of texts."""

    @abstractmethod
    def regress(self, labels: Sequence[Any], fit: Callable[[list[int]], list[int]]) -> list[Any]:
        """Labels that regressions predict which give each text one class, for the controls.

        Args:
            labels: Labels that are known.
            fit: Fits a regression to class numbers of the same texts, and predicts those of others.
        """
