"""The epinet: K cheap stochastic draws on top of one encoder pass (method.md 8).

Axes: B texts, D hidden size, K draws, Z size of an index, C classes, H width of a hidden layer. Sources: arXiv 2107.08924 and
2211.01568 for the construction, the first author's runner for Z = K = 10 and the two hidden layers of 50.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from alft.system.nulls import refuse_nulls

LARGEST = 10_000
"""Upper limit on every setting: hundreds of times common values, and small enough for torch's integers."""


@dataclass
class Epinet:
    """Settings of the epinet.

    Args:
        index_size: Size of the random index of a draw.
        draws: Draws K that training, prediction and scores average over; an acquisition that compares draws uses its own
            ``passes`` instead.
        hidden: Width of each of the two hidden layers.
        prior_scale: Weight of the frozen prior: how much draws differ where nothing was learnt; 0 disables it.
    """

    index_size: int = 10
    draws: int = 10
    hidden: int = 50
    prior_scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        refuse_nulls(Epinet, vars(self), "model.epinet")
        for name, least in {"index_size": 1, "draws": 2, "hidden": 1, "prior_scale": 0}.items():
            if not least <= getattr(self, name) <= LARGEST:
                raise ValueError(
                    f"model.epinet.{name} must be at least {least} and at most {LARGEST}, got {getattr(self, name)}"
                )


class EpinetHead(nn.Module):
    """Epinet term added to the logits: sigma([z; phi])·z + prior_scale · sigma_P([z; phi])·z, for an index z ~ N(0, I).

    The features phi are detached: no gradient flows into the encoder. sigma is trained; sigma_P is frozen, and saved with
    the weights, as is the seed of the indices used outside training.

    Args:
        settings: Sizes and scale.
        features: D.
        classes: C.
    """

    def __init__(self, settings: Epinet, features: int, classes: int) -> None:
        super().__init__()
        self.settings = settings
        self.learned = _Network(settings, features, classes)
        self.prior = _Network(settings, features, classes).requires_grad_(False)
        self.seed: Tensor
        self.register_buffer("seed", torch.randint(2**62, ()))

    def forward(self, features_BD: Tensor, index_KZ: Tensor) -> Tensor:
        """Terms to add to the logits (K, B, C); an index of zeros adds nothing."""
        phi_BD = features_BD.detach()
        learned_KBC: Tensor = self.learned(phi_BD, index_KZ)
        prior_KBC: Tensor = self.prior(phi_BD, index_KZ)
        return learned_KBC + self.settings.prior_scale * prior_KBC

    def fresh_index(self) -> Tensor:
        """New indices (K, Z) from torch's global generator, for a training step."""
        return torch.randn(self.settings.draws, self.settings.index_size, device=self.seed.device)

    def fixed_index(self, draws: int) -> Tensor:
        """Indices (K, Z) for prediction and scoring: the same in every epoch, on every process and after a restart."""
        generator = torch.Generator().manual_seed(int(self.seed))
        return torch.randn(draws, self.settings.index_size, generator=generator).to(self.seed.device)


class _Network(nn.Module):
    """sigma([z; phi])·z: two hidden layers, then C x Z outputs, multiplied by z."""

    def __init__(self, settings: Epinet, features: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.first = _layer(settings.index_size + features, settings.hidden)
        self.second = _layer(settings.hidden, settings.hidden)
        self.last = _layer(settings.hidden, classes * settings.index_size)

    def forward(self, features_BD: Tensor, index_KZ: Tensor) -> Tensor:
        """Logits (K, B, C).

        The part of the first layer that depends on phi is the same for all draws and computed once. z is multiplied into the
        last layer's weights instead of its much larger output.
        """
        size = index_KZ.shape[1]
        features_BD, index_KZ = (tensor.to(self.first.weight.dtype) for tensor in (features_BD, index_KZ))
        of_index_KH = nn.functional.linear(index_KZ, self.first.weight[:, :size])
        of_features_BH = nn.functional.linear(features_BD, self.first.weight[:, size:], self.first.bias)
        hidden_KBH = self.second((of_index_KH.unsqueeze(1) + of_features_BH).relu()).relu()
        weight_KHC = torch.einsum("czh,kz->khc", self.last.weight.view(self.classes, size, -1), index_KZ)
        bias_KC = torch.einsum("cz,kz->kc", self.last.bias.view(self.classes, size), index_KZ)
        logits_KBC: Tensor = hidden_KBH @ weight_KHC + bias_KC.unsqueeze(1)
        return logits_KBC


def _layer(inputs: int, outputs: int) -> nn.Linear:
    """A layer that preserves the scale of its input; with torch's smaller default init a frozen prior has hardly any effect."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer
