"""Charts of other settings: the study again with something changed, verdict by verdict."""

from __future__ import annotations

import altair as alt

from capsnet_study.claims.records import Claims
from capsnet_study.claims.words import number
from capsnet_study.explorer.pieces import READ, chart_of, line_at, menu, scale_of
from capsnet_study.explorer.points import Row
from capsnet_study.figures.forest import OUTCOME_LOOKS
from capsnet_study.settings.results import PooledEffect, SettingsResults
from capsnet_study.stats import Interval

CELL, WIDTH, ROW = 26, 440, 26  # pixels
SIGNS = {"reproduced": "✓", "contradicted": "✗", "inconclusive": "?", "not evaluated": "–"}
UNKNOWN = "#e4e4e4"  # of what was not evaluated, paler than what is inconclusive
POINTS = "difference in exact match (points)"
POOLED = "all settings"


def verdicts_chart(results: SettingsResults, claims: Claims) -> alt.LayerChart:
    """Return the verdict on every claim in every setting, by colour and sign.

    Parameters
    ----------
    results : SettingsResults
    claims : mapping of str to JudgedClaim
        For the titles of claims.
    """
    rows = verdict_rows(results, claims)
    colours = [look.colour for look in OUTCOME_LOOKS.values()]
    cells = chart_of(rows).encode(
        x=alt.X("claim:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("setting:N", sort=None, title=None),
        tooltip=[
            "setting:N",
            "changed:N",
            alt.Tooltip("title:N", title="claim"),
            "verdict:N",
            alt.Tooltip("conservative:N", title="by conservative intervals"),
        ],
    )
    squares = cells.mark_rect(stroke="white", opacity=0.75).encode(
        color=alt.Color("verdict:N", scale=scale_of([*OUTCOME_LOOKS], [*colours[:-1], UNKNOWN]),
                        legend=alt.Legend(orient="bottom", title=None)),
    )  # fmt: skip
    signs = cells.mark_text(fontSize=13).encode(text="sign:N")
    return alt.layer(squares, signs).properties(width=alt.Step(CELL), height=alt.Step(CELL))


def verdict_rows(results: SettingsResults, claims: Claims) -> list[Row]:
    """Return one row per setting and claim."""
    return [
        {
            "setting": setting.title,
            "changed": setting.changed,
            "claim": id,
            "title": f"{id} {claims[id].title}" if id in claims else id,
            "verdict": judged.verdict,
            "conservative": judged.conservative,
            "sign": SIGNS[judged.verdict],
        }
        for setting in results.settings.values()
        for id, judged in setting.claims.items()
    ]


def effects_chart(results: SettingsResults) -> alt.LayerChart:
    """Return one effect in every setting and over all settings, with intervals."""
    rows = effect_rows(results)
    titles = {name: effect.title for name, effect in results.effects.items()}
    base = (
        chart_of(rows)
        .transform_filter("datum.effect == effect")
        .encode(
            y=alt.Y("setting:N", sort=None, title=None, axis=alt.Axis(grid=True)),
            tooltip=["setting:N", READ],
        )
    )
    reach = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q", title=POINTS), x2="high:Q")
    together = alt.condition("datum.pooled", alt.value("diamond"), alt.value("circle"))
    means = base.mark_point(size=80, filled=True, opacity=1, color="#0072b2").encode(
        x=alt.X("mean:Q", title=POINTS, scale=alt.Scale(padding=14)), shape=together
    )
    chosen = menu("effect", "effect", titles, next(iter(titles), ""))
    layers = alt.layer(line_at("x", 0), reach, means.add_params(chosen))
    return layers.properties(width=WIDTH, height=alt.Step(ROW))


def effect_rows(results: SettingsResults) -> list[Row]:
    """Return one row per effect and setting, in points, and one for all settings if several."""
    rows = []
    for name, effect in results.effects.items():
        for key, setting in results.settings.items():
            if key in effect.settings:
                place = {"effect": name, "setting": setting.title, "pooled": False}
                rows.append(place | _spread(effect.settings[key]))
        if effect.pooled is not None:
            place = {"effect": name, "setting": POOLED, "pooled": True}
            rows.append(place | _spread(effect.pooled))
    return rows


def _spread(effect: Interval | PooledEffect) -> Row:
    """Return mean and interval in points, and both in words; one trial has no interval."""
    low, high = (effect.mean if end is None else end for end in (effect.low, effect.high))
    mean, *ends = (number(value, "points") for value in (effect.mean, low, high))
    words = f"{mean} points [{ends[0]}, {ends[1]}]"
    if effect.low is None:
        words = f"{mean} points (one trial)"
    elif isinstance(effect, Interval):
        words += f" (n = {effect.n})"
    numbers = {"mean": effect.mean, "low": low, "high": high}
    return {name: round(100 * value, 3) for name, value in numbers.items()} | {"words": words}
