"""Weights of networks as arrays: copied, and put back."""

from __future__ import annotations

import numpy as np
import torch

from capsnet_study.common.devices import device
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
