"""Imperfect answers: what people would have said of the pool's texts, drawn from the labels of the file (ours).

Only what a run trains on is drawn: the validation set, the test set and the controls keep the labels of the file. A draw
depends on the seed and on nothing that is selected: runs with one seed ask the same people, and with a larger share these make
the same mistakes and more. Axes: N pool rows.
"""

from dataclasses import dataclass
from typing import Any

import torch

from alft.selection.seeds import generator
from alft.task.base import UNLABELLED, Task


@dataclass(frozen=True)
class Answers:
    """How people answer.

    Args:
        noise: Share of the answers that are wrong, in [0, 1]; all wrong ones are equally likely.
        skip: Share of the texts that get no answer, in [0, 1).
    """

    noise: float = 0.0
    skip: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares outside their range, including NaN."""
        if not 0 <= self.noise <= 1:
            raise ValueError(f"data.noise must be a share in [0, 1], got {self.noise}")
        if not 0 <= self.skip < 1:
            raise ValueError(f"data.skip must be a share in [0, 1), so that some texts get an answer, got {self.skip}")

    @property
    def perfect(self) -> bool:
        """Whether every answer is the label of the file."""
        return not self.noise and not self.skip

    @property
    def settings(self) -> dict[str, Any]:
        """Settings as written to the summary: null where they have no effect, as in runs of earlier versions."""
        return {"noise": self.noise or None, "skip": self.skip or None}

    @property
    def remarks(self) -> list[str]:
        """One sentence, unless all answers are the labels of the file."""
        if self.perfect:
            return []
        return [
            f"answers are drawn: {self.noise:.1%} of them wrong (data.noise), {self.skip:.1%} of the texts without one "
            "(data.skip), which count as bought; validation, test and controls keep the labels of the file"
        ]

    def __call__(self, labels: list[Any], task: Task, seed: int) -> list[Any]:
        """The answer to every text, if it were asked.

        Args:
            labels: Label of each text in the file; -1 for none, which stays so.
            task: Says what a wrong label is.
            seed: Seed of the draws.

        Returns:
            A label for each text; -1 where there is no answer.

        >>> from alft.task.single_label import SingleLabel
        >>> Answers(noise=1.0)([0, 1, -1], SingleLabel(["no", "yes"]), seed=0)
        [1, 0, -1]
        """
        if self.perfect:
            return labels
        size = len(labels)
        wrong_N = torch.rand(size, generator=generator(seed, "wrong answers"), dtype=torch.float64) < self.noise
        silent_N = torch.rand(size, generator=generator(seed, "no answers"), dtype=torch.float64) < self.skip
        step_N = torch.randint(1, task.wrong_answers + 1, (size,), generator=generator(seed, "wrong classes"))
        draws = zip(labels, silent_N.tolist(), wrong_N.tolist(), step_N.tolist(), strict=True)
        return [
            UNLABELLED if silent or label == UNLABELLED else task.wrong(label, step) if wrong else label
            for label, silent, wrong, step in draws
        ]
