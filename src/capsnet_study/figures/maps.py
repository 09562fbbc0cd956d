"""Figures 4 and 5: images of a digit moved over another, and the t-SNE maps of their sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import procrustes

from capsnet_study.common.sizes import MAX_SHIFT
from capsnet_study.figures import style
from capsnet_study.figures.marks import show_image
from capsnet_study.names import MODEL_NAMES

# Corners of the colour square: blue to brown along the rows, dark to light along the columns,
# two directions that can be distinguished with any colour vision.
CORNERS = np.array([[[8, 48, 107], [135, 206, 250]], [[127, 48, 8], [255, 205, 90]]]) / 255
DISPARITY = "procrustes_disparity"
SHOWN_SHIFTS = (-MAX_SHIFT, 0, MAX_SHIFT)


def offset_colours(offsets: Integer[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    """Return the RGB colour of each (row, column) offset, bilinear between the four corners."""
    row, column = ((offsets + MAX_SHIFT) / (2 * MAX_SHIFT)).T[..., None]
    above, below = (CORNERS[side, 0] * (1 - column) + CORNERS[side, 1] * column for side in (0, 1))
    return above * (1 - row) + below * row


def pair_title(pair: str) -> str:
    """Return a pair in words.

    >>> pair_title("7-8")
    'fixed 7, moving 8'
    """
    fixed, moving = pair.split("-")
    return f"fixed {fixed}, moving {moving}"


def figure_shifts(
    images: Mapping[str, UInt8[np.ndarray, "81 36 36"]],
    offsets: Integer[np.ndarray, "81 2"],
) -> Figure:
    """Draw nine images of each digit pair with their offsets (±rows, ±columns).

    Parameters
    ----------
    images : mapping of pair ("7-8": fixed-moving) to uint8 array [81, 36, 36]
    offsets : integer array [81, 2]
        Rows and columns by which the moving digit was shifted, in pixels.
    """
    figure = style.new_figure(3.5)
    panels = figure.subfigures(1, max(len(images), 2), squeeze=False)[0]
    for panel, letter, (pair, stack) in zip(panels, "abcdefgh", images.items(), strict=False):
        grid = panel.subplots(3, 3)
        for axes, shift in zip(grid.flat, _pairs_of(SHOWN_SHIFTS).tolist(), strict=True):
            index = int(np.flatnonzero((offsets == shift).all(axis=1))[0])
            show_image(axes, stack[index], "({}, {})".format(*map(_signed, shift)))
        title = f"{pair_title(pair)}: offset (rows, columns)"
        panel.suptitle(rf"$\bf{{{letter}}}$   {title}", x=0.03, ha="left", fontsize=8)
    return figure


def _pairs_of(steps: Sequence[int]) -> Integer[np.ndarray, "n 2"]:
    """Return all shifts of these steps, row by row."""
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)


def _signed(value: int) -> str:
    return f"{value:+d}".replace("-", "−") if value else "0"


class AlignedMap(NamedTuple):
    """A map moved, turned, mirrored and scaled onto the grid, and what is then left between both.

    Both are centred; the grid has norm 1.
    """

    grid: Float[np.ndarray, "81 2"]
    points: Float[np.ndarray, "81 2"]
    disparity: float


def align(points: pd.DataFrame) -> AlignedMap:
    """Align a map by Procrustes to the grid of shifts, columns to the right and rows downwards.

    A map that has collapsed to one point lies in the middle of the grid, at disparity 1.
    """
    grid = points[["dc", "dr"]].to_numpy(float) * [1, -1]
    places = points[["x", "y"]].to_numpy(float)
    if (places == places[0]).all():
        centred = grid - grid.mean(axis=0)
        return AlignedMap(centred / np.linalg.norm(centred), np.zeros_like(grid), 1.0)
    return AlignedMap(*procrustes(grid, places))


def median_map(maps: pd.DataFrame, disparities: pd.Series) -> pd.DataFrame:
    """Return the map of the trial with the median disparity.

    Parameters
    ----------
    maps : DataFrame
        The maps of some trials of one model and pair: trial, dr, dc, x, y.
    disparities : Series
        By trial; of an even number of trials the lower of the two in the middle is chosen.
    """
    ranked = disparities[disparities.index.isin(maps["trial"])].sort_values(kind="stable")
    return maps.loc[maps["trial"] == ranked.index[(len(ranked) - 1) // 2]]


def figure_maps(
    maps: pd.DataFrame, measured: pd.DataFrame, pairs: Sequence[str], models: Sequence[str]
) -> Figure:
    """Draw t-SNE maps of the shifted digits, each aligned to the grid of shifts.

    Colours show the row and column offset. The label below each map gives its Procrustes disparity
    and the mean over trials and t-SNE seeds.

    Parameters
    ----------
    maps : DataFrame
        ``data/faithfulness/MODEL/maps.csv``: model, pair, trial, dr, dc, x, y.
    measured : DataFrame
        ``plots/manifold.csv``: model, trial, pair, procrustes_disparity.
    pairs, models : sequences of str
        The rows and the columns of the figure.
    """
    figure = style.new_figure(1.9 * len(pairs) + 0.2)
    grid = figure.subplots(len(pairs), len(models) + 1, squeeze=False)
    for row, pair in zip(grid, pairs, strict=True):
        for axes, model in zip(row, models, strict=False):
            points, trials = (
                table.loc[(table["model"] == model) & (table["pair"] == pair)]
                for table in (maps, measured)
            )
            _draw_map(axes, points, trials.set_index("trial")[DISPARITY])
        row[0].set_ylabel(pair_title(pair))
        row[-1].axis("off")
    for axes, model in zip(grid[0], models, strict=False):
        axes.set_title(MODEL_NAMES[model])
    _draw_key(grid[0, -1])
    return figure


def _draw_map(axes: Axes, maps: pd.DataFrame, disparities: pd.Series) -> None:
    """Draw the median map over the grid, with lines between neighbours in the grid of shifts."""
    points = median_map(maps, disparities)
    aligned = align(points)
    axes.scatter(*aligned.grid.T, s=9, marker="+", color="#c9c9c9", linewidths=0.6, zorder=0.5)
    moved = points.assign(x=aligned.points[:, 0], y=aligned.points[:, 1])
    for line, along, colour in (("dr", "dc", "#8c8c8c"), ("dc", "dr", "#c9c9c9")):
        for _, row in moved.sort_values(along).groupby(line):
            axes.plot(row["x"], row["y"], color=colour, linewidth=0.5, zorder=1)
    colours = offset_colours(points[["dr", "dc"]].to_numpy(int))
    axes.scatter(moved["x"], moved["y"], s=9, c=colours, linewidths=0, zorder=2)
    axes.set(xticks=[], yticks=[], box_aspect=1)
    axes.set_aspect("equal", adjustable="datalim")
    axes.spines[:].set(visible=True, color="#cccccc")
    words = f"disparity {aligned.disparity:.3f}\nmean of all maps {disparities.mean():.3f}"
    axes.set_xlabel(words, labelpad=2)


def _draw_key(axes: Axes) -> None:
    """Draw the colour square: which colour means which offset."""
    offsets = _pairs_of(range(-MAX_SHIFT, MAX_SHIFT + 1))
    side, end = 2 * MAX_SHIFT + 1, MAX_SHIFT + 0.5
    axes.imshow(offset_colours(offsets).reshape(side, side, 3), extent=(-end, end, end, -end))
    labels = [_signed(step) for step in SHOWN_SHIFTS]
    axes.set_xticks(SHOWN_SHIFTS, labels=labels)
    axes.set_yticks(SHOWN_SHIFTS, labels=labels)
    axes.set(title="offset", xlabel="columns (pixels)", ylabel="rows (pixels)")
    axes.axis("on")
