"""Every part of every claim as a forest plot: the value, its interval, the expected side."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from capsnet_study.figures.style import DOUBLE, NOTE_COLOUR, Look, journal_style, new_figure

OUTCOME_LOOKS = {
    "reproduced": Look("reproduced", "#009e73", marker="o"),
    "contradicted": Look("contradicted", "#d55e00", marker="X"),
    "inconclusive": Look("inconclusive", "#666666", marker="D", filled=False),
    "not evaluated": Look("not evaluated", "#aaaaaa", marker="|"),
}
EXPECTED_COLOUR = "#e3f2ec"
LABEL_WIDTH = 42  # characters a line
ROW, HEAD = 0.125, 0.36  # inches: a part; the title and tick labels of a claim

Claims = Mapping[str, Mapping[str, Any]]


def _expected_side(expected: str) -> tuple[float, float]:
    """The ends of the side a part is expected on, from a text such as 'below 0.05'."""
    kind, bound = expected.split(",")[0].split()
    value = float(bound)
    return {"above": (value, np.inf), "below": (-np.inf, value), "within": (-value, value)}[kind]


def _limits(parts: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """An x range that holds every value, interval and bound, with a margin."""
    seen = [end for part in parts for end in _expected_side(part["expected"])]
    seen += [part[key] for part in parts for key in ("mean", "low", "high")
             if part[key] is not None]  # fmt: skip
    finite = [value for value in (*seen, 0.0) if np.isfinite(value)]
    margin = 0.08 * (max(finite) - min(finite)) or 0.01
    return min(finite) - margin, max(finite) + margin


def _draw_part(axes: Axes, row: int, part: Mapping[str, Any]) -> None:
    low, high = np.clip(_expected_side(part["expected"]), *axes.get_xlim())
    axes.fill_between([low, high], row - 0.42, row + 0.42, color=EXPECTED_COLOUR, linewidth=0)
    look = OUTCOME_LOOKS[part["outcome"]]
    if part["low"] is not None and part["high"] is not None:
        axes.hlines(row, part["low"], part["high"], color=look.colour, linewidth=1.3, zorder=3)
    if part["mean"] is None:
        axes.text(
            0.5, row, "not evaluated", transform=axes.get_yaxis_transform(), ha="center",
            va="center", fontsize=5.5, color=NOTE_COLOUR, zorder=5,
            bbox={"facecolor": EXPECTED_COLOUR, "linewidth": 0, "pad": 0.8},
        )  # fmt: skip
    else:
        axes.plot(
            part["mean"], row, marker=look.marker, color=look.colour, markersize=4, zorder=4,
            markerfacecolor=look.colour if look.filled else "white",
        )  # fmt: skip


def _draw_claim(axes: Axes, name: str, claim: Mapping[str, Any]) -> None:
    parts = claim["parts"]
    axes.set_xlim(*_limits(parts))
    axes.axvline(0, color="#444444", linewidth=0.7, zorder=2)
    for row, part in enumerate(parts):
        _draw_part(axes, row, part)
    labels = [f"{part['label'].replace('_', ' ')}  (n {part['n']})" for part in parts]
    if len(parts) == 1:  # the labels that name many arms stand alone and have room to wrap
        labels = [fill(labels[0], LABEL_WIDTH)]
    axes.set_yticks(range(len(parts)), labels=labels, fontsize=5.6)
    axes.set_ylim(len(parts) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=5.8, pad=1.5)
    axes.locator_params(axis="x", nbins=4)
    axes.spines["left"].set_visible(False)
    verdict = claim["verdict"]
    axes.set_title(
        rf"$\bf{{{name}}}$  {verdict}", loc="right", fontsize=6.5, pad=2,
        color=OUTCOME_LOOKS[verdict].colour if verdict != "not evaluated" else NOTE_COLOUR,
    )  # fmt: skip


def _halves(claims: Claims) -> list[list[str]]:
    """The claims in two columns of about the same height, in order."""
    heights = np.array([HEAD + ROW * len(claim["parts"]) for claim in claims.values()])
    first = int(np.argmin(np.abs(np.cumsum(heights) - heights.sum() / 2))) + 1
    names = list(claims)
    return [column for column in (names[:first], names[first:]) if column]


def _draw_column(figure: SubFigure, claims: Claims, names: Sequence[str], spare: float) -> None:
    """Claims below one another; `spare` inches stay empty at the bottom."""
    heights = [HEAD + ROW * len(claims[name]["parts"]) for name in names]
    ratios = [*heights, spare] if spare > 0.05 else heights
    grid = figure.add_gridspec(len(ratios), 1, height_ratios=ratios)
    for index, name in enumerate(names):
        _draw_claim(figure.add_subplot(grid[index]), name, claims[name])


@journal_style
def figure_claims(claims: Claims) -> Figure:
    """Every part of every claim: mean difference, 95 % interval, and the side expected.

    Parameters
    ----------
    claims : mapping
        `metrics/claims.json`: by claim, its verdict and its parts, each with label, n, mean,
        low, high, expected and outcome.
    """
    columns = _halves(claims)
    heights = [sum(HEAD + ROW * len(claims[name]["parts"]) for name in names) for names in columns]
    figure = new_figure(DOUBLE, max(heights) + 0.35)
    sides = np.atleast_1d(figure.subfigures(1, len(columns)))
    for side, names, height in zip(sides, columns, heights, strict=True):
        _draw_column(side, claims, names, max(heights) - height)
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, label=look.label, linewidth=1.3,
               markerfacecolor=look.colour if look.filled else "white")
        for outcome, look in OUTCOME_LOOKS.items() if outcome != "not evaluated"
    ]  # fmt: skip
    handles.append(Patch(color=EXPECTED_COLOUR, label="where the paper's claim lies"))
    units = "accuracy and drops as shares of 1, entropy in nats; lines: 95 % bootstrap intervals"
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title=units)
    return figure
