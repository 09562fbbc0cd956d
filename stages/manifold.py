"""Measure how faithful all maps are to the grid of shifts (table 1 and beyond)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import typer

from capsnet_study import representation
from capsnet_study.metrics.nulls import null_bands
from capsnet_study.params import load_params
from capsnet_study.seeding import numpy_generator
from capsnet_study.storage import EXACT, read_arrays, read_facts, write_json, write_table
from capsnet_study.workers import repeatable
from stages.recording import recorded


def main() -> None:
    """Write plots/manifold*.csv and metrics/manifold.json."""
    with recorded("manifold"), repeatable():
        params = load_params().manifold
        grid = read_arrays("data/manifold.safetensors", "offsets")["offsets"].astype(np.float64)
        sources = {name: f"data/embeddings/{name}.safetensors" for name in representation.MODELS}
        facts = {name: read_facts(path) for name, path in sources.items()}
        pairs = representation.common_value(facts, "pairs")
        perplexities = representation.common_value(facts, "perplexities")
        maps = {name: read_arrays(path)["maps"] for name, path in sources.items()}
        measured = pd.concat(
            [
                representation.measure_model(
                    name, maps[name], _layer(name, facts[name]["layer"]), grid, pairs, perplexities
                )
                for name in representation.MODELS
            ],
            ignore_index=True,
        )
        table = representation.at_perplexity(measured, perplexities[0])
        nulls = null_bands(grid, params.null_draws, numpy_generator(0, "null bands"))
        models = representation.summarise_models(table)
        write_table("plots/manifold.csv", table, EXACT)
        write_table("plots/manifold_sensitivity.csv", representation.sensitivity(measured))
        points = representation.first_maps(maps, grid, pairs)
        write_table("plots/manifold_maps.csv", points, digits=4)
        write_json("metrics/manifold.json", {"models": models, "nulls": nulls})


def _layer(model: str, layer: str) -> np.ndarray:
    return read_arrays(f"data/activations/{model}.safetensors", layer)[layer]


if __name__ == "__main__":
    typer.run(main)
