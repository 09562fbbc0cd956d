"""Weights of networks as arrays: taken, put back, laid out for a file and read from one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import read_arrays, read_facts, reading
from capsnet_study.common.workers import device
from capsnet_study.models.network import Network
from capsnet_study.models.spec import KINDS, NetworkSpec, build_network

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


def network_files(folder: str | Path) -> list[Path]:
    """Return the files of the trained networks in a folder, by the number of the trial.

    Raises
    ------
    FileError
        There is none.
    """
    found = list(Path(folder).glob("trial*.safetensors"))
    if not found:
        raise FileError(f"{folder}: there is no trained network")
    return sorted(found, key=lambda path: (len(path.name), path.name))


def read_network(
    path: str | Path, when: Literal["initial", "trained"] = "trained"
) -> tuple[NetworkSpec, Weights]:
    """Return what network a file holds, and its weights at one moment.

    Raises
    ------
    FileError
        The file cannot be read, says of no network what it is, or has not all of its weights.
    """
    with reading(path):
        spec = NetworkSpec.from_json(str(read_facts(path)))
    weights = unpack(read_arrays(path), when)
    with torch.device("meta"):  # shapes alone
        expected = KINDS[spec.kind].build(spec).state_dict()
    if _shapes(weights) != _shapes(expected):
        raise FileError(f"{path}: the weights {when!r} are not those of its {spec.kind}")
    return spec, weights


def _shapes(weights: Mapping[str, np.ndarray | torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items()}
