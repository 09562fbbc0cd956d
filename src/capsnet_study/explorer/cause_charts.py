"""Charts of the causes: what arms and changed couplings gain and lose, and what the gradient sees.

Lines differ in shape as well as in colour, as in the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from capsnet_study.explorer.cause_points import (
    clamp_rows,
    difference_rows,
    exposure_rows,
    intervention_rows,
    matrix_cells,
)
from capsnet_study.explorer.fitting_charts import arm_colour, arm_dash, step_scale
from capsnet_study.explorer.pieces import (
    EXACT_MATCH,
    PERCENT,
    READ,
    SHAPES,
    STEP,
    alike,
    buttons,
    chart_of,
    line_at,
    picked_arms,
    scale_of,
    sized,
    zoomed,
)
from capsnet_study.explorer.points import Row
from capsnet_study.figures.causes import all_arms, step_groups
from capsnet_study.figures.exposure import EFFECTIVE, capsules, exposed_arms
from capsnet_study.figures.interventions import LAYER_LOOKS
from capsnet_study.figures.paired import LINEAR, POINTS_TICKS, WIDE
from capsnet_study.figures.train_test import LAYERS

CELL = 46  # pixels
CLAMP_COLOURS = ["#0072b2", "#d55e00", "#000000", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9"]
CLAMP_SHAPES = ["circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "wedge"]
TWO_LINES = "split(replace(datum.label, regexp(' (of|over) '), '|$1 '), '|')"  # on a phone, too


def differences_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Exact match less that of n = 3 against steps: an arm a line, with its t interval.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    """
    rows, groups = difference_rows(table), step_groups(all_arms(table))
    arms = {key: arm for members in groups.values() for key, arm in members.items()}
    picked, menu = picked_arms(), buttons("group", "arms by", alike([*groups]))
    base = chart_of(rows).transform_filter(picked).transform_filter("datum.group == group")
    base = base.encode(x=step_scale(rows, "sqrt"), color=arm_colour(arms))
    line = base.encode(y=alt.Y("mean:Q", title="exact match less that of n = 3 (points)"))
    band = base.mark_area(opacity=0.12).encode(y="low:Q", y2="high:Q")
    dots = line.mark_circle(size=36, opacity=1).encode(tooltip=["arm:N", STEP, READ])
    curves = line.mark_line(strokeWidth=1.8).encode(strokeDash=arm_dash(*groups.values()))
    return sized(line_at("y", 0), band, curves, dots.add_params(picked, menu, zoomed()))


