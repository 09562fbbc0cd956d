"""Charts of other settings: the study again with something changed, verdict by verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from capsnet_study.claims.words import number
from capsnet_study.explorer.pieces import READ, chart_of, line_at, menu, scale_of
from capsnet_study.explorer.points import Row
from capsnet_study.figures.forest import OUTCOME_LOOKS

Settings = Mapping[str, Any]

CELL, WIDTH, ROW = 26, 440, 26  # pixels
SIGNS = {"reproduced": "✓", "contradicted": "✗", "inconclusive": "?", "not evaluated": "–"}
UNKNOWN = "#e4e4e4"  # of what was not evaluated, paler than what is inconclusive
POINTS = "difference in exact match (points)"
POOLED = "all settings"


def verdicts_chart(settings: Settings, claims: Mapping[str, Mapping[str, Any]]) -> alt.LayerChart:
    """The verdict on every claim in every setting, by colour and sign.

    Parameters
    ----------
    settings : mapping
        `metrics/settings.json`: by setting, its title, what is changed in it, and verdicts.
    claims : mapping
        `metrics/claims.json`, for the titles of claims.
    """
    rows = verdict_rows(settings, claims)
    colours = [look.colour for look in OUTCOME_LOOKS.values()]
    cells = chart_of(rows).encode(
        x=alt.X("claim:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("setting:N", sort=None, title=None),
        tooltip=[
            "setting:N",
            "changed:N",
            alt.Tooltip("title:N", title="claim"),
            "verdict:N",
            alt.Tooltip("cautious:N", title="by cautious intervals"),
        ],
    )
    squares = cells.mark_rect(stroke="white", opacity=0.75).encode(
        color=alt.Color("verdict:N", scale=scale_of([*OUTCOME_LOOKS], [*colours[:-1], UNKNOWN]),
                        legend=alt.Legend(orient="bottom", title=None)),
    )  # fmt: skip
    signs = cells.mark_text(fontSize=13).encode(text="sign:N")
    return alt.layer(squares, signs).properties(width=alt.Step(CELL), height=alt.Step(CELL))


def verdict_rows(settings: Settings, claims: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return one row a setting and claim."""
    return [
        {
            "setting": setting["title"],
            "changed": setting["changed"],
            "claim": id,
            "title": f"{id} {claims[id]['title']}" if id in claims else id,
            "verdict": found["verdict"],
            "cautious": found["cautious"],
            "sign": SIGNS.get(found["verdict"], "?"),
        }
        for setting in settings["settings"].values()
        for id, found in setting["claims"].items()
    ]


def effects_chart(settings: Settings) -> alt.LayerChart:
    """One effect in every setting and over all settings, with intervals.

    Parameters
    ----------
    settings : mapping
        `metrics/settings.json`: by effect, a difference in exact match, its title, and mean, low
        and high by setting, and pooled.
    """
    rows = effect_rows(settings)
    titles = {name: effect["title"] for name, effect in settings["effects"].items()}
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


def effect_rows(settings: Settings) -> list[Row]:
    """Return one row an effect and setting, in points, and one for all settings if several."""
    rows = []
    for name, effect in settings["effects"].items():
        found = [
            (setting["title"], effect["settings"][key])
            for key, setting in settings["settings"].items()
            if key in effect["settings"]
        ]
        if effect["pooled"]["mean"] is not None:
            found.append((POOLED, effect["pooled"]))
        for title, one in found:
            place = {"effect": name, "setting": title, "pooled": title == POOLED}
            rows.append(place | _spread(one))
    return rows


def _spread(found: Mapping[str, Any]) -> Row:
    """Mean and interval in points, and both in words; a single value has no interval."""
    mean, low, high = (found[name] for name in ("mean", "low", "high"))
    trials = f" (n = {found['n']})" if "n" in found else ""
    ends = [number(end, "points") for end in (mean, low, high)]
    words = f"{ends[0]} points [{ends[1]}, {ends[2]}]{trials}"
    if low is None:
        low, high, words = mean, mean, f"{ends[0]} points (one trial)"
    numbers = {"mean": mean, "low": low, "high": high}
    return {name: round(100 * value, 3) for name, value in numbers.items()} | {"words": words}
