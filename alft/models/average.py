"""Averaged weights: what is measured, scored and saved is a moving average of the weights that are trained.

A module holds either the weights in training or the average. The average is put in before an evaluation and stays, through
selection and checkpoint, until training goes on. So a checkpoint's ``state_dict`` is what was measured.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


class Average:
    """Exponential moving average of the trained weights of a module.

    Formula: a <- a + (1 - d_n)(w - a) after step n, with d_n = min(decay, (1 + n) / (10 + n)), so that the first steps, which
    are far from the end, do not weigh for long. Source: Polyak averaging in the form of TensorFlow's ExponentialMovingAverage.

    Args:
        module: Whose weights are averaged.
        decay: Share of the average that a step keeps, in (0, 1).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.step = 0
        self._module = [module]  # in a list, so that torch does not register it
        self._average: Weights = {}
        self._trained: Weights = {}

    @property
    def is_in(self) -> bool:
        """Whether the module holds the average."""
        return bool(self._trained)

    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        self.step = step
        keep = min(self.decay, (1 + step) / (10 + step))
        for name, weight in self._weights():
            if name in self._average:
                self._average[name].lerp_(weight.detach(), 1 - keep)
            else:
                self._average[name] = weight.detach().clone()

    def forget(self) -> None:
        """Begin anew, without an average."""
        self._average, self._trained = {}, {}

    def put_in(self) -> None:
        """Exchange the weights in training for their average, if there is one."""
        if self._average and not self.is_in:
            self._trained = {name: weight.detach().clone() for name, weight in self._weights()}
            self._write(self._average)

    def take_out(self) -> None:
        """Put the weights in training back."""
        if self.is_in:
            self._write(self._trained)
            self._trained = {}

    def state(self) -> Weights | None:
        """The weights in training, while the module holds the average."""
        return self._trained or None

    def restore(self, trained: Weights | None, average: Weights, step: int) -> None:
        """Go on from a checkpoint.

        Args:
            trained: The weights in training; None in a checkpoint without an average.
            average: The weights of the module, which are the average.
            step: Steps taken.
        """
        self.step = step
        if trained is not None:
            self._trained = {name: weight.clone() for name, weight in trained.items()}
            self._average = {name: average[name].clone() for name in trained}

    def _weights(self) -> Iterable[tuple[str, nn.Parameter]]:
        return ((name, weight) for name, weight in self._module[0].named_parameters() if weight.requires_grad)

    @torch.no_grad()
    def _write(self, values: Weights) -> None:
        for name, weight in self._weights():
            weight.copy_(values[name])
