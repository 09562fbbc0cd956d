"""Measure how faithful all maps are to the grid of shifts (table 1 and beyond)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import typer

from capsnet_study import representation
from capsnet_study.metrics.nulls import null_bands
from capsnet_study.params import load_params
from capsnet_study.seeding import numpy_generator
from capsnet_study.storage import read_arrays, read_facts, write_json, write_table
from stages.recording import recorded


def main() -> None:
    """Write plots/manifold*.csv and metrics/manifold.json."""
    with recorded("manifold"):
        params = load_params().manifold
        grid = read_arrays("data/manifold.safetensors", "offsets")["offsets"].astype(np.float64)
        maps, parts = {}, []
        for model in representation.MODELS:
            facts = read_facts(f"data/embeddings/{model}.safetensors")
            maps[model] = read_arrays(f"data/embeddings/{model}.safetensors")["maps"]
            layer = read_arrays(f"data/activations/{model}.safetensors")[facts["layer"]]
            parts.append(
                representation.measure_model(
                    model, maps[model], layer, grid, facts["pairs"], facts["perplexities"]
                )
            )
        measured = pd.concat(parts, ignore_index=True)
        table = representation.at_perplexity(measured, facts["perplexities"][0])
        nulls = null_bands(grid, params.null_draws, numpy_generator(0, "null bands"))
        models = representation.summarise_models(table)
        write_table("plots/manifold.csv", table)
        write_table("plots/manifold_sensitivity.csv", representation.sensitivity(measured))
        points = representation.first_maps(maps, grid, facts["pairs"])
        write_table("plots/manifold_maps.csv", points, digits=4)
        write_json("metrics/manifold.json", {"models": models, "nulls": nulls})


if __name__ == "__main__":
    typer.run(main)
