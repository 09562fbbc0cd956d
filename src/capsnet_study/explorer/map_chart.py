"""Chart of section 3.2: two t-SNE maps side by side, coloured by the shift of the moving digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from capsnet_study.common.sizes import MAX_SHIFT
from capsnet_study.explorer.points import Row, map_rows
from capsnet_study.figures.maps import offset_colours, pair_title
from capsnet_study.names import MODEL_NAMES

SIDE, KEY_SIDE = 270, 110
COLOURINGS = {"row and column": (1, 1), "row": (1, 0), "column": (0, 1)}  # which offsets count


def maps_chart(maps: pd.DataFrame, pairs: Sequence[str], models: Sequence[str]) -> alt.HConcatChart:
    """Maps of one digit pair by two models, and the key to their colours.

    A shift stands out in both maps and in the key while the mouse is on it in one of them.

    Parameters
    ----------
    maps : DataFrame
        `plots/manifold_maps.csv`: model, pair, dr, dc, x, y.
    pairs, models : sequences of str
        What is shown at first: the first of these pairs and the first two of these models.
    """
    rows, dr, dc = map_rows(maps)
    data = alt.InlineData(values=rows)
    panels = [_panel(data, "left"), _panel(data, "right"), _key()]
    shifts = alt.param(name="shifts", value=_shifts(dr, dc))
    return alt.hconcat(*panels, spacing=16).add_params(shifts, *_menus(rows, pairs, models))


def _menus(rows: Sequence[Row], pairs: Sequence[str], models: Sequence[str]) -> list[alt.Parameter]:
    titles = {row["pair"]: pair_title(row["pair"]) for row in rows}
    names = {row["model"]: MODEL_NAMES[row["model"]] for row in rows}
    pair = next(one for one in (*pairs, *titles) if one in titles)
    left, right, *_ = [*dict.fromkeys(one for one in (*models, *names) if one in names)] * 2
    colourings = {name: f"{name} offset" for name in COLOURINGS}
    return [
        _menu("left", "left map", names, left),
        _menu("right", "right map", names, right),
        _menu("pair", "digits", titles, pair),
        _menu("colouring", "coloured by", colourings, "row and column"),
    ]


def _menu(name: str, title: str, options: dict[str, str], start: str) -> alt.Parameter:
    """Return a parameter with a drop-down menu of its values, each as it reads."""
    menu = alt.binding_select(
        options=list(options), labels=list(options.values()), name=f"{title} "
    )
    return alt.param(name=name, value=start, bind=menu)


def _shifts(dr: Sequence[int], dc: Sequence[int]) -> dict[str, Any]:
    """Return what all maps share: offsets, their colours by what is coloured, names of models."""
    offsets = np.stack([dr, dc], axis=1)
    colours = {
        name: [to_hex(colour) for colour in offset_colours(offsets * np.array(counts))]
        for name, counts in COLOURINGS.items()
    }
    return {"dr": list(dr), "dc": list(dc), "colours": colours, "names": MODEL_NAMES}


def _panel(data: alt.InlineData, side: str) -> alt.LayerChart:
    """The map that the menus choose: its points, and lines between neighbours in the grid."""
    chosen = alt.Chart(data).transform_filter(f"datum.pair == pair && datum.model == {side}")
    square = alt.Scale(domain=[-1.06, 1.06])
    points = _flat(chosen, "x", "y").encode(
        x=alt.X("x:Q", axis=None, scale=square), y=alt.Y("y:Q", axis=None, scale=square)
    )
    lines = [
        points.mark_line(strokeWidth=0.8, color=colour).encode(
            detail=f"{line}:N", order=f"{along}:Q"
        )
        for line, along, colour in (("dr", "dc", "#8c8c8c"), ("dc", "dr", "#c9c9c9"))
    ]
    dots = points.mark_circle(opacity=1, stroke="black").encode(
        size=_where_mouse(170.0, 44.0), **_marked()
    )
    title = alt.TitleParams(alt.expr(f"shifts.names[{side}]"), fontSize=12)
    layers = alt.layer(*lines, dots.add_params(_under_mouse(side)))
    return layers.properties(width=SIDE, height=SIDE, title=title)


def _key() -> alt.Chart:
    """The square of all offsets in their colours, rows downwards as in an image."""
    axis = alt.Axis(
        values=[-MAX_SHIFT, 0, MAX_SHIFT],
        labelAngle=0,
        labelExpr="datum.value ? format(datum.value, '+d') : '0'",
    )
    grid = _flat(alt.Chart(alt.InlineData(values=[{}]), width=KEY_SIDE, height=KEY_SIDE))
    squares = grid.mark_rect(stroke="black").encode(
        x=alt.X("dc:O", title="column offset (px)", axis=axis),
        y=alt.Y("dr:O", title="row offset (px)", axis=axis),
        **_marked(),
    )
    return squares.add_params(_under_mouse("key"))


def _flat(chart: alt.Chart, *coordinates: str) -> alt.Chart:
    """One row a point of the grid: its offsets, its colour and the coordinates given."""
    shared = {"dr": "shifts.dr", "dc": "shifts.dc", "colour": "shifts.colours[colouring]"}
    return chart.transform_calculate(**shared).transform_flatten([*coordinates, *shared])


def _marked() -> dict[str, Any]:
    """Encodings of points and of their key: colour, outline under the mouse, offsets in words."""
    return {
        "color": alt.Color("colour:N", scale=None),
        "strokeWidth": _where_mouse(1.5, 0.0),
        "tooltip": [
            alt.Tooltip("dr:Q", title="row offset (px)", format="+d"),
            alt.Tooltip("dc:Q", title="column offset (px)", format="+d"),
        ],
    }


def _under_mouse(view: str) -> alt.Parameter:
    """The shift that the mouse is on in one of the views; none at first."""
    return alt.selection_point(
        name=f"mouse_{view}", fields=["dr", "dc"], on="pointerover", clear="pointerout"
    )


def _where_mouse(value: float, otherwise: float) -> dict[str, Any]:
    """Return a value for the shift that the mouse is on in any view, and one for all others."""
    views = [{"param": f"mouse_{view}", "empty": False} for view in ("left", "right", "key")]
    return {"condition": {"test": {"or": views}, "value": value}, "value": otherwise}
