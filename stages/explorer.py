"""Write the report as one page to explore, with its figures and interactive charts within it.

Like the report, this stage keeps no record of what it cost: the report tells of all records.
"""

from __future__ import annotations

from pathlib import Path

import typer

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, write_bytes
from capsnet_study.explorer.fitting_charts import curves_chart, trajectories_chart
from capsnet_study.explorer.map_chart import maps_chart
from capsnet_study.explorer.page import Exhibit, render_page
from capsnet_study.figures.params import FigureParams


def exhibits(shown: FigureParams) -> dict[str, Exhibit]:
    """Return the interactive charts by the figure that each goes with."""
    fitting = read_table("plots/fitting.csv")
    maps = maps_chart(read_table("plots/manifold_maps.csv"), shown.pairs, shown.models)
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
    (shown,) = load_blocks(figures=FigureParams)
    figures = {path.stem: path.read_bytes() for path in Path("plots/figures").glob("*.svg")}
    report = Path("REPORT.md").read_text(encoding="utf-8")
    page = render_page(report, figures, exhibits(shown), base="../")
    write_bytes("plots/report.html", page.encode())


if __name__ == "__main__":
    typer.run(main)
