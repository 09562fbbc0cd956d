"""Write the report as one page to explore, with its figures and interactive charts within it.

Like the report, this stage keeps no record of what it cost: the report tells of all records.
"""

from __future__ import annotations

from pathlib import Path

import typer

from capsnet_study.explorer import (
    Exhibit,
    curves_chart,
    maps_chart,
    render_page,
    trajectories_chart,
)
from capsnet_study.params import Params, load_params
from capsnet_study.storage import read_table, write_bytes


def exhibits(params: Params) -> dict[str, Exhibit]:
    """Return the interactive charts by the figure that each goes with."""
    fitting = read_table("plots/fitting.csv")
    maps = maps_chart(
        read_table("plots/manifold_maps.csv"), params.figures.pairs, params.figures.models
    )
    arms = (
        "Click an arm in the legend to see it alone, Shift-click for more of them, click elsewhere "
        "for all. "
    )
    return {
        "fig2_accuracy": Exhibit(
            "training-curves",
            "Exact match over training",
            f"{arms}Lines and bands: mean ± 1 s.d. over trials; point at a dot for its values.",
            curves_chart(fitting),
        ),
        "fig3_entropy": Exhibit(
            "trajectories",
            "Entropy and accuracy",
            f"{arms}Means over trials, dots growing with training; 1 is uniform coupling. Point "
            "at a dot for its step, and choose the layer below.",
            trajectories_chart(fitting),
        ),
        "fig5_maps": Exhibit(
            "maps",
            "Maps of shifted digits",
            "Choose two models and a pair of digits below; point at a shift to find it again in "
            "the other map. t-SNE maps of the first trial and seed, without unit; lines join "
            "neighbours in the grid, dark in a row, light in a column.",
            maps,
        ),
    }


def main() -> None:
    """Write plots/report.html, which needs no other file and no network."""
    figures = {path.stem: path.read_bytes() for path in Path("plots/figures").glob("*.svg")}
    report = Path("REPORT.md").read_text(encoding="utf-8")
    page = render_page(report, figures, exhibits(load_params()), base="../")
    write_bytes("plots/report.html", page.encode())


if __name__ == "__main__":
    typer.run(main)
