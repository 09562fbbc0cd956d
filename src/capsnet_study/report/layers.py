"""Neurons and weights of each layer: the table that shows how well CapsNet and CNN are matched."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from capsnet_study.common.sizes import CONV1_SIZE, CONV2_SIZE
from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.network import Network


@dataclass(frozen=True)
class LayerSize:
    """One layer: its name, shape in words, output neurons and trainable parameters."""

    name: str
    shape: str
    neurons: int
    parameters: int


def layer_sizes(network: Network) -> list[LayerSize]:
    """Return the sizes of all layers from the input upwards."""
    is_capsnet = isinstance(network, CapsNet)
    sizes = [
        _conv_size("Conv1", network.conv1, CONV1_SIZE),
        _conv_size("PrimaryCaps" if is_capsnet else "Conv2", network.conv2, CONV2_SIZE),
    ]
    stem = "Cap" if is_capsnet else "Linear"
    for index, layer in enumerate(network.layers, start=1):
        name = f"{stem}{index}" if index < len(network.layers) else "Classes"
        shape = f"{layer.out_caps} × {layer.out_dim}" if is_capsnet else f"{layer.out_features}"
        neurons = layer.out_caps * layer.out_dim if is_capsnet else layer.out_features
        sizes.append(LayerSize(name, shape, neurons, _parameters(layer)))
    return sizes


def _conv_size(name: str, layer: nn.Conv2d, side: int) -> LayerSize:
    shape = f"{layer.out_channels} × {side} × {side}"
    return LayerSize(name, shape, layer.out_channels * side**2, _parameters(layer))


def _parameters(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())
