"""A forest plot with words: parts of claims in rows, all on one scale of standard deviations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator, SymmetricalLogLocator

from capsnet_study.claims.records import JudgedPart
from capsnet_study.figures.style import DOUBLE, INTERVAL, NOTE_COLOUR, SMALL, Look

OUTCOME_LOOKS = {
    "reproduced": Look("reproduced", "#009e73", marker="o"),
    "contradicted": Look("contradicted", "#d55e00", marker="X"),
    "inconclusive": Look("inconclusive", "#666666", marker="D", filled=False),
    "not evaluated": Look("not evaluated", NOTE_COLOUR, marker="|"),
}
EXPECTED_COLOUR = "#dcefe7"
CONSERVATIVE = {"color": "#444444", "linewidth": 0.5, "zorder": 2.5}
ROW, GAP = 0.122, 0.45  # inches a row; rows between two claims
HEAD, FOOT = 1.9, 0.75  # rows above the first claim; inches below the last, of axis and legend
FARTHEST = 1000.0  # standard deviations


class Page(NamedTuple):
    """A figure of rows: axes for words, in inches across, and beside them those of the plot."""

    figure: Figure
    words: Axes
    plot: Axes


def new_page(rows: float, left: float, right: float) -> Page:
    """An empty page of so many rows, with its plot between two places in inches."""
    height = ROW * (rows + HEAD) + FOOT
    figure = Figure(figsize=(DOUBLE, height))
    bottom = FOOT / height
    words = figure.add_axes((0, bottom, 1, 1 - bottom))
    plot = figure.add_axes((left / DOUBLE, bottom, (right - left) / DOUBLE, 1 - bottom))
    words.set(xlim=(0, DOUBLE), ylim=(rows, -HEAD))
    words.axis("off")
    plot.set_ylim(rows, -HEAD)
    words.set_zorder(2)  # words on a white ground may stand in the plot
    return Page(figure, words, plot)


def write(axes: Axes, x: float, row: float, text: str, **style: Any) -> None:
    """A cell of a row."""
    axes.text(x, row, text, **{"va": "center", "fontsize": SMALL} | style)


def look_of(outcome: str) -> Look:
    """How an outcome is drawn."""
    return OUTCOME_LOOKS.get(outcome, Look(outcome, NOTE_COLOUR, marker="D", filled=False))


def standardised(part: JudgedPart, value: float | None) -> float | None:
    """Return a value in standard deviations of a part's paired differences; a correlation's as is.

    None where there is no such scale: of a single value, of a curvature.
    """
    unit = 1.0 if part.kind == "correlation" else part.sd
    if value is None or unit is None:
        return None
    if unit == 0:
        return float(np.sign(value) * FARTHEST)
    return float(np.clip(value / unit, -FARTHEST, FARTHEST))


def scale_of(parts: Iterable[JudgedPart]) -> float:
    """Return the end of an axis that has room for means and intervals of all parts."""
    ends = [
        standardised(part, value) for part in parts for value in (part.mean, part.low, part.high)
    ]
    return 1.3 * max([1.0, *(abs(end) for end in ends if end is not None)])


def finish_plot(page: Page, end: float) -> None:
    """The axis, linear up to one standard deviation and logarithmic beyond it."""
    plot = page.plot
    plot.set_xscale("symlog", linthresh=1, linscale=0.9)
    plot.set_xlim(-end, end)
    plot.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=1))
    plot.xaxis.set_minor_locator(NullLocator())
    farthest = 10 ** int(np.log10(end))
    plot.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: _plain(value) if abs(value) in (0, 1, farthest) else "")
    )
    plot.tick_params(axis="x", labelsize=SMALL, pad=1)
    plot.tick_params(axis="y", left=False, labelleft=False)
    plot.spines["left"].set_visible(False)
    plot.axvline(0, ymax=0.98, color="#444444", linewidth=0.7, zorder=2)
    text = "mean in s.d. of the paired differences\n(logarithmic beyond ±1)"
    plot.set_xlabel(text, labelpad=1, fontsize=SMALL)


def _plain(value: float) -> str:
    """A tick label; that of ±10, which would touch that of ±1, is left out."""
    return "" if abs(value) == 10 else f"{value:g}".replace("-", "−")


def draw_part(
    plot: Axes, row: float, part: JudgedPart, conservative: JudgedPart | None = None
) -> None:
    """Draw the expected side, the mean and its intervals: the conservative one thin, behind."""
    left, right = _expected_side(part)
    plot.fill_between([left, right], row - 0.42, row + 0.42, color=EXPECTED_COLOUR, linewidth=0)
    if part.mean is None:
        write(plot, 0.0, row, "not evaluated", ha="center", zorder=5, color=NOTE_COLOUR,
              bbox={"facecolor": "white", "linewidth": 0, "pad": 0.8})  # fmt: skip
        return
    if conservative:
        _draw_interval(plot, row, part, conservative, CONSERVATIVE)
    _draw_interval(plot, row, part, part, INTERVAL)
    draw_mean(plot, row, part)


def draw_mean(plot: Axes, row: float, part: JudgedPart, size: float = 3.6) -> None:
    """Draw the marker of a part at its mean, if it has a place on the scale."""
    place, look = standardised(part, part.mean), look_of(part.outcome)
    if place is not None:
        plot.plot(
            place, row, marker=look.marker, color=look.colour, markersize=size, zorder=4,
            markerfacecolor=look.face, clip_on=False,
        )  # fmt: skip


def _draw_interval(
    plot: Axes, row: float, part: JudgedPart, interval: JudgedPart, style: Mapping
) -> None:
    """Draw an interval in standard deviations of the part."""
    low, high = (standardised(part, end) for end in (interval.low, interval.high))
    if low is not None and high is not None:
        plot.hlines(row, low, high, **style)


def _expected_side(part: JudgedPart) -> tuple[float, float]:
    """Return the ends of the side a part is expected on, in standard deviations."""
    bound = standardised(part, part.bound) or 0.0
    far = 2 * FARTHEST
    return {"above": (bound, far), "below": (-far, bound), "within": (-bound, bound)}[part.side]


def draw_range(plot: Axes, row: float, parts: Sequence[JudgedPart]) -> None:
    """Draw several parts in one row: their means, and a line from the lowest to the highest."""
    left, right = _expected_side(parts[0])
    plot.fill_between([left, right], row - 0.42, row + 0.42, color=EXPECTED_COLOUR, linewidth=0)
    places = [standardised(part, part.mean) for part in parts]
    known = [place for place in places if place is not None]
    if known:
        plot.hlines(row, min(known), max(known), color="black", linewidth=0.9, zorder=3)
    for part in parts:
        draw_mean(plot, row, part, 2.6)


def legend(figure: Figure, whose: str, intervals: Sequence[Line2D]) -> None:
    """What markers, intervals and shades are."""
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, label=look.label, linewidth=0,
               markersize=4, markerfacecolor=look.face)
        for outcome, look in OUTCOME_LOOKS.items() if outcome != "not evaluated"
    ]  # fmt: skip
    shade = Patch(color=EXPECTED_COLOUR, label=f"where {whose} lies")
    figure.legend(
        handles=[*handles, *intervals, shade], loc="lower center", ncols=6, columnspacing=1.0,
        handlelength=1.3, handletextpad=0.5,
    )  # fmt: skip


def interval_line(style: Mapping[str, Any], label: str) -> Line2D:
    """An entry of the legend for a kind of interval."""
    return Line2D([], [], color=style["color"], linewidth=style["linewidth"], label=label)
