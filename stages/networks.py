"""Files of trained networks: one per trial, with the specification in the header."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.models.weights import Weights


def write_network(path: str | Path, spec: NetworkSpec, weights: Weights) -> None:
    """Write one network."""
    write_arrays(path, weights, spec.to_json())


def write_trials(folder: str | Path, spec: NetworkSpec, trials: Iterable[Weights]) -> None:
    """Write the networks of all trials as trial0.safetensors, trial1.safetensors, ..."""
    for number, weights in enumerate(trials):
        write_network(Path(folder, f"trial{number}.safetensors"), spec, weights)


def read_network(path: str | Path) -> tuple[NetworkSpec, Weights]:
    """Read one network."""
    return NetworkSpec.from_json(read_facts(path)), read_arrays(path)


def read_trials(folder: str | Path) -> list[tuple[NetworkSpec, Weights]]:
    """Read the networks of all trials, in their order."""
    count = len([*Path(folder).glob("trial*.safetensors")])
    return [read_network(Path(folder, f"trial{number}.safetensors")) for number in range(count)]
