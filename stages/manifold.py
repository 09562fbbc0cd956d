"""Gather how faithful all maps are to the grid of shifts, and the measures of null maps."""

from __future__ import annotations

import numpy as np

from capsnet_study.common.devices import deterministic
from capsnet_study.common.params import load_blocks
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import write_json, write_table
from capsnet_study.data.manifold import shift_grid
from capsnet_study.faithfulness.nulls import null_bands
from capsnet_study.faithfulness.tables import summarise_models
from capsnet_study.representation.params import ManifoldParams
from stages.command import run_command
from stages.recording import recorded
from stages.tables import read_faithfulness


def main() -> None:
    """Write plots/manifold.csv, plots/manifold_sensitivity.csv and metrics/manifold.json."""
    with recorded("manifold"), deterministic():
        (params,) = load_blocks(manifold=ManifoldParams)
        table = read_faithfulness("measures")
        write_table("plots/manifold.csv", table)
        write_table("plots/manifold_sensitivity.csv", read_faithfulness("sensitivity"))
        grid = shift_grid().astype(np.float64)
        nulls = null_bands(grid, params.null_draws, numpy_generator(0, "null bands"))
        models = summarise_models(table)
        write_json("metrics/manifold.json", {"models": models, "nulls": nulls})


if __name__ == "__main__":
    run_command(main)
