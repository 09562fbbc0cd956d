"""Parts of claims judged on the tables of results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from capsnet_study.claims.declarations import (
    BestDifference,
    Correlation,
    Curvature,
    Difference,
    DifferenceOfDifferences,
    EachLevel,
    Equivalence,
    Expectation,
    Level,
    Part,
)
from capsnet_study.claims.methods import METHODS, Method
from capsnet_study.claims.records import JudgedPart, Outcome, PartKind
from capsnet_study.claims.significance import curvature, parabola, rank_correlation
from capsnet_study.claims.tables import Tables, arms_of, paired, series_of, table_of
from capsnet_study.stats import Interval

SIGNIFICANCE = 0.05

OfUnits = Difference | BestDifference | Equivalence | DifferenceOfDifferences | Level | EachLevel


def judge_parts(
    parts: Iterable[Part], tables: Tables, method: Method = METHODS["paper"]
) -> list[JudgedPart]:
    """Judge parts, one after the other, on tables that hold their measures."""
    return [judged for part in parts for judged in _judge_part(part, tables, method)]


def outcome_of(low: float, high: float, expect: Expectation) -> Outcome:
    """Return where an interval lies: on the expected side, on the other, or across the bound."""
    bound = expect.bound
    as_expected, opposite = {
        "above": (low > bound, high < bound),
        "below": (high < bound, low > bound),
        "within": (-bound <= low and high <= bound, low > bound or high < -bound),
    }[expect.kind]
    if as_expected:
        return "reproduced"
    return "contradicted" if opposite else "inconclusive"


def _judge_part(part: Part, tables: Tables, method: Method) -> list[JudgedPart]:
    table = table_of(tables, part.table)
    judge = partial(_judge, part, method)
    match part:
        case Difference(of=of, minus=minus) | Equivalence(of=of, minus=minus):
            return [judge(part.kind, _gap(part, table, of, minus), of=of, minus=minus)]
        case BestDifference(of=of):
            minus = _best_rival(part, table)
            return [judge("difference", _gap(part, table, of, minus), of=of, minus=minus)]
        case DifferenceOfDifferences():
            arms = {name: getattr(part, name) for name in ("of", "over", "minus", "minus_over")}
            second = _gap(part, table, part.minus, part.minus_over)
            left, right = _gap(part, table, part.of, part.over).align(second, join="inner")
            return [judge(part.kind, left - right, **arms)]
        case Level(of=of):
            return [judge("level", _level(part, table, of), of=of)]
        case EachLevel(each=group):
            arms = arms_of(table, group) or [None]
            return [judge("level", _level(part, table, arm), of=arm, group=group) for arm in arms]
        case Correlation() | Curvature():
            return [_judge_over_arms(part, table)]


def _level(part: OfUnits, table: pd.DataFrame, of: str | None) -> pd.Series:
    return series_of(part.table, table, of, part.measure)


def _gap(part: OfUnits, table: pd.DataFrame, of: str, minus: str | None) -> pd.Series:
    return paired(part.table, table, of, minus, part.measure)


def _best_rival(part: BestDifference, table: pd.DataFrame) -> str | None:
    """Return the arm with the highest mean; None if some arm has no value."""
    means = {arm: _level(part, table, arm).mean() for arm in part.minus_best_of}
    if any(np.isnan(mean) for mean in means.values()):
        return None
    return max(means, key=lambda arm: means[arm])


def _judge(
    part: OfUnits, method: Method, kind: PartKind, values: pd.Series, **compared: str | None
) -> JudgedPart:
    """Judge the values of what is compared; units without one (NaN) are left out."""
    known = values.dropna()
    judged = JudgedPart(
        kind=kind,
        table=part.table,
        measure=part.measure,
        **compared,
        side=part.expect.kind,
        bound=part.expect.bound,
        n=len(known),
        dropped=len(values) - len(known),
    )
    if known.empty:
        return judged
    whole = method.interval_of(known, 0.95)
    inner = method.interval_of(known, 0.9) if isinstance(part, Equivalence) else None
    return replace(
        judged,
        outcome=_outcome(part.expect, whole, inner),
        agree=sum(outcome_of(value, value, part.expect) == "reproduced" for value in known),
        mean=whole.mean,
        sd=float(known.std()) if len(known) > 1 else None,
        low=whole.low,
        high=whole.high,
        low_90=inner and inner.low,
        high_90=inner and inner.high,
        p=method.p_of and method.p_of(known, part.expect),
    )


def _outcome(expect: Expectation, whole: Interval, inner: Interval | None) -> Outcome:
    """Return the outcome by the 95 % interval; of an equivalence, 90 % within the bound will do."""
    if whole.low is None:
        return "not evaluated"
    if inner and outcome_of(inner.low, inner.high, expect) == "reproduced":
        return "reproduced"
    return outcome_of(whole.low, whole.high, expect)


def _judge_over_arms(part: Correlation | Curvature, table: pd.DataFrame) -> JudgedPart:
    """Judge a statistic of the means of arms by its permutation tests of both signs.

    The vertex of a single peak lies within the range of x as well.
    """
    means = _arm_means(part, table)
    known = means[np.isfinite(means).all(axis="columns")]
    judged = JudgedPart(
        kind=part.kind,
        table=part.table,
        group=part.over,
        x=part.x,
        y=part.y,
        side=part.expect.kind,
        bound=part.expect.bound,
        n=len(known),
        dropped=len(means) - len(known),
    )
    x, y = known.to_numpy().T
    test = (rank_correlation if isinstance(part, Correlation) else curvature)(x, y)
    if np.isnan(test.value):
        return judged
    vertex = parabola(x, y).vertex if isinstance(part, Curvature) else None
    outside = vertex is not None and not x.min() < vertex < x.max()
    p, opposite = test.p_above, test.p_below
    if part.expect.kind == "below":
        p, opposite = opposite, p
    outcome = _outcome_of_signs(p, opposite)
    if outcome == "reproduced" and outside:
        outcome = "inconclusive"
    return replace(judged, outcome=outcome, mean=test.value, p=p, vertex=vertex)


def _outcome_of_signs(p: float, opposite: float) -> Outcome:
    """Return the outcome by the p of the expected sign, and by that of the opposite one."""
    if p < SIGNIFICANCE:
        return "reproduced"
    return "contradicted" if opposite < SIGNIFICANCE else "inconclusive"


def _arm_means(part: Correlation | Curvature, table: pd.DataFrame) -> pd.DataFrame:
    """Return the means of x and y of each arm of the group."""
    rows = [
        [series_of(part.table, table, arm, measure).mean() for measure in (part.x, part.y)]
        for arm in arms_of(table, part.over)
    ]
    return pd.DataFrame(rows, columns=["x", "y"], dtype=float)
