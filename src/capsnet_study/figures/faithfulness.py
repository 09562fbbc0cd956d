"""How faithfully each model maps the grid of shifts, beside controls and null maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.claims.tables import paired, series_of
from capsnet_study.figures.arms import count_range
from capsnet_study.figures.style import (
    DOUBLE,
    MODEL_LOOKS,
    NOTE_COLOUR,
    REFERENCE,
    SMALL,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import CHAMFER, FAITHFULNESS, MEASURES, NULL_NAMES

NULL_BANDS: dict[str, dict[str, Any]] = {
    "noise": {"facecolor": "#dcdcdc", "linewidth": 0},
    "shuffled": {"facecolor": "none", "edgecolor": "#8a8a8a", "hatch": "////", "linewidth": 0.7},
}
NULL_LINES = {"perfect": "-", "rotated_30": (0, (3, 1.5))}
NULL_COLOUR, BETTER_COLOUR = "#6e6e6e", "#dcefe7"
NULLED = (*CHAMFER, "procrustes_disparity")  # the measures shown beside null maps
CAPSNET, MARKER = "capsnet", 4.4
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


def _draw_interval(axes: Axes, row: int, values: pd.Series, model: str) -> int:
    """Mean and conservative interval of the values of one row; returns how many there are."""
    found = values.dropna()
    if found.empty:
        return 0
    interval, look = conservative_interval(found), MODEL_LOOKS[model]
    if interval.low is not None:
        axes.hlines(row, interval.low, interval.high, color="black", linewidth=0.9, zorder=3)
    axes.plot(
        interval.mean, row, marker=look.marker, markersize=MARKER, color=look.colour, zorder=4,
        markerfacecolor=look.face, markeredgewidth=0.9,
    )  # fmt: skip
    return len(found)


def _draw_levels(axes: Axes, table: pd.DataFrame, models: Sequence[str], measure: str) -> set[int]:
    """Each model by itself, one a row; returns the numbers of values."""
    return {
        _draw_interval(axes, row, series_of("manifold", table, model, measure), model)
        for row, model in enumerate(models)
    }


def _draw_differences(
    axes: Axes, table: pd.DataFrame, models: Sequence[str], measure: str
) -> set[int]:
    """The CapsNet less each other model, by trial and pair; the better side is shaded."""
    counts = {
        _draw_interval(axes, row, paired("manifold", table, CAPSNET, model, measure), model)
        for row, model in enumerate(models)
    }
    left, right = axes.get_xlim()
    far = max(abs(left), abs(right))
    axes.set_xlim(min(left, -0.15 * far), max(right, 0.15 * far))
    sign = 1 if MEASURES[measure].better == "higher" else -1
    axes.axvspan(0, sign * far, color=BETTER_COLOUR, linewidth=0, zorder=0)
    axes.axvline(0, **REFERENCE)
    return counts


def _finish_panel(axes: Axes, measure: str, models: Sequence[str], letter: str) -> None:
    axes.set_yticks(range(len(models)), labels=[MODEL_LOOKS[model].label for model in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x")
    panel_title(axes, letter, MEASURES[measure].title)


def _legend(figure: Figure, counts: set[int], kinds: set[str]) -> None:
    """The null maps, the better side, and what the points are."""
    handles: list[Patch | Line2D] = [
        Patch(**NULL_BANDS[kind]) for kind in NULL_BANDS if kind in kinds
    ]
    handles += [
        Line2D([], [], color=NULL_COLOUR, linestyle=line, linewidth=0.9)
        for kind, line in NULL_LINES.items() if kind in kinds
    ]  # fmt: skip
    labels = [NULL_NAMES[kind] for kind in (*NULL_BANDS, *NULL_LINES) if kind in kinds]
    number = count_range(counts or {0})
    text = f"mean and conservative 95 % interval, of trials and pairs both resampled, n = {number}"
    figure.legend(
        [*handles, Patch(color=BETTER_COLOUR)], [*labels, "CapsNet is better"],
        loc="outside lower center", ncols=5, title=text,
    )  # fmt: skip


def _draw_compared(
    axes: Axes, table: pd.DataFrame, others: Sequence[str], measure: str, letter: str
) -> set[int]:
    """A panel of the CapsNet less each other model."""
    counts = _draw_differences(axes, table, others, measure)
    _finish_panel(axes, measure, others, letter)
    axes.set_xlabel("CapsNet less …", labelpad=1)
    return counts


def _models(table: pd.DataFrame) -> tuple[list[str], list[str]]:
    """All models of a table, and all but the CapsNet."""
    models = [model for model in MODEL_LOOKS if (table["model"] == model).any()]
    return models, [model for model in models if model != CAPSNET]


@journal_style
def figure_faithfulness(table: pd.DataFrame) -> Figure:
    """The CapsNet less each other model on the five measures that know which point is which.

    Parameters
    ----------
    table : DataFrame
        `plots/manifold.csv`: one row per model, trial and pair.
    """
    _, others = _models(table)
    figure = new_figure(DOUBLE, 1.8 + 0.3 * max(len(others), 3))
    *panels, spare = figure.subplots(2, 3, sharey=True).flat
    spare.axis("off")
    counts: set[int] = set()
    for axes, measure, letter in zip(panels, FAITHFULNESS, "abcde", strict=True):
        counts |= _draw_compared(axes, table, others, measure, letter)
    _legend(figure, counts - {0}, set())
    return figure


@journal_style
def figure_distances(
    table: pd.DataFrame, nulls: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Figure:
    """Distances of all models beside null maps, then the CapsNet less each other model.

    Parameters
    ----------
    table : DataFrame
        `plots/manifold.csv`: one row per model, trial and pair.
    nulls : mapping
        The record "nulls" of `metrics/manifold.json`: by measure and kind of map, mean, low
        and high. Measures without one get neither bands nor lines.
    """
    models, others = _models(table)
    figure = new_figure(DOUBLE, 2.0 + 0.17 * (len(models) + len(others)))
    grid = figure.subplots(2, 4, sharey="row", height_ratios=[len(models), max(len(others), 1)])
    counts: set[int] = set()
    for axes, measure, letter in zip(grid[0], NULLED, "abcd", strict=True):
        _draw_nulls(axes, nulls.get(measure, {}))
        counts |= _draw_levels(axes, table, models, measure)
        _finish_panel(axes, measure, models, letter)
        axes.set_xlabel("← better", labelpad=1)
    for axes, measure, letter in zip(grid[1], NULLED, "efgh", strict=True):
        counts |= _draw_compared(axes, table, others, measure, letter)
    _legend(figure, counts - {0}, {kind for kinds in nulls.values() for kind in kinds})
    return figure