def matrix_chart(interventions: pd.DataFrame, table: pd.DataFrame) -> alt.LayerChart:
    """Exact match by iterations in training and in the test, of the layer chosen.

    Parameters
    ----------
    interventions, table : DataFrame
        As for `figure_train_test`.
    """
    rows = matrix_cells(interventions, table)
    reach = max([abs(row["change"]) for row in rows], default=0.0)
    reach = max(reach, 1.0)  # points
    layers = alike([LAYER_LOOKS[layer].label for layer in LAYERS])
    menu = buttons("layer", "number changed in", layers)
    tested = len({row["test"] for row in rows}) or 6
    base = chart_of(rows).transform_filter("datum.layer == layer")
    base = base.encode(
        x=alt.X("test:O", title="iterations in the test", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("train:O", title="iterations in training"),
    )
    colours = alt.Scale(scheme="purpleorange", reverse=True, domain=[-reach, reach], domainMid=0)
    squares = base.mark_rect().encode(
        stroke=alt.condition("datum.train == datum.test", alt.value("black"), alt.value("white")),
        color=alt.Color("change:Q", scale=colours, title=["points gained", "over own number"]),
        tooltip=[
            alt.Tooltip("train:O", title="n in training"),
            alt.Tooltip("test:O", title="n in the test"),
            alt.Tooltip("percent:Q", title="exact match (%)"),
            alt.Tooltip("change:Q", title="points gained", format="+.2f"),
        ],
    )
    dark = f"abs(datum.change) > {0.62 * reach}"
    numbers = base.mark_text(fontSize=12).encode(
        text=alt.Text("percent:Q", format=".1f"),
        color=alt.condition(dark, alt.value("white"), alt.value("black")),
    )
    both = alt.layer(squares.add_params(menu), numbers)
    return both.properties(width=CELL * tested, height=CELL * tested)


def interventions_chart(interventions: pd.DataFrame, table: pd.DataFrame) -> alt.LayerChart:
    """Points of exact match lost by each change of the couplings of the arm chosen.

    Parameters
    ----------
    interventions, table : DataFrame
        As for `figure_interventions`.
    """
    rows = intervention_rows(interventions, table)
    names, changes = (list(dict.fromkeys(row[key] for row in rows)) for key in ("arm", "change"))
    looks = LAYER_LOOKS.values()
    labels = [look.label for look in looks]
    base = chart_of(rows).transform_filter("datum.arm == trained").encode(
        y=alt.Y("change:N", sort=changes, title=None,
                axis=alt.Axis(labelExpr=TWO_LINES, grid=True)),
        yOffset=alt.YOffset("layer:N", sort=labels),
        color=alt.Color(
            "layer:N", title="changed in",
            scale=scale_of(labels, [look.colour for look in looks]),
        ),
    )  # fmt: skip
    reach = base.mark_rule(strokeWidth=1.5).encode(x=points_lost("low", rows), x2="high:Q")
    dots = base.mark_point(size=60, filled=True, opacity=1).encode(
        x=points_lost("mean", rows),
        shape=alt.Shape(
            "layer:N", title="changed in",
            scale=scale_of(labels, [SHAPES[look.marker] for look in looks]),
        ),
        tooltip=["change:N", "layer:N", READ],
    )  # fmt: skip
    trained = buttons("trained", "trained with", alike(names))
    return sized(line_at("x", 0), reach, dots.add_params(trained))


def points_lost(column: str, rows: Sequence[Row]) -> alt.X:
    """The axis of points lost: as in the figure, a logarithm where few losses dwarf the others."""
    title = "exact match lost (points)"
    if max([abs(row["mean"]) for row in rows], default=0.0) <= WIDE:
        return alt.X(f"{column}:Q", title=title, scale=alt.Scale(padding=14))
    scale = alt.Scale(type="symlog", constant=LINEAR, padding=14)
    ticks = alt.Axis(values=[*POINTS_TICKS])
    return alt.X(f"{column}:Q", title=f"{title}, logarithmic", scale=scale, axis=ticks)


def clamp_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Final exact match against H / log J of R1, held at targets or not, of the n chosen.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    """
    rows = clamp_rows(table)
    held, free = (
        list(dict.fromkeys(row["arm"] for row in rows if row["free"] == is_free))
        for is_free in (False, True)
    )
    base = chart_of(rows).transform_filter("datum.n == n").encode(
        x=alt.X("share:Q", title="H / log J of R1: the target, else at the last step",
                scale=alt.Scale(zero=False, padding=14, nice=False), axis=alt.Axis(tickCount=7)),
        color=alt.Color("arm:N", title="arms", scale=scale_of([*held, *free], CLAMP_COLOURS)),
    )  # fmt: skip
    percent = alt.Y(
        "mean:Q", title=EXACT_MATCH, scale=alt.Scale(zero=False), axis=alt.Axis(labelExpr=PERCENT)
    )
    targets = base.transform_filter("!datum.free").encode(y=percent)
    lines = targets.mark_line(strokeWidth=1.8).encode(
        strokeDash=alt.StrokeDash("arm:N", scale=scale_of(held, [[1, 0], [6, 3]]), legend=None)
    )
    reach = base.mark_rule().encode(y=alt.Y("low:Q", title=EXACT_MATCH), y2="high:Q")
    dots = base.mark_point(size=70, filled=True, opacity=1).encode(
        y=percent,
        shape=alt.Shape("arm:N", title="arms", scale=scale_of([*held, *free], CLAMP_SHAPES)),
        tooltip=["arm:N", alt.Tooltip("share:Q", title="H / log J"), READ],
    )
    chosen = buttons("n", "iterations", alike(list(dict.fromkeys(row["n"] for row in rows))))
    return sized(reach, lines, dots.add_params(zoomed(), chosen))


def exposure_chart(exposure: pd.DataFrame, table: pd.DataFrame) -> alt.LayerChart:
    """Effective number of Cap1 capsules against steps, by gradient or by coupling mass.

    Parameters
    ----------
    exposure, table : DataFrame
        As for `figure_exposure`.
    """
    rows, arms = exposure_rows(exposure, table), exposed_arms(exposure, table)
    picked, menu = picked_arms(), buttons("measure", "", EFFECTIVE)
    base = chart_of(rows).transform_filter(picked).transform_calculate(shown="datum[measure]")
    base = base.encode(
        x=step_scale(rows),
        y=alt.Y("shown:Q", title="effective number of Cap1 capsules", scale=alt.Scale(zero=True)),
        color=arm_colour(arms),
    )
    dots = base.mark_circle(size=36, opacity=1).encode(
        tooltip=["arm:N", STEP, alt.Tooltip("shown:Q", title="capsules", format=".2f")]
    )
    curves = base.mark_line(strokeWidth=1.8).encode(strokeDash=arm_dash(arms))
    return sized(line_at("y", capsules(exposure)), curves, dots.add_params(picked, menu, zoomed()))
