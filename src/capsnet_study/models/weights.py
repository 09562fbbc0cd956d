"""Weights of networks as arrays: taken, put back, and laid out for a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch

from capsnet_study.common.workers import device
from capsnet_study.models.network import Network
from capsnet_study.models.spec import NetworkSpec, build_network

Weights = dict[str, np.ndarray]


def weights_of(network: Network) -> Weights:
    """Return a copy of all weights as arrays."""
    return {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}


def load_network(spec: NetworkSpec, weights: Weights) -> Network:
    """Build a network that holds the given weights."""
    network = build_network(spec, torch.Generator())
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return network.to(device()).eval()


def pack(**moments: Weights) -> dict[str, np.ndarray]:
    """Return weights at named moments, as `initial` and `trained`, under their names in a file."""
    return {
        f"{when}/{name}": value
        for when, weights in moments.items()
        for name, value in weights.items()
    }


def unpack(arrays: Mapping[str, np.ndarray], when: Literal["initial", "trained"]) -> Weights:
    """Return the weights that `pack` laid out for one moment."""
    prefix = f"{when}/"
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
