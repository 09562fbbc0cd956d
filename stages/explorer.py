"""Write the report as one page to explore, with its figures and interactive charts within it.

Like the report, this stage keeps no record of what it cost: the report tells of all records.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import typer

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, write_bytes
from capsnet_study.explorer.cause_charts import (
    clamp_chart,
    differences_chart,
    exposure_chart,
    interventions_chart,
    matrix_chart,
)
from capsnet_study.explorer.fitting_charts import curves_chart, trajectories_chart
from capsnet_study.explorer.map_chart import maps_chart
from capsnet_study.explorer.page import Exhibit, render_page
from capsnet_study.figures.params import FigureParams

PICK = (
    "Click an arm in the legend to see it alone, Shift-click for more of them, click elsewhere for "
    "all. "
)


def exhibits(shown: FigureParams) -> dict[str, Exhibit]:
    """Return the interactive charts by the figure that each goes with."""
    fitting = read_table("plots/fitting.csv")
    mechanism = read_table("plots/mechanism.csv")
    arms = pd.concat([fitting, mechanism], ignore_index=True)
    return exhibits_of_the_paper(fitting, shown) | exhibits_of_the_causes(arms)


def exhibits_of_the_paper(fitting: pd.DataFrame, shown: FigureParams) -> dict[str, Exhibit]:
    """Return the charts that go with figures of the paper."""
    maps = maps_chart(read_table("plots/manifold_maps.csv"), shown.pairs, shown.models)
    return {
        "fig2_accuracy": Exhibit(
            "training-curves",
            "Exact match over training",
            f"{PICK}Lines and bands: mean ± 1 s.d. over trials; point at a dot for its values.",
            curves_chart(fitting),
        ),
        "fig3_entropy": Exhibit(
            "trajectories",
            "Entropy and accuracy",
            f"{PICK}Means over trials, dots growing with training; 1 is uniform coupling. Point "
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


def exhibits_of_the_causes(arms: pd.DataFrame) -> dict[str, Exhibit]:
    """Return the charts that go with figures of the causes.

    Parameters
    ----------
    arms : DataFrame
        `plots/fitting.csv` and `plots/mechanism.csv`, one below the other.
    """
    interventions = read_table("plots/interventions.csv")
    return {
        "step_differences": Exhibit(
            "step-differences",
            "Difference to three iterations",
            f"{PICK}Means over trials and 95 % t intervals of differences paired by trial; choose "
            "what the arms differ in below, and point at a dot for its values.",
            differences_chart(arms),
        ),
        "train_test_n": Exhibit(
            "train-test",
            "Iterations in training and in the test",
            "Exact match in percent, and as colour the points gained over the number of iterations "
            "that was trained; choose below in which layer the number was changed.",
            matrix_chart(interventions, arms),
        ),
        "interventions": Exhibit(
            "interventions-chart",
            "What changing trained couplings costs",
            "Points of exact match lost, means over trials and 95 % t intervals; choose the arm "
            "below, and point at a marker for its values.",
            interventions_chart(interventions, arms),
        ),
        "clamp": Exhibit(
            "clamp-chart",
            "Accuracy at a given certainty",
            "Lines: H / log J of R1 held at a target; other markers: arms that are not held, at "
            "their own last H. Means over trials and 95 % t intervals; choose n below.",
            clamp_chart(arms),
        ),
        "exposure": Exhibit(
            "exposure-chart",
            "How many capsules training reaches",
            f"{PICK}Means over trials: as many capsules of Cap1 as would share the gradient, or "
            "the coupling mass, evenly; choose which below.",
            exposure_chart(read_table("plots/exposure.csv"), arms),
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
