"""Marks that several figures share: a mean with its interval, a curve with its band."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.figures import style
from capsnet_study.figures.values import over_trials
from capsnet_study.stats import Interval
from capsnet_study.training.arms import Arms

POINTS = "percentage points"


def draw_mean(
    axes: Axes,
    place: int | float,
    values: pd.Series,
    look: style.Look,
    along: Literal["x", "y"] = "y",
    dots: float | None = None,
) -> None:
    """Draw a mean with its conservative 95 % interval, and the single values as pale dots.

    Parameters
    ----------
    axes : Axes
    place : number
        On the other axis.
    values : Series
        By their units, as `conservative_interval` takes them; nothing is drawn of none.
    look : style.Look
    along : {"x", "y"}
        The axis of the values.
    dots : float, optional
        Offset of the single values from the mean; by default they are not drawn.
    """
    values = values.dropna()
    if values.empty:
        return
    draw_interval(axes, place, conservative_interval(values), look, along)
    if dots is not None:
        at = _at(along, values, [place + dots] * len(values))
        axes.scatter(**at, s=6, color=look.colour, alpha=0.5, linewidths=0, zorder=3)


def draw_interval(
    axes: Axes, place: int | float, found: Interval, look: style.Look, along: Literal["x", "y"]
) -> None:
    """Draw a mean and its interval, if it has one, at a place on the other axis."""
    reach = None
    if found.low is not None and found.high is not None:
        reach = [[found.mean - found.low], [found.high - found.mean]]
    axes.errorbar(
        **_at(along, found.mean, place), **{f"{along}err": reach}, **look.points, linestyle="",
        elinewidth=1.0, zorder=4,
    )  # fmt: skip


def _at(along: Literal["x", "y"], value: Any, place: Any) -> dict[str, Any]:
    """Return x and y of a value along an axis."""
    return {"x": value, "y": place} if along == "x" else {"x": place, "y": value}


def draw_curve(axes: Axes, table: pd.DataFrame, arm: str, column: str, look: style.Look) -> None:
    """Draw the mean over trials against steps, in a band of one standard deviation."""
    curve = over_trials(table, arm, column)
    axes.plot(
        curve["mean"], linestyle=look.line, markeredgewidth=0, zorder=3, markevery=0.12,
        **look.points,
    )  # fmt: skip
    low, high = curve["mean"] - curve["std"], curve["mean"] + curve["std"]
    axes.fill_between(curve.index, low, high, color=look.colour, alpha=0.16, linewidth=0, zorder=2)


def draw_training(axes: Axes, table: pd.DataFrame, arms: Arms, begin: float = 0.0) -> None:
    """Draw exact match of some arms against steps, from a share of them on."""
    last = float(table["step"].max())
    first = begin * last
    for key, arm in arms.items():
        shown = table.loc[table["step"] >= first]
        draw_curve(axes, shown, key, "exact_match", style.arm_look(arm))
    axes.set_xlim(first, last + 0.02 * (last - first))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set(xlabel="training steps (mini-batches)", ylabel="exact match (%)")
    axes.grid(axis="y")


def row_axis(axes: Axes, names: list[str]) -> None:
    """Name the rows of a dot plot, the first on top."""
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def zero_line(axes: Axes, along: Literal["x", "y"]) -> None:
    """Draw the line of no difference, if there are differences."""
    if axes.has_data():
        (axes.axvline if along == "x" else axes.axhline)(0, **style.REFERENCE)


def show_image(axes: Axes, image: UInt8[np.ndarray, "rows columns"], label: str) -> None:
    """Show a digit image, dark on white, with its label below."""
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(label, labelpad=2)
    axes.spines[:].set(visible=True, color="#bbbbbb")
