"""Differences paired by trial, their t intervals, and how both are drawn."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from capsnet_study.figures.arms import count_range
from capsnet_study.figures.causes import MISSING
from capsnet_study.figures.style import INTERVAL, NOTE_COLOUR, REFERENCE, SMALL, Look
from capsnet_study.stats import Interval, t_interval

WIDE, LINEAR = 25, 5  # points: what makes an axis of differences logarithmic, and beyond what
POINTS_TICKS = (-50, -15, -5, 0, 5, 15, 50)


def last_values(table: pd.DataFrame, arm: str, column: str = "exact_match") -> pd.Series:
    """What each trial of an arm has at its last evaluation, by trial; without missing values."""
    rows = table.loc[table["arm"] == arm]
    last = rows.loc[rows["step"] == rows["step"].max()]
    return last.set_index("trial")[column].dropna().astype(float)


def differences(table: pd.DataFrame, arm: str, other: str) -> pd.DataFrame:
    """Exact match of an arm less that of another one in points: a row a step, a column a trial."""
    one, base = (
        table.loc[table["arm"] == key].pivot(index="step", columns="trial", values="exact_match")
        for key in (arm, other)
    )
    both = 100 * (one - base)
    return both.dropna(how="all").dropna(axis=1, how="all")


def interval_of(values: Iterable[float]) -> Interval | None:
    """Mean and 95 % t interval of what there is; None where there is nothing."""
    found = np.array([value for value in values if not np.isnan(value)], dtype=float)
    return t_interval(found) if len(found) else None


def intervals_by_step(values: pd.DataFrame) -> pd.DataFrame:
    """Columns step, mean, low, high and n of trials; low and high are NaN for one trial."""
    rows = [
        {"step": step, "mean": found.mean, "low": found.low, "high": found.high, "n": found.n}
        for step, trials in values.iterrows()
        if (found := interval_of(trials)) is not None
    ]
    return pd.DataFrame(rows, columns=["step", "mean", "low", "high", "n"]).astype(float)


def draw_row(axes: Axes, row: int | float, values: Iterable[float], look: Look) -> Interval | None:
    """Mean, t interval and single trials of one row of a dot plot."""
    found = interval_of(values)
    if found is None:
        return None
    axes.scatter(
        list(values), np.full(len(list(values)), row), s=6, color=look.colour, alpha=0.45,
        linewidths=0, zorder=3,
    )  # fmt: skip
    if found.low is not None and found.high is not None:
        axes.hlines(row, found.low, found.high, **INTERVAL | {"zorder": 3.5})  # below the marker
    axes.plot(
        found.mean, row, marker=look.marker, color=look.colour, markersize=4, zorder=4,
        linewidth=0, markerfacecolor=look.face,
    )  # fmt: skip
    return found


def spread_text(counts: Iterable[int]) -> str:
    """What points and bars are and from how many trials, such as 'mean, 95 % t interval, n = 5'."""
    found = {*counts}
    if not found:
        return ""
    several = count_range(found)
    return "1 trial" if several == "1" else f"mean and 95 % t interval, {several} trials"


def say_missing(axes: Axes, text: str = MISSING) -> None:
    """Words in the middle of a panel that has nothing to show."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=SMALL,
        color=NOTE_COLOUR,
    )  # fmt: skip


def name_zero(axes: Axes, text: str) -> None:
    """The horizontal line of no difference, with its name at its right end, out of the panel."""
    axes.axhline(0, **REFERENCE)
    axes.annotate(
        text, (1, 0), xycoords=axes.get_yaxis_transform(), xytext=(3, 0),
        textcoords="offset points", va="center", fontsize=SMALL, color=NOTE_COLOUR,
    )  # fmt: skip


def points_axis(axes: Axes, label: str = "difference in exact match (points)") -> None:
    """Differences in points along x; logarithmic beyond ±5 if one leaves no room for the others."""
    low, high = axes.get_xlim()
    if max(-low, high) > WIDE:
        axes.set_xscale("symlog", linthresh=LINEAR)
        axes.set_xlim(1.2 * low, 1.2 * high)
        axes.set_xticks([tick for tick in POINTS_TICKS if 1.2 * low < tick < 1.2 * high])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda tick, _: f"{tick:g}".replace("-", "−"))
        label += f"\nlogarithmic beyond ±{LINEAR}"
    axes.set_xlabel(label)


def finish_rows(axes: Axes, rows: int, zero: str = "") -> None:
    """The rows of a dot plot, the first on top; with a name, a row above for that of the line at 0.

    The name stands on the side of the line that has more room: draw the rows before.
    """
    axes.set_ylim(max(rows, 1) - 0.4, -1.2 if zero else -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    if not zero:
        return
    axes.axvline(0, **REFERENCE)
    left, right = axes.get_xlim()
    side = 1 if right >= -left else -1
    axes.annotate(
        zero, (0, 1), xycoords=axes.get_xaxis_transform(), xytext=(3 * side, -2),
        textcoords="offset points", ha="left" if side > 0 else "right", va="top", fontsize=SMALL,
        color=NOTE_COLOUR,
    )  # fmt: skip
