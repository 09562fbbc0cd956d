"""Do the paper's claims hold? Each claim of claims.yaml judged on the tables of results.

All claims are judged by one rule: a 95 % bootstrap interval wholly on the expected side is
"reproduced", wholly on the other side "contradicted", anything else "inconclusive"; what cannot be
computed is "not evaluated".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from capsnet_study.claims.declarations import (
    BestDifference,
    Claim,
    Correlation,
    Difference,
    EachLevel,
    Expectation,
    Group,
    Level,
    Part,
)
from capsnet_study.stats import Interval, bootstrap_interval, permutation_spearman
from capsnet_study.training.arms import arms_in, capsule_arms, routed_arms

ARM = {"fitting": "arm", "manifold": "model", "transfer": "model"}
UNIT = {"fitting": ["trial"], "manifold": ["trial", "pair"], "transfer": ["split", "direction"]}
GROUPS = {"capsule_arms": capsule_arms, "routed_arms": routed_arms}
PART_FIELDS = ("kind", "table", "measure", "of", "minus", "group", "x", "y")
PART_FIELDS += ("n", "dropped", "mean", "low", "high", "p", "side", "bound", "outcome")
WITHOUT_TRIALS = ("pixels", "pca")  # nothing is trained: their one value stands beside every trial
SIGNIFICANCE = 0.05

Result = dict[str, Any]  # of a part, as `evaluate_claims` returns it, or of a claim
Tables = Mapping[str, pd.DataFrame]
IntervalOf = Callable[[pd.Series], Interval]  # of the values of a part, indexed by their units


def bootstrap_of_units(values: pd.Series) -> Interval:
    """Return the interval by which claims are decided: all units count as independent."""
    return bootstrap_interval(values.to_numpy())


def evaluate_claims(
    claims: Iterable[Claim], tables: Tables, interval_of: IntervalOf = bootstrap_of_units
) -> dict[str, Result]:
    """Judge every claim.

    Parameters
    ----------
    claims : as `parse_claims` returns them.
    tables : by name: ``fitting`` (one row an arm and trial, with the arm's model, n_iter and eta),
        ``manifold`` (one row a model, trial and digit pair), ``transfer`` (one row a model, split,
        direction and scheme). A table that is not there leaves its claims "not evaluated".
    interval_of : gives the interval that decides a part; the rule's, if it is not given.

    Returns
    -------
    By claim id: section, title, paper, rule, control, verdict, and parts. Each part has

    - what it is: kind (difference, level or correlation), table, and where they apply, else None,
      measure, of, minus, group (of arms), x and y;
    - what was found: n (units or arms), dropped (those left out of n since the measure has no value
      there, as a rank correlation with a constant entropy), mean, low and high (None where there
      is no interval), p (of a correlation);
    - how it is judged: side (above, below or within) and bound, where it should lie; outcome.

    Raises
    ------
    ValueError
        If a claim names a measure that its table lacks.
    """
    wide = {
        name: transfer_drops(table) if name == "transfer" else table
        for name, table in tables.items()
    }
    return {
        claim.id: _judge_claim(claim, judge_parts(claim.parts, wide, interval_of))
        for claim in claims
    }


def judge_parts(
    parts: Iterable[Part], tables: Tables, interval_of: IntervalOf = bootstrap_of_units
) -> list[Result]:
    """Judge parts, one after the other, on tables that hold their measures."""
    return [result for part in parts for result in _judge_part(part, tables, interval_of)]


def transfer_drops(transfer: pd.DataFrame) -> pd.DataFrame:
    """One row a model, split and direction: drop_<scheme>, base's exact match less the scheme's."""
    scores = transfer.pivot(
        index=["model", *UNIT["transfer"]], columns="scheme", values="exact_match"
    )
    drops = scores.rsub(scores["base"], axis=0).drop(columns="base")
    return drops.add_prefix("drop_").reset_index()


def _judge_claim(claim: Claim, parts: list[Result]) -> Result:
    return {
        "section": claim.section,
        "title": claim.title,
        "paper": claim.paper,
        "rule": claim.rule,
        "control": claim.control,
        "verdict": conjunction([part["outcome"] for part in parts]),
        "parts": parts,
    }


def conjunction(outcomes: list[str]) -> str:
    """The verdict on a claim all of whose parts must hold."""
    for outcome in ("contradicted", "not evaluated", "inconclusive"):
        if outcome in outcomes:
            return outcome
    return "reproduced"


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


def _judge_part(part: Part, tables: Tables, interval_of: IntervalOf) -> list[Result]:
    table = tables.get(part.table, pd.DataFrame(columns=[ARM[part.table]]))
    match part:
        case Difference(of=arm, minus=other):
            return [_judge_difference(part, table, arm, other, interval_of)]
        case BestDifference(of=arm):
            return [_judge_difference(part, table, arm, _best_rival(part, table), interval_of)]
        case Level(of=arm):
            return [_judge_level(part, table, arm, None, interval_of)]
        case EachLevel(each=group):
            arms = _arms(table, group) or [None]
            return [_judge_level(part, table, arm, group, interval_of) for arm in arms]
        case Correlation():
            return [_judge_correlation(part, table)]


def _judge_difference(
    part: Difference | BestDifference,
    table: pd.DataFrame,
    arm: str,
    other: str | None,
    interval_of: IntervalOf,
) -> Result:
    """Judge one arm's values less another's, paired by unit."""
    what = {"kind": "difference", "measure": part.measure, "of": arm, "minus": other}
    left, right = (_values(part.table, table, name, part.measure) for name in (arm, other))
    paired = left.merge(
        right,
        on=[key for key in UNIT[part.table] if key in left and key in right],
        suffixes=("", "_other"),
    )
    units = [key for key in UNIT[part.table] if key in paired]
    found = paired.set_index(units).astype(float)
    return _result(part, what, found[part.measure] - found[f"{part.measure}_other"], interval_of)


def _best_rival(part: BestDifference, table: pd.DataFrame) -> str | None:
    """Return the arm with the highest mean; None if some arm has no value."""
    means = {
        arm: _values(part.table, table, arm, part.measure)[part.measure].astype(float).mean()
        for arm in part.minus_best_of
    }
    if any(np.isnan(mean) for mean in means.values()):
        return None
    return max(means, key=lambda arm: means[arm])


def _judge_level(
    part: Level | EachLevel,
    table: pd.DataFrame,
    arm: str | None,
    group: Group | None,
    interval_of: IntervalOf,
) -> Result:
    """Judge the values of one arm."""
    what = {"kind": "level", "measure": part.measure, "of": arm, "group": group}
    values = _values(part.table, table, arm, part.measure)
    units = [key for key in UNIT[part.table] if key in values]
    return _result(part, what, values.set_index(units)[part.measure].astype(float), interval_of)


def _judge_correlation(part: Correlation, table: pd.DataFrame) -> Result:
    """Judge a rank correlation; permutation tests of both signs decide, in place of an interval."""
    means = [
        [_values(part.table, table, arm, measure)[measure].mean() for measure in (part.x, part.y)]
        for arm in _arms(table, part.over)
    ]
    means = np.array(means, dtype=float).reshape(-1, 2)
    known = np.isfinite(means).all(axis=1)
    x, y = means[known].T
    rho, p = permutation_spearman(x, y, seed=0)
    _, p_opposite = permutation_spearman(-x, y, seed=0)

    what = {"kind": "correlation", "x": part.x, "y": part.y, "group": part.over}
    result = _result(part, what, pd.Series(dtype=float))
    result |= {"n": len(x), "dropped": int((~known).sum())}
    if np.isnan(rho):
        return result
    result |= {"mean": rho, "p": p, "outcome": "inconclusive"}
    if p < SIGNIFICANCE:
        result["outcome"] = "reproduced"
    elif p_opposite < SIGNIFICANCE:
        result["outcome"] = "contradicted"
    return result


def _result(
    part: Part, what: Result, found: pd.Series, interval_of: IntervalOf = bootstrap_of_units
) -> Result:
    """Judge the values of a part; units without one (NaN) are left out, and counted."""
    values = found.dropna()
    result = dict.fromkeys(PART_FIELDS) | {"table": part.table} | what
    result |= {"side": part.expect.kind, "bound": part.expect.bound, "outcome": "not evaluated"}
    result |= {"n": len(values), "dropped": len(found) - len(values)}
    if len(values) > 0:
        interval = interval_of(values)
        result |= {"mean": interval.mean, "low": interval.low, "high": interval.high}
        if interval.low is not None:
            result["outcome"] = outcome_of(interval.low, interval.high, part.expect)
    return result


def _arms(table: pd.DataFrame, group: Group) -> list[str]:
    """The arms of a group that the fitting table has, in its order."""
    return list(GROUPS[group](arms_in(table))) if len(table) else []


def _values(name: str, table: pd.DataFrame, arm: str | None, measure: str) -> pd.DataFrame:
    """The measure of one arm, one row a unit; NaN where a unit has no value."""
    units = [key for key in UNIT[name] if key != "trial" or arm not in WITHOUT_TRIALS]
    rows = table[table[ARM[name]] == arm]
    if rows.empty:
        return pd.DataFrame(columns=[*units, measure])
    if measure not in rows:
        raise ValueError(f"the {name} table has no measure {measure!r} (it has {list(rows)})")
    return rows[[*units, measure]]
