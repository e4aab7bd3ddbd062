"""Which weights learn how fast: learning rates by depth, decay of weight matrices, warm-up (method.md 9)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

Decay = Literal["plan", "pool"]

STACK = re.compile(r"^(?:.*?\.)?(?:layers?|h|blocks?)\.(\d+)\.")
"""Beginning of the name of a weight inside the n-th layer of an encoder."""

LARGEST = 1e30
"""Upper limit on learning rates: far above any useful one, and finite in float32."""


@dataclass(frozen=True)
class Optimisation:
    """Settings of the optimizer and the loss, checked; the defaults are those of a fit.

    Args:
        lr: Peak learning rate, in [0, 1e30].
        head_lr: Peak learning rate of the head; None for ``lr``.
        layer_decay: Factor, in (0, 1], of the learning rate from each encoder layer to the one below it.
        weight_decay: Decay of weight matrices, at least 0.
        warmup: Share of the steps in which the rates rise from 0, in [0, 1].
        decay: When the rates return to 0.
        label_smoothing: Share of the probability, in [0, 1), that each target spreads over all classes.
        ema: Share, in (0, 1), that a moving average of the weights keeps in each step; None for no average.
    """

    lr: float = 2e-5
    head_lr: float | None = None
    layer_decay: float = 1.0
    weight_decay: float = 0.01
    warmup: float = 0.1
    decay: Decay = "plan"
    label_smoothing: float = 0.0
    ema: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range; a NaN fails every comparison."""
        rates = {"lr": self.lr} | ({} if self.head_lr is None else {"head_lr": self.head_lr})
        for name, rate in rates.items():
            if not 0 <= rate <= LARGEST:
                raise ValueError(f"model.{name} must be at least 0 and at most {LARGEST:g}, got {rate}")
        if not self.weight_decay >= 0:
            raise ValueError(f"model.weight_decay must be at least 0, got {self.weight_decay}")
        if not 0 < self.layer_decay <= 1:
            raise ValueError(f"model.layer_decay must be in (0, 1], got {self.layer_decay}")
        if not 0 <= self.warmup <= 1:
            raise ValueError(f"model.warmup must be in [0, 1], got {self.warmup}")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"model.label_smoothing must be in [0, 1), got {self.label_smoothing}")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ValueError(f"model.ema must be in (0, 1), or null for no average, got {self.ema}")

    @property
    def freezes_encoder(self) -> bool:
        """Whether only the head learns: the encoder's gradients need not be computed."""
        return self.lr == 0 and bool(self.head_lr)

    def groups(self, weights: Iterable[tuple[str, nn.Parameter]], inside: Callable[[str], bool]) -> list[dict[str, Any]]:
        """Parameter groups of the trained weights, one for each learning rate with and without weight decay.

        The layers of an encoder learn at ``lr * layer_decay ** (layers above)``, its embeddings as if they were the layer below
        the first, everything outside at ``head_lr``.

        Args:
            weights: Names and weights.
            inside: Whether the weight of a name belongs to the encoder.

        Raises:
            ValueError: ``layer_decay`` is below 1, but no name has the number of a layer.
        """
        trained = [(name, weight) for name, weight in weights if weight.requires_grad]
        depths = {name: _depth(name) for name, _ in trained if inside(name)}
        deepest = max(depths.values(), default=0)
        if self.layer_decay < 1 and depths and not deepest:
            raise ValueError(f"model.layer_decay must be 1 with this encoder, which shares its layers, got {self.layer_decay}")
        outside = self.lr if self.head_lr is None else self.head_lr
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, weight in trained:
            rate = self.lr * self.layer_decay ** (deepest - depths[name]) if name in depths else outside
            groups.setdefault((rate, self.weight_decay if weight.ndim >= 2 else 0.0), []).append(weight)
        ordered = sorted(groups.items(), key=lambda group: (-group[0][0], -group[0][1]))
        return [{"params": held, "lr": rate, "weight_decay": decay} for (rate, decay), held in ordered]


def planned(
    groups: list[dict[str, Any]], warmup: float, stretches: Sequence[int], place_of: Callable[[int], float] = float
) -> tuple[Optimizer, LRScheduler]:
    """AdamW on parameter groups, and a scheduler of its rates.

    Args:
        groups: Parameter groups with their peak rates.
        warmup: Share of the steps of a stretch in which the rates rise from 0; then they fall linearly to 0 at its end.
        stretches: Number of steps of each stretch, one after another.
        place_of: Gives the planned step of a step taken, where these may differ.
    """
    on_cpu = all(weight.device.type == "cpu" for group in groups for weight in group["params"])
    optimizer = AdamW(groups, fused=on_cpu or None)  # there it takes a sixth of the time
    ends = list(accumulate(stretches))

    def factor(taken: int) -> float:
        step = place_of(taken)
        place = min(bisect_right(ends, step), len(ends) - 1)
        length, done = stretches[place], step - (ends[place] - stretches[place])
        rise = round(warmup * length)
        return done / rise if done < rise else max(0.0, (length - done) / max(1, length - rise))

    return optimizer, LambdaLR(optimizer, factor)


def _depth(name: str) -> int:
    """Layer of a weight, counted from 1; 0 below the first.

    >>> _depth("network.bert.encoder.layer.3.output.dense.weight"), _depth("network.bert.embeddings.word_embeddings.weight")
    (4, 0)
    """
    found = STACK.match(name)
    return int(found[1]) + 1 if found else 0
