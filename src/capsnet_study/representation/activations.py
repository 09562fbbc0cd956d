"""Activations of the manifold sets: what a network makes of them (paper 3.2)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float, UInt8

from capsnet_study.common.devices import device
from capsnet_study.models.network import Network, as_images

Layers = dict[str, Float[np.ndarray, "sets 81 _"]]


def stacked(trials: Iterable[Layers]) -> dict[str, Float[np.ndarray, "trials sets 81 _"]]:
    """Return the activations of several trials by layer."""
    found = list(trials)
    return {name: np.stack([trial[name] for trial in found]) for name in found[0]}


@torch.no_grad()
def layer_activations(network: Network, images: UInt8[np.ndarray, "sets 81 36 36"]) -> Layers:
    """Return the activations of each layer above the convolutions, capsules laid end to end."""
    found: dict[str, list[np.ndarray]] = {}
    for one_set in images:
        output = network(as_images(torch.tensor(one_set, device=device())))
        for name, values in output.activations.items():
            found.setdefault(name, []).append(values.flatten(1).cpu().numpy())
    return {name: np.stack(parts) for name, parts in found.items()}
