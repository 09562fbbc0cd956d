"""The charts, one function each: the tidy table of `tables.py` in, an Altair chart out.

The description of a chart tells readers what is drawn and how to use it.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from capsnet_study.common.sizes import MAX_SHIFT
from capsnet_study.figures.style import arm_look
from capsnet_study.names import MODEL_NAMES, arm_name
from capsnet_study.page.tables import ALONE, DIFFERENCE, MEASURES, POOLED
from capsnet_study.training.arms import Arms, eta_arms, n_iter_arms

LOOK = {
    "font": "system-ui, sans-serif",
    "background": "white",
    "axis": {"gridColor": "#e6e6e6", "labelFontSize": 12, "titleFontSize": 12},
    "legend": {"labelFontSize": 12},
    "title": {"anchor": "start", "fontSize": 14, "fontWeight": "normal"},
}
MAP_SIDE, SIDE = 250, 110  # pixels: of a map, and of the key and the image
WIDE = {
    "width": "container",
    "height": 350,
    "autosize": {"type": "fit-x", "contains": "padding", "resize": True},
}
IS_SHOWN = "datum.dr == at.dr && datum.dc == at.dc"


def curves_chart(table: pd.DataFrame, arms: Arms) -> alt.LayerChart:
    """Return the learning curves of the arms chosen, or their differences from n = 3."""
    members = _members(arms)
    looks = [arm_look(arm) for arm in arms.values()]
    dashes = [[1, 0] if look.line == "-" else [2 * part for part in look.line[1]] for look in looks]
    legend = alt.Legend(
        orient="bottom", title=None, values=alt.expr("members[arms]"), labelLimit=200,
        columns=alt.expr("width < 450 ? 2 : 4"), symbolType="stroke", symbolSize=400,
        symbolOpacity=1,
    )  # fmt: skip
    base = (
        alt.Chart(table)
        .transform_filter("datum.measure == measure && datum.view == view")
        .transform_filter("indexof(members[arms], datum.arm) >= 0")
        .encode(
            x=alt.X("step:Q", title="training steps (square-root scale)")
            .scale(type="sqrt")
            .axis(tickCount=5),
            y=alt.Y("mean:Q", title=None).scale(zero=False),
            color=alt.Color("arm:N", legend=legend).scale(
                domain=members["all"], range=[look.colour for look in looks]
            ),
        )
    )
    dash = alt.StrokeDash("arm:N", legend=legend).scale(domain=members["all"], range=dashes)
    layers = [
        base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title=None), y2="high:Q"),
        base.mark_line(strokeWidth=1.8).encode(strokeDash=dash),
        base.mark_circle(size=30, opacity=1).encode(
            tooltip=["arm", "step", *_numbers(".4~r"), "trials"]
        ),
    ]
    return alt.layer(*layers).add_params(
        alt.param(name="members", value=members),
        _menu("arms", "arms", list(members)),
        _menu("measure", "measure", list(MEASURES)),
        _menu("view", "values", [ALONE, DIFFERENCE]),
    ).configure(**LOOK).properties(
        **WIDE,
        title=alt.TitleParams(alt.expr(f"measure + (view == '{DIFFERENCE}' ? ': ' + view : '')")),
        description="Means over trials with bands of ± 1 s.d., or differences paired by trial with "
        "95 % t intervals. Choose arms, measure and values above; point at a dot for its values.",
    )  # fmt: skip


def _members(arms: Arms) -> dict[str, list[str]]:
    """Return the names of arms by what the menu calls them: groups, then each arm alone."""
    groups = {"number of iterations": n_iter_arms(arms), "update rate": eta_arms(arms), "all": arms}
    groups |= {arm_name(arm): {key: arm} for key, arm in arms.items()}
    return {title: [arm_name(arm) for arm in group.values()] for title, group in groups.items()}


def maps_chart(table: pd.DataFrame, images: pd.DataFrame | None) -> alt.VConcatChart:
    """Return the maps of the digit pair chosen, and the image of the shift pointed at, if known."""
    models, pairs = (table[name].unique().tolist() for name in ("model", "pair"))
    points = alt.Chart(table).transform_filter("datum.pair == pair")
    panels = {model: points.transform_filter(f"datum.model == '{model}'") for model in models}
    maps = [_map(panel, model) for model, panel in panels.items()]
    between = [_key(panels[models[0]])] + ([] if images is None else [_image(images)])
    rows = [alt.hconcat(*charts) for charts in (maps[:2], between, maps[2:])]
    words = table.pivot_table("words", "model", "pair", "first").to_dict()
    pointed = [
        f"hover_{one}.dr ? {{dr: hover_{one}.dr[0], dc: hover_{one}.dc[0]}}" for one in models
    ]
    shown = "its image and the same shift" if images is not None else "the same shift"
    return alt.vconcat(*rows).add_params(
        alt.param(name="words", value=words),
        _menu("pair", "digits (fixed-moving)", pairs),
        _slider("row"),
        _slider("column"),
        alt.param(name="at", expr=" : ".join([*pointed, "{dr: row, dc: column}"])),
    ).configure(**LOOK).properties(
        description="t-SNE maps, each of one trial, aligned with the grid of shifts; lines join "
        f"neighbours in the grid. Point at a dot, or move the sliders, to see {shown} in all maps.",
    )  # fmt: skip


def _map(points: alt.Chart, model: str) -> alt.LayerChart:
    """Return one map: a point per shift, and lines between neighbours in the grid."""
    x, y = alt.X("x:Q", axis=None), alt.Y("y:Q", axis=None)
    places = points.encode(x=x.scale(domain=[-0.19, 0.19]), y=y.scale(domain=[-0.19, 0.19]))
    rows = places.mark_line(strokeWidth=0.8, color="#8c8c8c").encode(detail="dr:N", order="dc:Q")
    columns = places.mark_line(strokeWidth=0.8, color="#c9c9c9").encode(detail="dc:N", order="dr:Q")
    dots = _marked(places.mark_circle(opacity=1, stroke="black")).encode(
        size=alt.condition(IS_SHOWN, alt.value(170), alt.value(45))
    )
    hover = alt.selection_point(
        name=f"hover_{model}",
        fields=["dr", "dc"],
        on="pointerover",
        clear="pointerout",
        nearest=True,
    )
    title = alt.TitleParams(alt.expr(f"['{MODEL_NAMES[model]}', words[pair].{model}]"))
    layers = alt.layer(rows, columns, dots.add_params(hover))
    return layers.properties(width=MAP_SIDE, height=MAP_SIDE, title=title)


def _key(points: alt.Chart) -> alt.Chart:
    """Return the grid of shifts in its colours, rows downwards as in an image."""
    axis = alt.Axis(values=[-MAX_SHIFT, 0, MAX_SHIFT], labelAngle=0, format="d")
    x, y = alt.X("dc:O", axis=axis, title="column"), alt.Y("dr:O", axis=axis, title="row")
    squares = _marked(points.mark_rect(stroke="black").encode(x=x, y=y))
    return squares.properties(width=SIDE, height=SIDE, title="shift (pixels)")


def _marked(points: alt.Chart) -> alt.Chart:
    """Return points in the colours of shifts, the one that is shown with an outline."""
    return points.encode(
        color=alt.Color("colour:N", scale=None),
        strokeWidth=alt.condition(IS_SHOWN, alt.value(1.5), alt.value(0)),
    )


def _image(images: pd.DataFrame) -> alt.Chart:
    """Return the image of the shift that is shown."""
    shown = alt.Chart(images).transform_filter(f"datum.pair == pair && {IS_SHOWN}")
    mark = shown.mark_image(width=SIDE, height=SIDE, x=SIDE / 2, y=SIDE / 2).encode(url="image:N")
    return mark.properties(width=SIDE, height=SIDE, title="image")


def effects_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Return a forest plot of the effect chosen: each setting, and all of them pooled."""
    is_pooled = f"datum.setting == '{POOLED}'"
    base = (
        alt.Chart(table)
        .transform_filter("datum.effect == effect")
        .encode(
            x=alt.X("mean:Q", title="points of exact match").scale(padding=14),
            y=alt.Y("setting:N", title=None, sort=None).axis(grid=True),
            color=alt.condition(is_pooled, alt.value("#d55e00"), alt.value("#0072b2")),
            tooltip=["setting", "changed", *_numbers("+.2f"), "trials"],
        )
    )
    zero = alt.Chart().mark_rule(strokeDash=[2, 3]).encode(x=alt.datum(0))
    reach = base.mark_rule(strokeWidth=1.8).encode(x="low:Q", x2="high:Q")
    shape = alt.condition(is_pooled, alt.value("diamond"), alt.value("circle"))
    means = base.mark_point(size=80, filled=True, opacity=1).encode(shape=shape)
    return alt.layer(zero, reach, means).add_params(
        _menu("effect", "effect", table["effect"].unique().tolist())
    ).configure(**LOOK).properties(
        **WIDE,
        description="Means and 95 % t intervals over trials in each setting, and pooled by a mixed "
        "model. Choose the effect above; point at a dot for its values and the setting's changes.",
    )  # fmt: skip


def _numbers(form: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:Q", format=form) for name in ("mean", "low", "high")]


def _menu(name: str, title: str, values: Sequence[str]) -> alt.Parameter:
    """Return a parameter with a drop-down menu, at first with the first of its values."""
    bound = alt.binding_select(options=values, name=f"{title} ")
    return alt.param(name=name, value=values[0], bind=bound)


def _slider(name: str) -> alt.Parameter:
    """Return a parameter with a slider over the rows or the columns of the grid of shifts."""
    bound = alt.binding_range(min=-MAX_SHIFT, max=MAX_SHIFT, step=1, name=f"{name} shift ")
    return alt.param(name=name, value=0, bind=bound)
