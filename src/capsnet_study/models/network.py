"""What CapsNet and CNN have in common: two convolutions below, a stack of layers above."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from capsnet_study.common.sizes import KERNEL
from capsnet_study.models.params import ModelParams


@dataclass(frozen=True)
class NetworkOutput:
    """Class scores, named activations above the convolutions, and the couplings of R1, R2, ..."""

    scores: Float[Tensor, "batch classes"]
    activations: dict[str, Tensor]
    couplings: list[Tensor] = field(default_factory=list)


class Network(nn.Module, ABC):
    """Conv1, the second convolution, and `layers`: the ones that transfer keeps or re-trains.

    A network can be cut above its first `kept` layers: ``upper(lower(images, kept), kept)`` is
    ``forward(images)`` for each `kept`, so that features of frozen layers are computed once.
    """

    layers: nn.ModuleList

    def __init__(self, model: ModelParams):
        super().__init__()
        width = model.primary_groups * model.primary_dim
        self.conv1 = nn.Conv2d(1, model.conv_channels, KERNEL)
        self.conv2 = nn.Conv2d(model.conv_channels, width, KERNEL, stride=2)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Float[Tensor, "batch 1 36 36"]) -> NetworkOutput:
        """Return the output record for grey images with values in [0, 1]."""
        return self.upper(self.lower(images, 0), 0)

    @abstractmethod
    def lower(self, images: Float[Tensor, "batch 1 36 36"], kept: int) -> Tensor:
        """Return what the first `kept` layers above the convolutions give."""

    @abstractmethod
    def upper(self, features: Tensor, kept: int) -> NetworkOutput:
        """Run the layers above the first `kept` ones."""

    @abstractmethod
    def loss(
        self, scores: Float[Tensor, "batch classes"], targets: Float[Tensor, "batch classes"]
    ) -> Float[Tensor, ""]:
        """Return the training loss of this family."""

    @abstractmethod
    def reset_layer(self, index: int, generator: torch.Generator) -> None:
        """Draw the weights of one of the `layers` anew."""

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Draw all weights anew: convolutions first, then the layers from below."""
        reset_he(self.conv1, generator)
        reset_he(self.conv2, generator)
        for index in range(len(self.layers)):
            self.reset_layer(index, generator)

    def set_routing(self, share: float, fitness: float) -> None:
        """Set how layers route at a share of the training; without routing there is nothing to."""

    def _maps(
        self, images: Float[Tensor, "batch 1 36 36"]
    ) -> Float[Tensor, "batch 10 10 channels"]:
        """Return what the two convolutions give, before the second one's nonlinearity."""
        h = self.conv1(images.contiguous(memory_format=torch.channels_last))
        maps = self.conv2(F.relu(h, inplace=True))  # [batch, channels, 10, 10]
        return maps.permute(0, 2, 3, 1)


def as_images(images: UInt8[Tensor, "batch 36 36"]) -> Float[Tensor, "batch 1 36 36"]:
    """Return grey values of 0 to 255 as a network takes them, in [0, 1]."""
    return images.unsqueeze(1).float() / 255


def reset_he(layer: nn.Conv2d | nn.Linear, generator: torch.Generator) -> None:
    """Draw weights so that layers with ReLU keep the scale of their inputs; biases start at 0.

    He et al. 2015: normal with variance 2 / fan_in.
    """
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(layer.bias)
