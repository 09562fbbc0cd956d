"""How faithfully each model maps the grid of shifts, beside controls and null bands."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from capsnet_study.figures.style import (
    DOUBLE,
    MODEL_LOOKS,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import CHAMFER, FAITHFULNESS, MEASURES, NULL_NAMES
from capsnet_study.stats import bootstrap_interval

NULL_LINES = {"rotated_30": (0, (3, 1.5)), "perfect": "-"}
NULL_BANDS = {"noise": "#c4c4c4", "shuffled": "#e6e6e6"}
NULL_COLOUR = "#8a8a8a"


def _draw_nulls(axes: Axes, nulls: Mapping[str, Mapping[str, float]]) -> None:
    """Bands of maps that know nothing, and lines of maps that are the grid itself."""
    for kind, colour in NULL_BANDS.items():
        if kind in nulls:
            axes.axvspan(nulls[kind]["low"], nulls[kind]["high"], color=colour, lw=0, zorder=0.5)
    for kind, line in NULL_LINES.items():
        if kind in nulls:
            axes.axvline(
                nulls[kind]["mean"], color=NULL_COLOUR, linestyle=line, linewidth=0.9, zorder=1
            )


def _draw_models(axes: Axes, table: pd.DataFrame, models: Sequence[str], measure: str) -> set[int]:
    """Mean and 95 % interval of every model, one a row; returns the numbers of values."""
    counts = set()
    for row, model in enumerate(models):
        values = table.loc[table["model"] == model, measure].dropna().to_numpy(float)
        if not len(values):
            continue
        interval, look = bootstrap_interval(values), MODEL_LOOKS[model]
        counts.add(interval.n)
        if interval.low is not None and interval.high is not None:
            axes.hlines(row, interval.low, interval.high, color=look.colour, lw=1.4, zorder=3)
        axes.plot(
            interval.mean, row, marker=look.marker, markersize=4.5, color=look.colour,
            markerfacecolor=look.colour if look.filled else "white", zorder=4,
        )  # fmt: skip
    return counts


def _finish_panel(axes: Axes, measure: str, models: Sequence[str], letter: str) -> None:
    axes.set_yticks(range(len(models)), labels=[MODEL_LOOKS[model].label for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x")
    axes.set_xlabel("better →" if MEASURES[measure].better == "higher" else "← better", labelpad=1)
    panel_title(axes, letter, MEASURES[measure].title)


def _legend(figure: Figure, counts: set[int], kinds: set[str]) -> None:
    """The null maps, and what the points are, under the panels."""
    handles = [Patch(color=NULL_BANDS[kind]) for kind in NULL_BANDS if kind in kinds]
    handles += [
        Line2D([], [], color=NULL_COLOUR, linestyle=line, linewidth=0.9)
        for kind, line in NULL_LINES.items() if kind in kinds
    ]  # fmt: skip
    labels = [NULL_NAMES[kind] for kind in (*NULL_BANDS, *NULL_LINES) if kind in kinds]
    low, high = min(counts, default=0), max(counts, default=0)
    number = f"n = {high}" if low == high else f"n = {low} to {high}"
    text = f"points and lines: mean and 95 % bootstrap interval over pairs × trials, {number}"
    figure.legend(handles, labels, loc="outside lower center", ncols=4, title=text)


@journal_style
def figure_faithfulness(
    table: pd.DataFrame, nulls: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Figure:
    """Every measure of faithfulness for the models and their controls.

    Parameters
    ----------
    table : DataFrame
        `plots/manifold.csv`: one row per model, trial and pair.
    nulls : mapping
        The record "nulls" of `metrics/manifold.json`: by measure and kind of map, mean, low
        and high. Measures without one get no band.
    """
    models = [model for model in MODEL_LOOKS if (table["model"] == model).any()]
    figure = new_figure(DOUBLE, 0.9 + 2 * (0.55 + 0.16 * len(models)))
    grid, counts = figure.subplots(2, 4, sharey=True), set()
    for axes, measure, letter in zip(grid.flat, CHAMFER + FAITHFULNESS, "abcdefgh", strict=True):
        _draw_nulls(axes, nulls.get(measure, {}))
        counts |= _draw_models(axes, table, models, measure)
        _finish_panel(axes, measure, models, letter)
    _legend(figure, counts, {kind for kinds in nulls.values() for kind in kinds})
    return figure
