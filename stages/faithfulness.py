"""Measure how faithful the maps of one representation are to the grid of shifts."""

from __future__ import annotations

import numpy as np

from capsnet_study.common.storage import read_arrays, read_facts, write_table
from capsnet_study.faithfulness.tables import at_perplexity, first_maps, measure_maps, sensitivity
from stages.command import run_command
from stages.recording import recorded


def main(model: str, network: str, layer: str) -> None:
    """Write data/faithfulness/MODEL: measures.csv, sensitivity.csv and maps.csv.

    The maps are those of the activations of LAYER in data/activations/NETWORK.safetensors.
    """
    with recorded(f"faithfulness@{model}"):
        sets = "data/manifold.safetensors"
        grid = read_arrays(sets, "offsets")["offsets"].astype(np.float64)
        pairs = read_facts(sets)["pairs"]
        source = f"data/embeddings/{model}.safetensors"
        maps, perplexities = read_arrays(source)["maps"], read_facts(source)["perplexities"]
        activations = read_arrays(f"data/activations/{network}.safetensors", layer)[layer]
        measured = measure_maps(maps, activations, grid, pairs, perplexities)
        folder = f"data/faithfulness/{model}"
        write_table(f"{folder}/measures.csv", at_perplexity(measured, perplexities[0]))
        write_table(f"{folder}/sensitivity.csv", sensitivity(measured))
        write_table(f"{folder}/maps.csv", first_maps(maps, grid, pairs))


if __name__ == "__main__":
    run_command(main)
