"""How faithfully the CapsNet maps the grid of shifts, against each other model."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from capsnet_study.claims.tables import paired
from capsnet_study.figures import style
from capsnet_study.figures.marks import draw_mean, row_axis, zero_line
from capsnet_study.names import FAITHFULNESS, MEASURES

CAPSNET = "capsnet"
BETTER_COLOUR = "#dcefe7"
TWO_LINES = {
    "distance_spearman": "rank correlation\nof distances",
    "linear_r2": "linear R²\nof the shift",
    "procrustes_disparity": "Procrustes\ndisparity",
}


def figure_faithfulness(table: pd.DataFrame) -> Figure:
    """Draw the CapsNet minus each other model on the five measures that know which point is which.

    Parameters
    ----------
    table : DataFrame
        ``plots/manifold.csv``: one row per model, trial and pair.
    """
    others = [key for key in style.MODEL_LOOKS if key != CAPSNET and (table["model"] == key).any()]
    figure = style.new_figure(2.6)
    panels = figure.subplots(1, len(FAITHFULNESS), sharey=True)
    for axes, measure, letter in zip(panels, FAITHFULNESS, "abcde", strict=True):
        for row, model in enumerate(others):
            values = paired("manifold", table, CAPSNET, model, measure)
            draw_mean(axes, row, values, style.MODEL_LOOKS[model], along="x")
        _finish(axes, measure)
        row_axis(axes, [style.MODEL_LOOKS[model].label for model in others])
        axes.set_xlabel(TWO_LINES.get(measure, MEASURES[measure].name))
        style.panel_title(axes, letter, "")
    panels[0].set_ylabel("CapsNet minus …")
    better = Patch(color=BETTER_COLOUR, label="the CapsNet is better")
    figure.legend(handles=[better], loc="outside upper right")
    return figure


def _finish(axes: Axes, measure: str) -> None:
    """Shade the side on which the CapsNet is better, within the limits of what is drawn."""
    zero_line(axes, "x")
    axes.margins(x=0.1)
    low, high = axes.get_xlim()
    better = (0, high) if MEASURES[measure].better == "higher" else (low, 0)
    axes.axvspan(*better, color=BETTER_COLOUR, linewidth=0, zorder=0)
    axes.set_xlim(low, high)
    axes.locator_params(axis="x", nbins=3)
    axes.grid(axis="x")
