"""Every part of every claim as a forest plot: its words, its interval, the side expected."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from capsnet_study.claims.words import words_of
from capsnet_study.figures.parts import describe_part
from capsnet_study.figures.style import (
    DOUBLE,
    INTERVAL,
    NOTE_COLOUR,
    SMALL,
    Look,
    journal_style,
    new_figure,
)
from capsnet_study.training.arms import arms_in

OUTCOME_LOOKS = {
    "reproduced": Look("reproduced", "#009e73", marker="o"),
    "contradicted": Look("contradicted", "#d55e00", marker="X"),
    "inconclusive": Look("inconclusive", "#666666", marker="D", filled=False),
    "not evaluated": Look("not evaluated", NOTE_COLOUR, marker="|"),
}
EXPECTED_COLOUR = "#dcefe7"
ROW, GAP = 0.122, 0.45  # inches a row; rows between two claims

Claims = Mapping[str, Mapping[str, Any]]
Part = Mapping[str, Any]


class Columns(NamedTuple):
    """Where the cells of a row stand, in inches; those of numbers end there. None: no such cell."""

    name: float
    verdict: float
    measure: float | None
    compared: float | None
    count: float
    zero: float
    value: float
    range: float
    reach: float  # from zero to the farthest end
    p: float | None = None


PLACES = Columns(0.0, 0.22, 0.9, 2.47, 4.16, 4.76, 5.75, 5.79, reach=0.51)


def look_of(outcome: str) -> Look:
    """How an outcome is drawn."""
    return OUTCOME_LOOKS.get(outcome, Look(outcome, NOTE_COLOUR, marker="D", filled=False))


def _expected_side(part: Part) -> tuple[float, float]:
    """The ends of the side a part is expected on."""
    bound = part["bound"]
    sides = {"above": (bound, np.inf), "below": (-np.inf, bound), "within": (-bound, bound)}
    return sides[part["side"]]


def row_scale(part: Part) -> float:
    """What stands at the end of a row: 1 for a correlation, else the farthest of its numbers."""
    if "spearman" in (part["measure"] or "") or part["kind"] == "correlation":
        return 1.0
    numbers = [part[key] for key in ("mean", "low", "high") if part[key] is not None]
    ends = np.abs([*numbers, *_expected_side(part)])
    return float(ends[np.isfinite(ends)].max()) or 1.0


def draw_part(axes: Axes, row: float, part: Part, places: Columns = PLACES) -> None:
    """The expected side, the value and its interval, on the scale of the row."""
    scale, look = row_scale(part), look_of(part["outcome"])

    def place(value: float) -> float:
        return places.zero + places.reach * float(np.clip(value / scale, -1.06, 1.06))

    left, right = map(place, _expected_side(part))
    axes.fill_between([left, right], row - 0.42, row + 0.42, color=EXPECTED_COLOUR, linewidth=0)
    if part["mean"] is None:
        write(axes, places.zero, row, "not evaluated", ha="center", zorder=5, color=NOTE_COLOUR,
              bbox={"facecolor": "white", "linewidth": 0, "pad": 0.8})  # fmt: skip
        return
    axes.plot(
        place(part["mean"]), row, marker=look.marker, color=look.colour, markersize=5, zorder=4,
        markerfacecolor=look.colour if look.filled else "white",
    )  # fmt: skip
    if part["low"] is not None and part["high"] is not None:
        axes.hlines(row, place(part["low"]), place(part["high"]), **INTERVAL)


def write(axes: Axes, x: float, row: float, text: str, **style: Any) -> None:
    """A cell of a row."""
    axes.text(x, row, text, **{"va": "center", "fontsize": SMALL} | style)


def _draw_claim(
    axes: Axes, top: float, name: str, claim: Mapping[str, Any], words: Mapping[str, str]
) -> None:
    """The verdict beside the first part; a measure is named where it changes."""
    look, above = look_of(claim["verdict"]), ""
    write(axes, PLACES.name, top, name, weight="bold")
    write(axes, PLACES.verdict, top, look.label, color=look.colour)
    for index, part in enumerate(claim["parts"]):
        row = top + index
        draw_part(axes, row, part)
        cells = describe_part(part, words)
        write(axes, PLACES.measure, row, cells.measure if cells.measure != above else "")
        write(axes, PLACES.compared, row, cells.compared)
        write(axes, PLACES.count, row, str(part["n"]), ha="right")
        write(axes, PLACES.value, row, cells.value, ha="right")
        write(axes, PLACES.range, row, cells.range)
        above = cells.measure


def _tops(claims: Claims) -> list[float]:
    """The row of the first part of each claim, counted from the top, and that after the last."""
    heights = [len(claim["parts"]) + GAP for claim in claims.values()]
    return [1.4 + height for height in (0, *np.cumsum(heights))]


def draw_head(axes: Axes, places: Columns = PLACES) -> None:
    """What the columns hold."""
    style = {"color": NOTE_COLOUR, "style": "italic"}
    for x, text, side in (
        (places.name, "claim", "left"), (places.measure, "measure", "left"),
        (places.compared, "of", "left"), (places.count, "n", "right"),
        (places.zero, "below 0  |  above 0", "center"), (places.value, "mean", "right"),
        (places.range, "95 % interval", "left"), (places.p, "p", "right"),
    ):  # fmt: skip
        if x is not None:
            write(axes, x, 0.2, text, ha=side, **style)


def claims_legend(
    figure: Figure, whose: str = "the paper's claim", kind: str = "bootstrap "
) -> None:
    """What markers, intervals and shades are."""
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, label=look.label, linewidth=0,
               markersize=5, markerfacecolor=look.colour if look.filled else "white")
        for outcome, look in OUTCOME_LOOKS.items() if outcome != "not evaluated"
    ]  # fmt: skip
    handles.append(Line2D([], [], color="black", linewidth=0.9, label=f"95 % {kind}interval"))
    handles.append(Patch(color=EXPECTED_COLOUR, label=f"where {whose} lies"))
    title = (
        "each row on a scale of its own, from 0 to its farthest number; correlations from −1 to 1"
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=5, title=title)


@journal_style
def figure_claims(claims: Claims, fitting: pd.DataFrame) -> Figure:
    """Every part of every claim: what is compared, mean, 95 % interval, and the side expected.

    A row is drawn on a scale of its own, and its numbers are printed beside it: parts differ in
    measure and in size a thousandfold, and on one scale the sign of the small ones is lost.

    Parameters
    ----------
    claims : mapping
        `metrics/claims.json`: by claim, its verdict and parts, as
        `evaluate_claims` returns them; those of the paper.
    fitting : DataFrame
        `plots/fitting.csv`, for what the arms are called.
    """
    *tops, end = _tops(claims)
    figure = new_figure(DOUBLE, ROW * (end + 0.5) + 0.45)
    axes = figure.subplots()
    axes.set(xlim=(0, DOUBLE), ylim=(end, -0.5))
    axes.axis("off")
    axes.vlines(PLACES.zero, 0.8, end - 0.6, color="#444444", linewidth=0.7, zorder=2)
    draw_head(axes)
    words = words_of(arms_in(fitting))
    for top, (name, claim) in zip(tops, claims.items(), strict=True):
        axes.axhline(top - 0.5 - GAP / 2, color="#cccccc", linewidth=0.5)
        _draw_claim(axes, top, name, claim, words)
    claims_legend(figure)
    return figure
