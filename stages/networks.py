"""Files of trained networks: one per trial, with the specification in the header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import read_arrays, read_facts, reading, write_arrays
from capsnet_study.models.spec import KINDS, NetworkSpec
from capsnet_study.models.weights import Weights


def write_network(path: str | Path, spec: NetworkSpec, weights: Weights) -> None:
    """Write one network."""
    write_arrays(path, weights, spec.to_json())


def write_trials(folder: str | Path, spec: NetworkSpec, trials: Iterable[Weights]) -> None:
    """Write the networks of all trials as trial0.safetensors, trial1.safetensors, ..."""
    for number, weights in enumerate(trials):
        write_network(Path(folder, f"trial{number}.safetensors"), spec, weights)


def read_network(path: str | Path) -> tuple[NetworkSpec, Weights]:
    """Read one network.

    Raises
    ------
    FileError
        The file cannot be read, has no specification, or not all weights of its network.
    """
    with reading(path):
        spec = NetworkSpec.from_json(str(read_facts(path)))
    weights = read_arrays(path)
    with torch.device("meta"):  # shapes alone
        expected = KINDS[spec.kind].build(spec).state_dict()
    if _shapes(weights) != _shapes(expected):
        raise FileError(f"{path}: the weights are not those of its {spec.kind}")
    return spec, weights


def read_trials(folder: str | Path) -> list[tuple[NetworkSpec, Weights]]:
    """Read the networks of all trials, in their order.

    Raises
    ------
    FileError
        There is none, or as `read_network`.
    """
    count = len([*Path(folder).glob("trial*.safetensors")])
    if count == 0:
        raise FileError(f"{folder}: there is no trained network")
    return [read_network(Path(folder, f"trial{number}.safetensors")) for number in range(count)]


def _shapes(weights: Mapping[str, np.ndarray | torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items()}
