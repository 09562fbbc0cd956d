"""Chart of section 3.2: two t-SNE maps side by side, coloured by the shift of the moving digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from capsnet_study.common.sizes import MAX_SHIFT
from capsnet_study.explorer.pieces import chart_of, menu
from capsnet_study.explorer.points import Row, map_rows
from capsnet_study.explorer.sprites import SHIFTS
from capsnet_study.figures.maps import offset_colours, pair_title
from capsnet_study.names import MODEL_NAMES

SIDE, KEY_SIDE = 270, 110
VIEWS = ("left", "right", "key")
UNDER_MOUSE = [  # each has its offsets in lists
    f"mouse_{view}.dr ? {{dr: mouse_{view}.dr[0], dc: mouse_{view}.dc[0]}}" for view in VIEWS
]
SHOWN_SHIFT = " : ".join([*UNDER_MOUSE, "{dr: row, dc: column}"])  # else that of the sliders
COLOURINGS = {"row and column": (1, 1), "row": (1, 0), "column": (0, 1)}  # which offsets count


def maps_chart(
    maps: pd.DataFrame,
    sheets: Mapping[str, str],
    pairs: Sequence[str],
    models: Sequence[str],
) -> alt.HConcatChart:
    """Maps of one digit pair by two models, an image of it, and the key to the colours.

    One shift stands out in both maps and in the key, and the image is that of this shift: that
    under the mouse, else that of the sliders.

    Parameters
    ----------
    maps : DataFrame
        `plots/manifold_maps.csv`: model, pair, dr, dc, x, y.
    sheets : mapping of str to str
        By pair, the address of a picture of its images, as `sprites.sheets` returns it.
    pairs, models : sequences of str
        What is shown at first: the first of these pairs and the first two of these models.
    """
    rows, dr, dc = map_rows(maps)
    data = alt.InlineData(values=rows)
    side = alt.vconcat(_image(sheets), _key(), spacing=12)
    panels = [_panel(data, "left"), _panel(data, "right"), side]
    shared = [
        alt.param(name="shifts", value=_shifts(dr, dc)),
        *_menus(rows, pairs, models),
        *(_slider(name, f"{name} offset") for name in ("row", "column")),
        alt.param(name="at", expr=SHOWN_SHIFT),
    ]
    return alt.hconcat(*panels, spacing=16).add_params(*shared)


def _menus(rows: Sequence[Row], pairs: Sequence[str], models: Sequence[str]) -> list[alt.Parameter]:
    titles = {row["pair"]: pair_title(row["pair"]) for row in rows}
    names = {row["model"]: MODEL_NAMES[row["model"]] for row in rows}
    pair = next(one for one in (*pairs, *titles) if one in titles)
    left, right, *_ = [*dict.fromkeys(one for one in (*models, *names) if one in names)] * 2
    colourings = {name: f"{name} offset" for name in COLOURINGS}
    return [
        menu("left", "left map", names, left),
        menu("right", "right map", names, right),
        menu("pair", "digits", titles, pair),
        menu("colouring", "coloured by", colourings, "row and column"),
    ]


def _slider(name: str, title: str) -> alt.Parameter:
    """An offset to look at without a mouse."""
    slider = alt.binding_range(min=-MAX_SHIFT, max=MAX_SHIFT, step=1, name=f"{title} ")
    return alt.param(name=name, value=0, bind=slider)


def _image(sheets: Mapping[str, str]) -> alt.Chart:
    """The part of the picture of all images that is the image of the shift shown."""
    rows = [{"pair": pair, "sheet": sheet} for pair, sheet in sheets.items()]
    image = chart_of(rows).transform_filter("datum.pair == pair").mark_image(
        clip=True, align="left", baseline="top", width=SHIFTS * KEY_SIDE, height=SHIFTS * KEY_SIDE,
        x=alt.expr(f"-{KEY_SIDE} * (at.dc + {MAX_SHIFT})"),
        y=alt.expr(f"-{KEY_SIDE} * (at.dr + {MAX_SHIFT})"),
    )  # fmt: skip
    title = alt.TitleParams("its image", fontSize=12)
    return image.encode(url="sheet:N").properties(width=KEY_SIDE, height=KEY_SIDE, title=title)


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
        size=_where_shown(170.0, 44.0), **_marked()
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
        "strokeWidth": _where_shown(1.5, 0.0),
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


def _where_shown(value: float, otherwise: float) -> dict[str, Any]:
    """Return a value for the shift that stands out, and one for all others."""
    shown = "datum.dr == at.dr && datum.dc == at.dc"
    return {"condition": {"test": shown, "value": value}, "value": otherwise}
