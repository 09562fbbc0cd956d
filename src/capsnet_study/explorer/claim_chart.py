"""Chart of the claims: every part with its interval, beside the side it is expected on."""

from __future__ import annotations

import altair as alt
import pandas as pd

from capsnet_study.claims.declarations import Kind
from capsnet_study.claims.records import Claims, JudgedClaim, JudgedPart, of_kind
from capsnet_study.claims.words import Words, words_of
from capsnet_study.explorer.pieces import SHAPES, alike, buttons, chart_of, line_at, scale_of
from capsnet_study.explorer.points import Row
from capsnet_study.figures.forest import EXPECTED_COLOUR, OUTCOME_LOOKS
from capsnet_study.figures.parts import describe_part
from capsnet_study.training.arms import arms_in

WIDTH, ROW = 380, 19  # pixels
REACH = 1.06  # the end of a row, a little beyond its farthest number
KINDS: dict[Kind, str] = {"paper": "the paper", "mechanism": "causes"}
CORRELATIONS = (  # measures that are rank correlations
    "spearman_entropy_accuracy",
    "distance_spearman",
    "raw_distance_spearman",
)


def claims_chart(claims: Claims, arms: pd.DataFrame) -> alt.LayerChart:
    """Every part of the claims on one group of questions: mean, interval and side expected.

    A row has a scale of its own, since parts differ in measure and in size a thousandfold.

    Parameters
    ----------
    claims : mapping of str to JudgedClaim
    arms : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are called.
    """
    rows = claim_rows(claims, arms)
    groups = dict.fromkeys(row["group"] for row in rows)
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
    shown = buttons("group", "claims on", alike([*groups]))
    layers = alt.layer(expected, line_at("x", 0), reach, means.add_params(shown))
    return layers.properties(width=WIDTH, height=alt.Step(ROW))


def claim_rows(claims: Claims, arms: pd.DataFrame) -> list[Row]:
    """Return one row per part: the words of its claim, and its numbers as shares of its scale.

    The paper's claims come before those on causes, each by section.
    """
    words = words_of(arms_in(arms))
    rows = []
    for kind in KINDS:
        ordered = sorted(of_kind(claims, kind).items(), key=lambda item: item[1].section)
        for id, claim in ordered:
            rows += [
                _row(id, claim, number, part, words)
                for number, part in enumerate(claim.parts, start=1)
            ]
    return rows


def _row(id: str, claim: JudgedClaim, number: int, part: JudgedPart, words: Words) -> Row:
    cells = describe_part(part, words)
    return {
        "group": f"{KINDS[claim.kind]}, {claim.section}",
        "claim": f"{id} {claim.title}",
        "rule": claim.rule,
        "verdict": claim.verdict,
        "row": f"{id}.{number} {cells.compared}, {cells.measure}",
        "what": f"{cells.measure}: {cells.compared}",
        "words": f"{cells.value} {cells.range} (n = {part.n})".strip(),
        "outcome": part.outcome,
    } | _scaled(part)


def row_scale(part: JudgedPart) -> float:
    """Return the value at the end of a row: 1 for a correlation, else its farthest number."""
    if part.kind == "correlation" or part.measure in CORRELATIONS:
        return 1.0
    numbers = [part.mean, part.low, part.high, part.bound]
    return max(abs(number) for number in numbers if number is not None) or 1.0


def _scaled(part: JudgedPart) -> Row:
    """Return mean and interval of a part, and the side expected, in shares of its scale."""
    scale, bound = row_scale(part), part.bound
    sides = {"above": (bound, None), "below": (None, bound), "within": (-bound, bound)}
    low, high = sides[part.side]
    ends = {"from": -REACH if low is None else low / scale}
    ends |= {"to": REACH if high is None else high / scale}
    numbers = {"mean": part.mean, "low": part.low, "high": part.high}
    ends |= {name: None if value is None else value / scale for name, value in numbers.items()}
    return {name: None if value is None else round(value, 4) for name, value in ends.items()}


def _looks(what: str) -> alt.Scale:
    """What sets each outcome apart: its colour, or the shape of its marker."""
    values = [getattr(look, what) for look in OUTCOME_LOOKS.values()]
    return scale_of([*OUTCOME_LOOKS], [SHAPES.get(value, value) for value in values])
