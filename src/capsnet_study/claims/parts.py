"""Parts of claims judged on the tables of results: what was found, and on which side it lies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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
    Group,
    Level,
    Part,
)
from capsnet_study.claims.methods import METHODS, Method
from capsnet_study.claims.significance import PermutationTest, curvature, parabola, rank_correlation
from capsnet_study.claims.tables import Tables, arms_of, paired, series_of, table_of, values_of

PART_FIELDS = (
    *("kind", "table", "measure", "of", "minus", "group", "x", "y"),
    *("n", "dropped", "agree", "mean", "sd", "low", "high", "p"),
    *("side", "bound", "outcome"),
)
SIGNIFICANCE = 0.05

Result = dict[str, Any]


def judge_parts(
    parts: Iterable[Part], tables: Tables, method: Method = METHODS["paper"]
) -> list[Result]:
    """Judge parts, one after the other, on tables that hold their measures."""
    return [result for part in parts for result in _judge_part(part, tables, method)]


def outcome_of(low: float, high: float, expect: Expectation) -> str:
    """Where an interval lies: on the expected side, on the other, or across the bound."""
    bound = expect.bound
    as_expected, opposite = {
        "above": (low > bound, high < bound),
        "below": (high < bound, low > bound),
        "within": (-bound <= low and high <= bound, low > bound or high < -bound),
    }[expect.kind]
    if as_expected:
        return "reproduced"
    return "contradicted" if opposite else "inconclusive"


def _judge_part(part: Part, tables: Tables, method: Method) -> list[Result]:
    table = table_of(tables, part.table)
    match part:
        case Difference(of=arm, minus=other):
            return [_judge_difference(part, table, arm, other, method)]
        case BestDifference(of=arm):
            return [_judge_difference(part, table, arm, _best_rival(part, table), method)]
        case Equivalence():
            return [_judge_equivalence(part, table, method)]
        case DifferenceOfDifferences():
            return [_judge_differences(part, table, method)]
        case Level(of=arm):
            return [_judge_level(part, table, arm, None, method)]
        case EachLevel(each=group):
            arms = arms_of(table, group) or [None]
            return [_judge_level(part, table, arm, group, method) for arm in arms]
        case Correlation():
            return [_judge_correlation(part, table)]
        case Curvature():
            return [_judge_curvature(part, table)]


def _judge_difference(
    part: Difference | BestDifference,
    table: pd.DataFrame,
    arm: str,
    other: str | None,
    method: Method,
) -> Result:
    """Judge one arm's values less another's, paired by unit."""
    what = {"kind": "difference", "measure": part.measure, "of": arm, "minus": other}
    return _result(part, what, paired(part.table, table, arm, other, part.measure), method)


def _best_rival(part: BestDifference, table: pd.DataFrame) -> str | None:
    """Return the arm with the highest mean; None if some arm has no value."""
    means = {
        arm: series_of(part.table, table, arm, part.measure).mean() for arm in part.minus_best_of
    }
    if any(np.isnan(mean) for mean in means.values()):
        return None
    return max(means, key=lambda arm: means[arm])


def _judge_equivalence(part: Equivalence, table: pd.DataFrame, method: Method) -> Result:
    """Judge a difference within a bound: by two one-sided tests, which is by the 90 % interval."""
    what = {"kind": "equivalence", "measure": part.measure, "of": part.of, "minus": part.minus}
    found = paired(part.table, table, part.of, part.minus, part.measure)
    result = _result(part, what, found, method) | {"low_90": None, "high_90": None}
    if result["low"] is None:
        return result
    inner = method.interval_of(found.dropna(), 1 - 2 * SIGNIFICANCE)
    result |= {"low_90": inner.low, "high_90": inner.high}
    if outcome_of(inner.low, inner.high, part.expect) == "reproduced":
        result["outcome"] = "reproduced"
    return result


def _judge_differences(
    part: DifferenceOfDifferences, table: pd.DataFrame, method: Method
) -> Result:
    """Judge a difference of two arms less that of two others, paired by unit."""
    arms = {name: getattr(part, name) for name in ("of", "over", "minus", "minus_over")}
    what = {"kind": part.kind, "measure": part.measure} | arms
    first = paired(part.table, table, part.of, part.over, part.measure)
    second = paired(part.table, table, part.minus, part.minus_over, part.measure)
    left, right = first.align(second, join="inner")
    return _result(part, what, left - right, method)


def _judge_level(
    part: Level | EachLevel,
    table: pd.DataFrame,
    arm: str | None,
    group: Group | None,
    method: Method,
) -> Result:
    """Judge the values of one arm."""
    what = {"kind": "level", "measure": part.measure, "of": arm, "group": group}
    return _result(part, what, series_of(part.table, table, arm, part.measure), method)


def _judge_correlation(part: Correlation, table: pd.DataFrame) -> Result:
    """Judge a rank correlation; permutation tests of both signs decide, in place of an interval."""
    result, x, y = _over_arms(part, table)
    test = rank_correlation(x, y)
    return result | _found(test, test.p_above, test.p_below)


def _judge_curvature(part: Curvature, table: pd.DataFrame) -> Result:
    """Judge a curvature as a correlation; as expected, its vertex must lie within the range of x.

    The result has one more field, vertex.
    """
    result, x, y = _over_arms(part, table)
    test, vertex = curvature(x, y), parabola(x, y).vertex
    found = _found(test, test.p_below, test.p_above)
    if found.get("outcome") == "reproduced" and not x.min() < vertex < x.max():
        found["outcome"] = "inconclusive"
    return result | {"vertex": vertex if found else None} | found


def _found(test: PermutationTest, p: float, p_opposite: float) -> Result:
    """What permutation tests of both signs tell; nothing of a value that does not exist."""
    if np.isnan(test.value):
        return {}
    outcome = "inconclusive"
    if p < SIGNIFICANCE:
        outcome = "reproduced"
    elif p_opposite < SIGNIFICANCE:
        outcome = "contradicted"
    return {"mean": test.value, "p": p, "outcome": outcome}


def _over_arms(
    part: Correlation | Curvature, table: pd.DataFrame
) -> tuple[Result, np.ndarray, np.ndarray]:
    """The part not evaluated, with x and y: the means of those arms that have both."""
    means = [
        [values_of(part.table, table, arm, measure)[measure].mean() for measure in (part.x, part.y)]
        for arm in arms_of(table, part.over)
    ]
    means = np.array(means, dtype=float).reshape(-1, 2)
    known = np.isfinite(means).all(axis=1)
    x, y = means[known].T
    what = {"kind": part.kind, "x": part.x, "y": part.y, "group": part.over}
    result = _result(part, what, pd.Series(dtype=float), METHODS["paper"])
    return result | {"n": len(x), "dropped": int((~known).sum())}, x, y


def _result(part: Part, what: Result, found: pd.Series, method: Method) -> Result:
    """Judge the values of a part; units without one (NaN) are left out, and counted."""
    values = found.dropna()
    result = dict.fromkeys(PART_FIELDS) | {"table": part.table} | what
    result |= {"side": part.expect.kind, "bound": part.expect.bound, "outcome": "not evaluated"}
    result |= {"n": len(values), "dropped": len(found) - len(values)}
    if len(values) > 0:
        interval = method.interval_of(values, 0.95)
        result |= {"mean": interval.mean, "low": interval.low, "high": interval.high}
        result["sd"] = float(values.std()) if len(values) > 1 else None
        result["agree"] = sum(
            outcome_of(value, value, part.expect) == "reproduced" for value in values
        )
        if interval.low is not None:
            result["outcome"] = outcome_of(interval.low, interval.high, part.expect)
            result["p"] = method.p_of and method.p_of(values, part.expect)
    return result
