"""Charts of section 3.1: accuracy over training, and entropy against accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from capsnet_study.explorer.pieces import (
    EXACT_MATCH,
    PERCENT,
    STEP,
    alike,
    buttons,
    chart_of,
    picked_arms,
    scale_of,
    sized,
    zoomed,
)
from capsnet_study.explorer.points import ENTROPIES, Row, curve_rows, trajectory_rows
from capsnet_study.figures.arms import shown_arms
from capsnet_study.figures.step_axes import log_ticks, root_ticks
from capsnet_study.figures.style import arm_look
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arms, capsule_arms

DASHES = [[1, 0], [6, 2], [2, 2], [9, 3, 2, 3], [12, 3], [4, 1], [1, 3], [8, 2, 1, 2, 1, 2], [3, 5]]
# What the axis says, of exact match or of what an arm has more than n = 3.
MATCH_OR_GAIN = f"mode == 'gain' ? format(100 * datum.value, '+~r') + ' points' : {PERCENT}"


def curves_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Exact match against steps, or that less the one of n = 3: an arm a line with its band.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    rows, arms = curve_rows(table), shown_arms(table)
    picked = picked_arms()
    mode = buttons("mode", "curves:", {"match": "as they are", "gain": "less that of n = 3"})
    shown = {name: f"datum[mode + '_{name}']" for name in ("mean", "low", "high", "words")}
    base = chart_of(rows).transform_filter(picked).transform_calculate(**shown)
    base = base.transform_filter("isValid(datum.mean)")
    base = base.encode(x=step_scale(rows), color=arm_colour(arms))
    axis = alt.Axis(labelExpr=MATCH_OR_GAIN)
    line = base.encode(y=alt.Y("mean:Q", title=EXACT_MATCH, axis=axis))
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=EXACT_MATCH), y2="high:Q")
    read = alt.Tooltip("words:N", title="exact match")
    dots = line.mark_circle(size=36, opacity=1).encode(tooltip=["arm:N", STEP, read])
    curves = line.mark_line(strokeWidth=1.8).encode(strokeDash=arm_dash(arms))
    return sized(band, curves, dots.add_params(picked, mode, zoomed()))


def trajectories_chart(table: pd.DataFrame) -> alt.LayerChart:
    """H / log J of R1 or R2 against exact match: an arm a curve, dots that grow with training.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`, as for `curves_chart`.
    """
    rows, arms = trajectory_rows(table), capsule_arms(shown_arms(table))
    picked = picked_arms()
    layer = buttons("layer", "couplings of", alike([*ENTROPIES]))
    base = chart_of(rows).transform_filter(picked)
    base = base.transform_calculate(
        share="datum[layer]", reached="format(100 * datum.exact_match, '.1f') + ' %'"
    ).encode(
        x=alt.X("exact_match:Q", title=EXACT_MATCH, axis=alt.Axis(labelExpr=PERCENT)),
        y=alt.Y("share:Q", title="coupling entropy H / log J", scale=alt.Scale(zero=False)),
        color=arm_colour(arms),
    )
    paths = base.mark_line(strokeWidth=1.4).encode(order="step:Q", strokeDash=arm_dash(arms))
    dots = base.mark_circle(opacity=0.9).encode(
        size=alt.Size("step:Q", legend=None, scale=alt.Scale(type="sqrt", range=[12, 110])),
        tooltip=[
            "arm:N",
            STEP,
            alt.Tooltip("reached:N", title="exact match"),
            *(alt.Tooltip(f"{name}:Q", title=f"H / log J of {name}") for name in ENTROPIES),
        ],
    )
    return sized(paths, dots.add_params(picked, layer, zoomed()))


def step_scale(rows: Sequence[Row], kind: str = "symlog") -> alt.X:
    """Steps on an axis that starts at 0 and gives room to the early ones, as in the figures.

    Parameters
    ----------
    rows : sequence of Row
        Each with a `step`.
    kind : {"symlog", "sqrt"}
        Logarithms from the first step after 0 on, or square roots.
    """
    steps = [row["step"] for row in rows if row["step"] > 0] or [1, 10]
    first, last = min(steps), max(steps)
    logarithmic = kind == "symlog"
    constant = {"constant": first} if logarithmic else {}
    ticks = log_ticks(first, last) if logarithmic else root_ticks(last)
    between = [digit * tick for tick in ticks for digit in (2, 5) if logarithmic and tick]
    words = f"logarithmic from {first:,} on" if logarithmic else "square root"
    return alt.X(
        "step:Q",
        title=f"training steps (mini-batches; {words})",
        scale=alt.Scale(type=kind, domain=[0, last], **constant),
        axis=alt.Axis(
            values=[*ticks, *between],  # those between are for who zooms in
            grid=False,
            labelExpr="format(datum.value, ',')",
            labelOverlap="greedy",
        ),
    )


def arm_colour(arms: Arms) -> alt.Color:
    """Colours as in the figures; the domain keeps all arms in the legend whatever is chosen."""
    legend = alt.Legend(
        title="arms",
        symbolType="stroke",
        symbolSize=500,
        symbolStrokeWidth=2,
        symbolOpacity=1,
        labelFontSize=11,
    )
    names = [arm_name(arm) for arm in arms.values()]
    colours = [arm_look(arm).colour for arm in arms.values()]
    return alt.Color("arm:N", scale=scale_of(names, colours), legend=legend)


def arm_dash(*groups: Arms) -> alt.StrokeDash:
    """A line of its own for each arm of a group, in their order; groups repeat them."""
    dashes = {
        arm_name(arm): DASHES[place % len(DASHES)]
        for group in groups
        for place, arm in enumerate(group.values())
    }
    scale = scale_of(list(dashes), list(dashes.values()))
    return alt.StrokeDash("arm:N", title="arms", scale=scale)
