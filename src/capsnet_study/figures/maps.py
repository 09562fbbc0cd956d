"""Figures 4 and 5: images of a digit moved over another, and the t-SNE maps of their sets."""

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import procrustes

from capsnet_study.common.sizes import MAX_SHIFT
from capsnet_study.figures.style import DOUBLE, NOTE_COLOUR, SMALL, journal_style, new_figure
from capsnet_study.names import MODEL_NAMES

# Corners of the colour square: blue to brown along the rows, dark to light along the columns,
# two directions that every kind of colour vision tells apart.
CORNERS = np.array([[[8, 48, 107], [135, 206, 250]], [[127, 48, 8], [255, 205, 90]]]) / 255

KEY = """lines join
neighbours: dark
in a row, light
in a column;
crosses: the grid
to which each map
is aligned"""
CHOOSER = "capsnet"  # the model whose median and worst pair are shown
DISPARITY = "procrustes_disparity"


def offset_colours(offsets: Integer[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    """The RGB colour of each (row, column) offset, bilinear between the four corners."""
    row, column = ((offsets + MAX_SHIFT) / (2 * MAX_SHIFT)).T[..., None]
    above, below = (CORNERS[side, 0] * (1 - column) + CORNERS[side, 1] * column for side in (0, 1))
    return above * (1 - row) + below * row


def pair_title(pair: str) -> str:
    """`7-8` in words."""
    fixed, moving = pair.split("-")
    return f"fixed {fixed}, moving {moving}"


@journal_style
def figure_shifts(
    images: Mapping[str, UInt8[np.ndarray, "81 36 36"]],
    offsets: Integer[np.ndarray, "81 2"],
) -> Figure:
    """Figure 4: nine images of each digit pair with their offsets (±rows, ±columns).

    Parameters
    ----------
    images : mapping of pair ("7-8": fixed-moving) to uint8 array [81, 36, 36]
    offsets : integer array [81, 2]
        Rows and columns by which the moving digit was shifted, in pixels.
    """
    figure = new_figure(DOUBLE, 0.5 + 3.3 * int(np.ceil(len(images) / 2)))
    columns = min(len(images), 2)
    panels = figure.subfigures(int(np.ceil(len(images) / columns)), columns, squeeze=False).flat
    for panel, letter, (pair, stack) in zip(panels, ascii_lowercase, images.items(), strict=False):
        panel.suptitle(
            rf"$\bf{{{letter}}}$   {pair_title(pair)}: offset (rows, columns) in px", fontsize=8
        )
        _draw_nine(panel.subplots(3, 3), stack, offsets)
    return figure


def _draw_nine(grid: np.ndarray, stack: np.ndarray, offsets: np.ndarray) -> None:
    """The images at offsets -MAX_SHIFT, 0 and MAX_SHIFT, laid out as the shifts are."""
    wanted = [(dr, dc) for dr in (-MAX_SHIFT, 0, MAX_SHIFT) for dc in (-MAX_SHIFT, 0, MAX_SHIFT)]
    for axes, offset in zip(grid.flat, wanted, strict=True):
        index = int(np.flatnonzero((offsets == offset).all(axis=1))[0])
        axes.imshow(stack[index], cmap="gray_r", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel("({}, {})".format(*map(_signed, offset)), labelpad=2)
        axes.spines[:].set(visible=True, color="#bbbbbb")


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


def shown_pairs(
    measured: pd.DataFrame, pairs: Sequence[str], model: str = CHOOSER
) -> dict[str, str]:
    """The pairs to show with the reason: those given, then the median and the worst of a model.

    Pairs are ranked by mean disparity over trials; of an even number the upper median is shown.
    """
    rows = measured.loc[measured["model"] == model]
    ranked = list(rows.groupby("pair")[DISPARITY].mean().sort_values(kind="stable").index)
    reasons: dict[str, list[str]] = {pair: [] for pair in pairs}
    if ranked:
        name, number = MODEL_NAMES.get(model, model), len(ranked)
        for what, pair in (("median", ranked[number // 2]), ("worst", ranked[-1])):
            reasons.setdefault(pair, []).append(f"{name}'s {what} of {number}")
    return {pair: "\n".join(found) for pair, found in reasons.items()}


def _draw_map(axes: Axes, points: pd.DataFrame, disparities: pd.Series) -> None:
    """One aligned map over the grid, with lines between neighbours in the grid of shifts.

    Below it stand its disparity, and the mean of those of all trials.
    """
    aligned = align(points)
    axes.scatter(*aligned.grid.T, s=9, marker="+", color="#c9c9c9", linewidths=0.6, zorder=0.5)
    moved = points.assign(x=aligned.points[:, 0], y=aligned.points[:, 1])
    for line, colour in (("dr", "#8c8c8c"), ("dc", "#c9c9c9")):
        along = "dc" if line == "dr" else "dr"
        for _, row in moved.sort_values(along).groupby(line):
            axes.plot(row["x"], row["y"], color=colour, linewidth=0.5, zorder=1)
    colours = offset_colours(points[["dr", "dc"]].to_numpy(int))
    axes.scatter(moved["x"], moved["y"], s=9, c=colours, linewidths=0, zorder=2)
    axes.set(xticks=[], yticks=[])
    words = f"disparity {aligned.disparity:.3f}"
    if len(disparities) > 1:
        words += f"\nmean of {len(disparities)} trials: {disparities.mean():.3f}"
    axes.set_xlabel(words, fontsize=SMALL, labelpad=2)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_box_aspect(1)
    axes.spines[:].set(visible=True, color="#cccccc")


def _draw_key(axes: Axes) -> None:
    """The colour square: which colour means which offset."""
    steps = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
    offsets = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    side = len(steps)
    extent = (-MAX_SHIFT - 0.5, MAX_SHIFT + 0.5, MAX_SHIFT + 0.5, -MAX_SHIFT - 0.5)
    axes.imshow(offset_colours(offsets).reshape(side, side, 3), extent=extent)
    axes.set_xticks([-MAX_SHIFT, 0, MAX_SHIFT], labels=["−4", "0", "+4"], fontsize=SMALL)
    axes.set_yticks([-MAX_SHIFT, 0, MAX_SHIFT], labels=["−4", "0", "+4"], fontsize=SMALL)
    axes.set_title("offset", fontsize=SMALL)
    axes.set_xlabel("columns (px)", fontsize=SMALL)
    axes.set_ylabel("rows (px)", fontsize=SMALL)
    axes.set_anchor("N")
    axes.text(
        0.5, -0.62, KEY, fontsize=SMALL, color=NOTE_COLOUR, transform=axes.transAxes, ha="center",
        va="top",
    )  # fmt: skip


@journal_style
def figure_maps(
    maps: pd.DataFrame,
    measured: pd.DataFrame,
    pairs: Sequence[str],
    models: Sequence[str],
    names: Mapping[str, str] = MODEL_NAMES,
) -> Figure:
    """Figure 5: t-SNE maps of the shifted digits, each aligned to the grid of shifts.

    Colours tell the row and column offset; below each map stand its Procrustes disparity and the
    mean over trials. To the pairs given come those with the CapsNet's median and worst mean.

    Parameters
    ----------
    maps : DataFrame
        `plots/manifold_maps.csv`: model, pair, dr, dc, x, y; of one trial.
    measured : DataFrame
        `plots/manifold.csv`: model, trial, pair, procrustes_disparity.
    pairs, models : sequences of str
        The first rows and the columns of the figure.
    names : mapping of str to str
        What each model is called.
    """
    reasons = shown_pairs(measured, pairs)
    width = (DOUBLE - 1.6) / len(models)
    figure = new_figure(DOUBLE, (min(width, 1.75) + 0.3) * len(reasons) + 0.25)
    body, side = figure.subfigures(1, 2, width_ratios=[DOUBLE - 1.2, 1.2])
    grid = body.subplots(len(reasons), len(models), squeeze=False)
    for row, (pair, reason) in zip(grid, reasons.items(), strict=True):
        row[0].set_ylabel("\n".join(filter(None, [pair_title(pair), reason])))
        for axes, model in zip(row, models, strict=True):
            points, trials = (
                table.loc[(table["model"] == model) & (table["pair"] == pair)]
                for table in (maps, measured)
            )
            _draw_map(axes, points, trials[DISPARITY])
    for axes, model in zip(grid[0], models, strict=True):
        axes.set_title(names.get(model, model))
    _draw_key(side.subplots())
    return figure
