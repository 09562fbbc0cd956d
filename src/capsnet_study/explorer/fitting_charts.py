"""Charts of section 3.1: accuracy over training, and entropy against accuracy.

Parameters have names of their own: those that Altair makes up count on from chart to chart, and
the page would not be the same each time.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from capsnet_study.explorer.points import ENTROPIES, Row, curve_rows, trajectory_rows
from capsnet_study.figures.arms import shown_arms
from capsnet_study.figures.step_axes import log_ticks, root_ticks
from capsnet_study.figures.style import Look, arm_look
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arms, capsule_arms

WIDTH, HEIGHT = 540, 350
EXACT_MATCH = "exact match on test images"
PERCENT = "format(100 * datum.value, '~r') + ' %'"


def curves_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Exact match against steps: an arm a line with a band of one s.d., chosen in the legend.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    rows, arms = curve_rows(table), shown_arms(table)
    picked = picked_arms()
    base = alt.Chart(alt.InlineData(values=rows)).transform_filter(picked)
    base = base.encode(x=step_scale(rows), color=arm_colour(arms))
    percent = alt.Y("mean:Q", title=EXACT_MATCH, axis=alt.Axis(labelExpr=PERCENT))
    line = base.encode(y=percent)
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=EXACT_MATCH), y2="high:Q")
    dots = line.mark_circle(size=36, opacity=1).encode(
        tooltip=[
            alt.Tooltip("arm:N"),
            alt.Tooltip("step:Q", format=","),
            alt.Tooltip("reached:N", title="exact match"),
        ]
    )
    curves = line.mark_line(strokeWidth=1.8).encode(strokeDash=arm_dash(arms))
    return sized(band, curves, dots.add_params(picked))


def trajectories_chart(table: pd.DataFrame) -> alt.LayerChart:
    """H / log J of R1 or R2 against exact match: an arm a curve, dots that grow with training.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`, as for `curves_chart`.
    """
    rows, arms = trajectory_rows(table), capsule_arms(shown_arms(table))
    picked = picked_arms()
    couplings = alt.binding_radio(options=list(ENTROPIES), name="couplings of ")
    layer = alt.param(name="layer", value="R1", bind=couplings)
    base = alt.Chart(alt.InlineData(values=rows)).transform_filter(picked)
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
            alt.Tooltip("arm:N"),
            alt.Tooltip("step:Q", format=","),
            alt.Tooltip("reached:N", title="exact match"),
            *(alt.Tooltip(f"{name}:Q", title=f"H / log J of {name}") for name in ENTROPIES),
        ],
    )
    return sized(paths, dots.add_params(picked, layer))


def sized(*layers: alt.Chart) -> alt.LayerChart:
    """Layers of the size that all charts over training have."""
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def picked_arms() -> alt.Parameter:
    """Arms clicked in the legend; all of them at first, and after a click elsewhere."""
    return alt.selection_point(name="picked", fields=["arm"], bind="legend")


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
    words = f"logarithmic from {first:,} on" if logarithmic else "square root"
    return alt.X(
        "step:Q",
        title=f"training steps (mini-batches; {words})",
        scale=alt.Scale(type=kind, domain=[0, last], **constant),
        axis=alt.Axis(values=ticks, grid=False, labelExpr="format(datum.value, ',')"),
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
    colours = [arm_look(arm).colour for arm in arms.values()]
    return alt.Color("arm:N", scale=alt.Scale(domain=_labels(arms), range=colours), legend=legend)


def arm_dash(arms: Arms) -> alt.StrokeDash:
    dashes = [_pixels(arm_look(arm)) for arm in arms.values()]
    return alt.StrokeDash(
        "arm:N", title="arms", scale=alt.Scale(domain=_labels(arms), range=dashes)
    )


def _labels(arms: Arms) -> list[str]:
    return [arm_name(arm) for arm in arms.values()]


def _pixels(look: Look) -> list[float]:
    """Return a dash pattern of the figures, whose unit is the width of the line, in pixels."""
    return [1.0, 0.0] if isinstance(look.line, str) else [2.0 * length for length in look.line[1]]
