"""Neurons and weights of each layer: the table that shows how well CapsNet and CNN are matched."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import torch
from torch import nn

from capsnet_study.common.sizes import CONV1_SIZE, CONV2_SIZE
from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.params import Params


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


def layer_rows(
    params: Params, hidden: int, *, control: bool
) -> tuple[list[str], list[tuple[LayerSize | None, ...]]]:
    """Return names of networks, and their layers side by side (neurons and weights).

    `hidden` is 1 for the networks of figure 1 and 2 for those of transfer; `control` adds the CNN
    with as many outputs as the CapsNet.
    """
    with torch.device("meta"):  # sizes without memory
        networks = {
            "CapsNet": CapsNet(params.model, params.capsules, params.routing, hidden),
            "CNN": CNN(params.model, hidden),
        }
        if control:
            networks["CNN-160"] = CNN(params.model, hidden, capsule_output=True)
    columns = [layer_sizes(network) for network in networks.values()]
    return list(networks), list(zip_longest(*columns))


def new_weights(params: Params) -> dict[str, int]:
    """Return how many weights the last layer of the networks for transfer has, by model."""
    _, rows = layer_rows(params, 2, control=False)
    capsnet, cnn = rows[-1]
    return {"capsnet": capsnet.parameters, "cnn": cnn.parameters}


def _conv_size(name: str, layer: nn.Conv2d, side: int) -> LayerSize:
    shape = f"{layer.out_channels} × {side} × {side}"
    return LayerSize(name, shape, layer.out_channels * side**2, _parameters(layer))


def _parameters(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())
