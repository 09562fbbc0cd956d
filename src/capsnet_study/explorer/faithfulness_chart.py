"""Chart of section 3.2: how faithful each model is, by the measure chosen."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.claims.tables import series_of
from capsnet_study.explorer.pieces import READ, chart_of, menu, model_scales
from capsnet_study.explorer.points import Row
from capsnet_study.figures.maps import pair_title
from capsnet_study.figures.style import MODEL_LOOKS, NOTE_COLOUR
from capsnet_study.names import (
    CHAMFER,
    FAITHFULNESS,
    MEASURES,
    MODEL_NAMES,
    NULL_NAMES,
    RAW_FAITHFULNESS,
)

Nulls = Mapping[str, Mapping[str, Mapping[str, float]]]

WIDTH, ROW = 460, 25  # pixels
ALL_MEASURES = (*FAITHFULNESS, *CHAMFER, *RAW_FAITHFULNESS)


def faithfulness_chart(table: pd.DataFrame, nulls: Nulls) -> alt.LayerChart:
    """Mean and interval of every model, a tick for each digit pair, and what null maps give.

    Parameters
    ----------
    table : DataFrame
        `plots/manifold.csv`: one row per model, trial and pair.
    nulls : mapping
        The record "nulls" of `metrics/manifold.json`: by measure and kind of map, mean, low and
        high.
    """
    measures = [measure for measure in ALL_MEASURES if measure in table]
    titles = {one: f"{MEASURES[one].name} ({MEASURES[one].better} is better)" for one in measures}
    models, rows = _models(table), measure_rows(table, nulls)
    order = list(dict.fromkeys(row["name"] for row in rows))
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(grid=True))
    x = alt.X("mean:Q", title=None, scale=alt.Scale(zero=False, padding=8, nice=False))
    colours, shapes = model_scales(models)
    of_pairs = chart_of(pair_rows(table)).transform_calculate(value="datum[measure]")
    ticks = of_pairs.transform_filter("isValid(datum.value)").mark_tick(opacity=0.35).encode(
        x=alt.X("value:Q", title=None), y=y, color=alt.Color("name:N", scale=colours, legend=None),
        tooltip=[alt.Tooltip("name:N", title="model"), alt.Tooltip("pair:N", title="digits"),
                 alt.Tooltip("value:Q", title="mean over trials", format=".4f")],
    )  # fmt: skip
    base = chart_of(rows).transform_filter("datum.measure == measure").encode(y=y)
    reach = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=None), x2="high:Q")
    shape = alt.condition(
        "datum.null", alt.value("square"), alt.Shape("name:N", scale=shapes, legend=None)
    )
    colour = alt.condition(
        "datum.null", alt.value(NOTE_COLOUR), alt.Color("name:N", scale=colours, legend=None)
    )
    means = base.mark_point(size=80, filled=True, opacity=1).encode(
        x=x, shape=shape, color=colour,
        tooltip=[alt.Tooltip("name:N", title="model or map"), READ],
    )  # fmt: skip
    chosen = menu("measure", "measure", titles, next(iter(titles), ""))
    layers = alt.layer(ticks, reach, means.add_params(chosen))
    return layers.properties(width=WIDTH, height=alt.Step(ROW))


def measure_rows(table: pd.DataFrame, nulls: Nulls) -> list[Row]:
    """Return mean and conservative 95 % interval by measure and model, and null maps below them."""
    rows = []
    for measure in [measure for measure in ALL_MEASURES if measure in table]:
        for model in _models(table):
            values = series_of("manifold", table, model, measure).dropna()
            if len(values):
                found = conservative_interval(values)
                low, high = (found.mean if end is None else end for end in (found.low, found.high))
                said = f"(n = {found.n}: pairs × trials)"
                rows.append(_row(measure, MODEL_NAMES[model], (low, found.mean, high), said))
        for kind, band in nulls.get(measure, {}).items():
            ends = band["low"], band["mean"], band["high"]
            rows.append(_row(measure, NULL_NAMES[kind], ends, "of its draws", null=True))
    return rows


def pair_rows(table: pd.DataFrame) -> list[Row]:
    """Return one row a model and digit pair: every measure, its mean over trials."""
    measures = [measure for measure in ALL_MEASURES if measure in table]
    means = table.groupby(["model", "pair"], sort=False)[measures].mean()
    return [
        {"name": MODEL_NAMES[model], "pair": pair_title(pair)}
        | {name: round(value, 4) for name, value in values.dropna().items()}
        for (model, pair), values in means.iterrows()
    ]


def _models(table: pd.DataFrame) -> list[str]:
    return [model for model in MODEL_LOOKS if (table["model"] == model).any()]


def _row(
    measure: str, name: str, ends: tuple[float, float, float], said: str, null: bool = False
) -> Row:
    low, mean, high = (round(end, 5) for end in ends)
    words = f"{mean:.4f} [{low:.4f}, {high:.4f}] {said}".replace("-", "−")
    place = {"measure": measure, "name": name, "null": null}
    return place | {"low": low, "mean": mean, "high": high, "words": words}
