"""The representation study: maps of all manifold sets, and how faithful they are (paper 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from capsnet_study.common.workers import parallel_map
from capsnet_study.faithfulness.measures import activation_measures, map_measures

Maps = Float[np.ndarray, "trials sets perplexities seeds 81 2"]
Activations = Float[np.ndarray, "trials sets 81 dim"]


def measure_maps(
    maps: Maps,
    activations: Activations,
    grid: Float[np.ndarray, "81 2"],
    pairs: Sequence[str],
    perplexities: Sequence[float],
) -> pd.DataFrame:
    """Return how faithful the maps of one model are to the grid of shifts.

    One row per trial, pair, perplexity and t-SNE seed: the measures of the map, and those of the
    activations (the same for all maps of a trial and pair).
    """
    tasks = [
        (maps[trial, index], activations[trial, index], grid, list(perplexities))
        for trial, index in product(range(len(maps)), range(len(pairs)))
    ]
    parts = parallel_map(_measure_set, tasks)
    where = product(range(len(maps)), pairs)
    return pd.concat(
        [
            part.assign(trial=trial, pair=pair)
            for (trial, pair), part in zip(where, parts, strict=True)
        ],
        ignore_index=True,
    )


def at_perplexity(measured: pd.DataFrame, perplexity: float) -> pd.DataFrame:
    """Return one row per trial and pair: the mean over t-SNE seeds at one perplexity."""
    chosen = measured[measured["perplexity"] == perplexity].drop(columns=["perplexity", "seed"])
    return chosen.groupby(["trial", "pair"], sort=False).mean().reset_index()


def sensitivity(measured: pd.DataFrame) -> pd.DataFrame:
    """Return mean and s.d. of each measure over trials, pairs and seeds, for each perplexity."""
    tidy = measured.melt(
        ["trial", "pair", "perplexity", "seed"], var_name="measure", value_name="value"
    )
    grouped = tidy.groupby(["perplexity", "measure"], sort=False)["value"]
    return grouped.agg(["mean", "std"]).reset_index()


def summarise_models(table: pd.DataFrame) -> dict[str, Any]:
    """Return for each model and measure mean, variance and n over trials and pairs (table 1)."""
    measures = table.columns.drop(["model", "trial", "pair"])
    return {
        model: {
            name: {"mean": rows[name].mean(), "variance": rows[name].var(), "n": len(rows)}
            for name in measures
        }
        for model, rows in table.groupby("model", sort=False)
    }


def first_maps(maps: Maps, grid: Float[np.ndarray, "81 2"], pairs: Sequence[str]) -> pd.DataFrame:
    """Return the maps of trial 0, first perplexity and seed, as a table of points (figure 5)."""
    parts = [
        pd.DataFrame(
            {
                "pair": pair,
                "dr": grid[:, 0].astype(int),
                "dc": grid[:, 1].astype(int),
                "x": points[:, 0],
                "y": points[:, 1],
            }
        )
        for pair, points in zip(pairs, maps[0, :, 0, 0], strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _measure_set(
    maps: Float[np.ndarray, "perplexities seeds 81 2"],
    activations: Float[np.ndarray, "81 dim"],
    grid: Float[np.ndarray, "81 2"],
    perplexities: list[float],
) -> pd.DataFrame:
    of_activations = activation_measures(grid, activations)
    rows = [
        {"perplexity": perplexity, "seed": seed}
        | map_measures(grid, maps[index, seed])
        | of_activations
        for index, perplexity in enumerate(perplexities)
        for seed in range(maps.shape[1])
    ]
    return pd.DataFrame(rows)
