"""Chart of the claims: every part with its interval, beside the side it is expected on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from capsnet_study.claims.kinds import Kind, of_kind
from capsnet_study.claims.words import Part, words_of
from capsnet_study.explorer.pieces import SHAPES, alike, buttons, chart_of, line_at, scale_of
from capsnet_study.explorer.points import Row
from capsnet_study.figures.forest import EXPECTED_COLOUR, OUTCOME_LOOKS
from capsnet_study.figures.parts import describe_part
from capsnet_study.training.arms import arms_in

Claims = Mapping[str, Mapping[str, Any]]

WIDTH, ROW = 380, 19  # pixels
REACH = 1.06  # the end of a row, a little beyond its farthest number
KINDS: dict[Kind, str] = {"paper": "the paper", "mechanism": "causes"}


def claims_chart(claims: Claims, arms: pd.DataFrame) -> alt.LayerChart:
    """Every part of the claims on one group of questions: mean, interval and side expected.

    A row has a scale of its own, since parts differ in measure and in size a thousandfold.

    Parameters
    ----------
    claims : mapping
        `metrics/claims.json`.
    arms : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are called.
    """
    rows = claim_rows(claims, arms)
    groups = sorted({row["group"] for row in rows}, key=_order)
    base = chart_of(rows).transform_filter("datum.group == group").encode(
        y=alt.Y("row:N", sort=None, title=None,
                axis=alt.Axis(grid=True, labelPadding=6)),
        tooltip=[*(alt.Tooltip(f"{name}:N") for name in ("claim", "rule", "verdict")),
                 alt.Tooltip("what:N", title="part"),
                 alt.Tooltip("words:N", title="mean [95 % interval]"),
                 alt.Tooltip("outcome:N", title="its outcome")],
    )  # fmt: skip
    ends = alt.Scale(domain=[-REACH, REACH])
    axis = alt.Axis(values=[0], labels=False, title="below 0  |  above 0", grid=False)
    expected = base.mark_bar(color=EXPECTED_COLOUR, height=ROW - 3).encode(
        x=alt.X("from:Q", scale=ends, axis=axis), x2="to:Q"
    )
    reach = base.mark_rule(strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
    means = base.mark_point(size=70, filled=True, opacity=1).encode(
        x="mean:Q", color=alt.Color("outcome:N", scale=_looks("colour"), title="outcome"),
        shape=alt.Shape("outcome:N", scale=_looks("marker"), title="outcome"),
    )  # fmt: skip
    shown = buttons("group", "claims on", alike(groups))
    layers = alt.layer(expected, line_at("x", 0), reach, means.add_params(shown))
    return layers.properties(width=WIDTH, height=alt.Step(ROW))


def claim_rows(claims: Claims, arms: pd.DataFrame) -> list[Row]:
    """Return one row a part: the words of its claim, and its numbers as shares of its scale."""
    words = words_of(arms_in(arms))
    rows = []
    ordered = [item for kind in KINDS for item in of_kind(claims, kind).items()]
    for id, claim in ordered:
        group = f"{KINDS[claim.get('kind', 'paper')]}, {claim['section']}"
        about = {"group": group, "claim": f"{id} {claim['title']}"}
        about |= {"rule": claim["rule"], "verdict": claim["verdict"]}
        for number, part in enumerate(claim["parts"], start=1):
            cells = describe_part(part, words)
            told = {
                "row": f"{id}.{number} {cells.compared}, {cells.measure}",
                "what": f"{cells.measure}: {cells.compared}",
                "words": f"{cells.value} {cells.range} (n = {part['n']})".strip(),
                "outcome": part["outcome"],
            }
            rows.append(about | told | _scaled(part))
    return rows


def row_scale(part: Part) -> float:
    """What stands at the end of a row: 1 for a correlation, else the farthest of its numbers."""
    if "spearman" in (part["measure"] or "") or part["kind"] == "correlation":
        return 1.0
    numbers = [part[key] for key in ("mean", "low", "high", "bound") if part[key] is not None]
    return max(map(abs, numbers)) or 1.0


def _scaled(part: Part) -> Row:
    """Mean and interval of a part, and the side expected, in shares of its scale."""
    scale, bound = row_scale(part), part["bound"]
    sides = {"above": (bound, None), "below": (None, bound), "within": (-bound, bound)}
    low, high = sides[part["side"]]
    ends = {"from": -REACH if low is None else low / scale}
    ends |= {"to": REACH if high is None else high / scale}
    found = {name: part[name] for name in ("mean", "low", "high")}
    ends |= {name: None if value is None else value / scale for name, value in found.items()}
    return {name: None if value is None else round(value, 4) for name, value in ends.items()}


def _order(group: str) -> tuple[int, str]:
    """The paper's before those on causes, each by section."""
    kind, _, section = group.partition(", ")
    return [*KINDS.values()].index(kind), section


def _looks(what: str) -> alt.Scale:
    """What sets each outcome apart: its colour, or the shape of its marker."""
    values = [getattr(look, what) for look in OUTCOME_LOOKS.values()]
    return scale_of([*OUTCOME_LOOKS], [SHAPES.get(value, value) for value in values])
