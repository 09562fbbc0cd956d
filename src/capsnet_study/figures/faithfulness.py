"""How faithfully each model maps the grid of shifts, beside controls and null maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from capsnet_study.figures.style import (
    DOUBLE,
    INTERVAL,
    MODEL_LOOKS,
    NOTE_COLOUR,
    SMALL,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import CHAMFER, FAITHFULNESS, MEASURES, NULL_NAMES
from capsnet_study.stats import bootstrap_interval

NULL_BANDS: dict[str, dict[str, Any]] = {
    "noise": {"facecolor": "#dcdcdc", "linewidth": 0},
    "shuffled": {"facecolor": "none", "edgecolor": "#8a8a8a", "hatch": "////", "linewidth": 0.7},
}
NULL_LINES = {"perfect": "-", "rotated_30": (0, (3, 1.5))}
NULL_COLOUR = "#6e6e6e"
SHORT = {"perfect": "grid", "shuffled": "shuffled grid", "rotated_30": "turned grid"}
SAME = 1e-6  # nulls nearer to one another than that are drawn as one line

Nulls = Mapping[str, Mapping[str, float]]


def _bands(nulls: Nulls) -> list[str]:
    """The null maps whose draws differ from one another."""
    return [kind for kind in NULL_BANDS if kind in nulls
            and nulls[kind]["high"] - nulls[kind]["low"] > SAME]  # fmt: skip


def _lines(nulls: Nulls) -> list[tuple[str, list[str]]]:
    """The other null maps: each one to draw, with all that have the same value."""
    kinds = [kind for kind in (*NULL_LINES, *NULL_BANDS) if kind in nulls]
    groups: list[tuple[str, list[str]]] = []
    for kind in (kind for kind in kinds if kind not in _bands(nulls)):
        for first, group in groups:
            if np.isclose(nulls[kind]["mean"], nulls[first]["mean"], rtol=0, atol=SAME):
                group.append(kind)
                break
        else:
            groups.append((kind, [kind]))
    return groups


def _draw_nulls(axes: Axes, nulls: Nulls) -> None:
    """Bands and lines; a line that stands for several null maps is named."""
    for kind in _bands(nulls):
        axes.axvspan(nulls[kind]["low"], nulls[kind]["high"], zorder=0.5, **NULL_BANDS[kind])
    for kind, group in _lines(nulls):
        value, line = nulls[kind]["mean"], NULL_LINES.get(kind, "-")
        axes.axvline(value, color=NULL_COLOUR, linestyle=line, linewidth=0.9, zorder=1)
        if len(group) > 1:
            axes.annotate(
                " = ".join(SHORT.get(one, one) for one in group), (value, 0.5),
                xycoords=axes.get_xaxis_transform(), xytext=(2.5, 0), textcoords="offset points",
                rotation=90, va="center", fontsize=SMALL, color=NOTE_COLOUR,
            )  # fmt: skip


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
            axes.hlines(row, interval.low, interval.high, **INTERVAL)
        axes.plot(
            interval.mean, row, marker=look.marker, markersize=5, color=look.colour,
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


def _legend(figure: Figure, counts: set[int], kinds: set[str], letters: str) -> None:
    """The null maps with the panels that have them, and what the points are."""
    handles = [Patch(**NULL_BANDS[kind]) for kind in NULL_BANDS if kind in kinds]
    handles += [
        Line2D([], [], color=NULL_COLOUR, linestyle=line, linewidth=0.9)
        for kind, line in NULL_LINES.items() if kind in kinds
    ]  # fmt: skip
    labels = [NULL_NAMES[kind] for kind in (*NULL_BANDS, *NULL_LINES) if kind in kinds]
    low, high = min(counts, default=0), max(counts, default=0)
    number = f"n = {high}" if low == high else f"n = {low} to {high}"
    text = f"points and lines: mean and 95 % bootstrap interval over pairs × trials, {number}"
    if letters:
        text += f"; null maps in panels {', '.join(letters)} only"
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
        and high. Measures without one get neither bands nor lines.
    """
    models = [model for model in MODEL_LOOKS if (table["model"] == model).any()]
    figure = new_figure(DOUBLE, 0.9 + 2 * (0.55 + 0.16 * len(models)))
    grid, counts, with_nulls = figure.subplots(2, 4, sharey=True), set(), ""
    for axes, measure, letter in zip(grid.flat, CHAMFER + FAITHFULNESS, "abcdefgh", strict=True):
        _draw_nulls(axes, nulls.get(measure, {}))
        with_nulls += letter if measure in nulls else ""
        counts |= _draw_models(axes, table, models, measure)
        _finish_panel(axes, measure, models, letter)
    _legend(figure, counts, {kind for kinds in nulls.values() for kind in kinds}, with_nulls)
    return figure
