"""Chart of section 3.3: what models reach after transfer, paired by split and direction."""

from __future__ import annotations

import altair as alt
import pandas as pd

from capsnet_study.explorer.pieces import (
    HEIGHT,
    PERCENT,
    alike,
    buttons,
    chart_of,
    menu,
    model_scales,
)
from capsnet_study.explorer.points import Row
from capsnet_study.names import MAIN_MODELS, MODEL_NAMES, SCHEMES

WIDTH = 400  # pixels
FIRST_SHOWN = "A1B"
PERCENT_OR_POINTS = f"mode == 'drop' ? format(100 * datum.value, '~r') + ' points' : {PERCENT}"


def transfer_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Exact match, or the drop from base, of each model: a line joins those of one unit.

    A unit is a split of the digit pairs in one direction.

    Parameters
    ----------
    table : DataFrame
        `plots/transfer_<model>.csv` of all models, one below the other.
    """
    rows = transfer_rows(table)
    models = [model for model in MAIN_MODELS if (table["model"] == model).any()]
    schemes = [scheme for scheme in SCHEMES if (table["scheme"] == scheme).any()]
    first = FIRST_SHOWN if FIRST_SHOWN in schemes else next(iter(schemes), "")
    chosen = [
        menu("scheme", "scheme", alike(schemes), first),
        buttons("mode", "shown:", {"match": "exact match", "drop": "drop from base"}),
    ]
    colours, shapes = model_scales(models)
    base = chart_of(rows).transform_filter("datum.scheme == scheme")
    base = base.transform_calculate(shown="datum[mode]").transform_filter("isValid(datum.shown)")
    names = alt.Axis(labelAngle=0, labelFontSize=12)
    base = base.encode(
        x=alt.X("model:N", sort=[MODEL_NAMES[model] for model in models], title=None, axis=names),
        y=alt.Y("shown:Q", title="on the target domain", scale=alt.Scale(zero=False),
                axis=alt.Axis(labelExpr=PERCENT_OR_POINTS)),
    )  # fmt: skip
    pairs = base.mark_line(color="#9a9a9a", strokeWidth=1).encode(
        detail="unit:N", strokeDash=alt.StrokeDash("direction:N", title="direction")
    )
    dots = base.mark_point(size=60, filled=True, opacity=1).encode(
        color=alt.Color("model:N", scale=colours, legend=None),
        shape=alt.Shape("model:N", scale=shapes, legend=None),
        tooltip=["unit:N", "model:N", alt.Tooltip("match:Q", title="exact match", format=".1%"),
                 alt.Tooltip("words:N", title="drop from base")],
    )  # fmt: skip
    means = base.mark_tick(thickness=2.5, size=60, color="black").encode(y="mean(shown):Q")
    layers = alt.layer(pairs, means, dots.add_params(*chosen))
    return layers.properties(width=WIDTH, height=HEIGHT)


def transfer_rows(table: pd.DataFrame) -> list[Row]:
    """Return one row a model, unit and scheme: exact match, and the drop from base of that unit."""
    place = ["model", "split", "direction"]
    bases = table.loc[table["scheme"] == "base"].set_index(place)["exact_match"]
    table = table.join(bases.rename("base"), on=place)
    rows = []
    for cell in table.loc[table["model"].isin(MAIN_MODELS)].itertuples():
        direction = " to ".join(cell.direction)
        row = {"model": MODEL_NAMES[cell.model], "scheme": cell.scheme, "direction": direction}
        row |= {"unit": f"split {cell.split}, {direction}", "match": round(cell.exact_match, 5)}
        if pd.notna(cell.base):
            drop = cell.base - cell.exact_match
            row |= {"drop": round(drop, 5), "words": f"{100 * drop:+.1f} points".replace("-", "−")}
        rows.append(row)
    return rows
