"""Extract the activations of the manifold sets from trained networks."""

from __future__ import annotations

from capsnet_study.common.devices import deterministic
from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.models.weights import load_network
from capsnet_study.representation.activations import layer_activations, stacked
from stages.command import run_command
from stages.networks import read_trials
from stages.recording import recorded


def main(model: str, networks: str) -> None:
    """Write data/activations/MODEL.safetensors: for each layer [trials, sets, 81, dim].

    NETWORKS is the folder of the trained networks.
    """
    with recorded(f"activations@{model}"), deterministic():
        images = read_arrays("data/manifold.safetensors", "images")["images"]
        trials = [load_network(*found) for found in read_trials(networks)]
        layers = stacked(layer_activations(network, images) for network in trials)
        facts = read_facts("data/manifold.safetensors")
        write_arrays(f"data/activations/{model}.safetensors", layers, facts)


if __name__ == "__main__":
    run_command(main)
