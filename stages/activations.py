"""Extract the activations of the manifold sets from trained or freshly initialised networks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.common.workers import repeatable
from capsnet_study.models.spec import KINDS
from capsnet_study.models.weights import load_network, network_files, read_network
from capsnet_study.representation.activations import layer_activations
from stages import run_command
from stages.recording import recorded

Model = Literal["capsnet", "uniform", "cnn", "random_capsnet", "random_cnn"]


def main(model: Model) -> None:
    """Write data/activations/MODEL.safetensors: [trials, sets, 81, dim] for each layer."""
    with recorded(f"activations@{model}"), repeatable():
        when = "initial" if model.startswith("random_") else "trained"
        folder = Path("data/models") / model.removeprefix("random_")
        images = read_arrays("data/manifold.safetensors", "images")["images"]
        found = []
        for path in network_files(folder):
            spec, weights = read_network(path, when)
            found.append(layer_activations(load_network(spec, weights), images))
        layers = {name: np.stack([trial[name] for trial in found]) for name in found[0]}
        facts = read_facts("data/manifold.safetensors") | {"layer": KINDS[spec.kind].studied}
        write_arrays(f"data/activations/{model}.safetensors", layers, facts)


if __name__ == "__main__":
    run_command(main)
