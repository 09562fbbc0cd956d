"""Measure how faithful all maps are to the grid of shifts (table 1 and beyond)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from capsnet_study.common.params import load_blocks
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import read_arrays, read_facts, write_json, write_table
from capsnet_study.common.workers import repeatable
from capsnet_study.faithfulness import tables
from capsnet_study.faithfulness.nulls import null_bands
from capsnet_study.representation.params import MODELS, ManifoldParams
from stages import run_command
from stages.recording import recorded

FACTS = ("activations", "layer", "pairs", "perplexities")  # of maps, as stages/embed.py writes them


def main() -> None:
    """Write plots/manifold*.csv and metrics/manifold.json."""
    with recorded("manifold"), repeatable():
        (params,) = load_blocks(manifold=ManifoldParams)
        grid = read_arrays("data/manifold.safetensors", "offsets")["offsets"].astype(np.float64)
        sources = {name: f"data/embeddings/{name}.safetensors" for name in MODELS}
        facts = {name: read_facts(path, *FACTS) for name, path in sources.items()}
        pairs = tables.common_value(facts, "pairs")
        perplexities = tables.common_value(facts, "perplexities")
        maps = {name: read_arrays(path, "maps")["maps"] for name, path in sources.items()}
        measured = pd.concat(
            [
                tables.measure_model(
                    name, maps[name], _mapped(facts[name]), grid, pairs, perplexities
                )
                for name in MODELS
            ],
            ignore_index=True,
        )
        table = tables.at_perplexity(measured, perplexities[0])
        nulls = null_bands(grid, params.null_draws, numpy_generator(0, "null bands"))
        models = tables.summarise_models(table)
        write_table("plots/manifold.csv", table)
        write_table("plots/manifold_sensitivity.csv", tables.sensitivity(measured))
        points = tables.first_maps(maps, grid, pairs)
        write_table("plots/manifold_maps.csv", points)
        write_json("metrics/manifold.json", {"models": models, "nulls": nulls})


def _mapped(facts: Mapping[str, Any]) -> np.ndarray:
    """Return the activations that maps with these facts are of."""
    return read_arrays(facts["activations"], facts["layer"])[facts["layer"]]


if __name__ == "__main__":
    run_command(main)
