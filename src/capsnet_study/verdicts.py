"""Do the paper's claims hold? Each claim of claims.yaml judged on the tables of results (design 4).

All claims are judged by one rule: a 95 % bootstrap interval wholly on the expected side is
"reproduced", wholly on the other side "contradicted", anything else "inconclusive"; what cannot be
computed is "not evaluated".
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from capsnet_study.claims import (
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
from capsnet_study.fitting import R2_SUFFIX
from capsnet_study.stats import bootstrap_interval, permutation_spearman

ARM = {"fitting": "arm", "manifold": "model", "transfer": "model"}
UNIT = {"fitting": ["trial"], "manifold": ["trial", "pair"], "transfer": ["split", "direction"]}
WITHOUT_TRIALS = ("pixels", "pca")  # nothing is trained: their one value stands beside every trial
SIGNIFICANCE = 0.05
ON_R2 = ("C4", "C5", "C6")  # the claims on R1's couplings that are looked at on R2, too

Result = dict[str, Any]  # label, n, dropped, mean, low, high, expected, outcome
Tables = Mapping[str, pd.DataFrame]


def evaluate_claims(claims: Iterable[Claim], tables: Tables) -> dict[str, Result]:
    """Judge every claim.

    Parameters
    ----------
    claims : as `load_claims` returns them.
    tables : by name: ``fitting`` (one row an arm and trial, with the arm's model, n_iter and eta),
        ``manifold`` (one row a model, trial and digit pair), ``transfer`` (one row a model, split,
        direction and scheme). A table that is not there leaves its claims "not evaluated".

    Returns
    -------
    By claim id: section, title, paper, rule, verdict, and parts, each with label, n (units or
    arms), dropped (those left out of n since the measure has no value there, as a rank correlation
    with a constant entropy), mean, low, high (None where there is no interval), expected, outcome.

    Raises
    ------
    ValueError
        If a claim names a measure that its table lacks.
    """
    wide = {
        name: transfer_drops(table) if name == "transfer" else table
        for name, table in tables.items()
    }
    return {claim.id: _judge_claim(claim, wide) for claim in claims}


def transfer_drops(transfer: pd.DataFrame) -> pd.DataFrame:
    """One row a model, split and direction: drop_<scheme>, base's exact match less the scheme's."""
    scores = transfer.pivot(
        index=["model", *UNIT["transfer"]], columns="scheme", values="exact_match"
    )
    drops = scores.rsub(scores["base"], axis=0).drop(columns="base")
    return drops.add_prefix("drop_").reset_index()


def claims_on_r2(claims: Iterable[Claim]) -> list[Claim]:
    """Return C4 to C6 as they would read for the couplings of R2: exploratory, no claims."""
    return [
        claim.model_copy(
            update={
                "parts": [
                    part.model_copy(update={"measure": f"{part.measure}{R2_SUFFIX}"})
                    for part in claim.parts
                ]
            }
        )
        for claim in claims
        if claim.id in ON_R2
    ]


def _judge_claim(claim: Claim, tables: Tables) -> Result:
    parts = [result for part in claim.parts for result in _judge_part(part, tables)]
    return {
        "section": claim.section,
        "title": claim.title,
        "paper": claim.paper,
        "rule": claim.rule,
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


def _judge_part(part: Part, tables: Tables) -> list[Result]:
    table = tables.get(part.table, pd.DataFrame(columns=[ARM[part.table]]))
    match part:
        case Difference(measure=measure, of=arm, minus=other):
            return [_judge_difference(part, table, measure, arm, other)]
        case BestDifference():
            return [_judge_best_difference(part, table)]
        case Level(of=arm):
            return [_judge_level(part, table, arm)]
        case EachLevel(each=group):
            arms = _arms(table, group)
            return [_judge_level(part, table, arm) for arm in arms] or [
                _result(f"{part.measure}: {group}", np.empty(0), part.expect)
            ]
        case Correlation():
            return [_judge_correlation(part, table)]


def _judge_difference(
    part: Part, table: pd.DataFrame, measure: str, arm: str, other: str
) -> Result:
    left, right = (_values(part.table, table, name, measure) for name in (arm, other))
    units = [key for key in UNIT[part.table] if key in left and key in right]
    paired = left.merge(right, on=units, suffixes=("", "_other"))
    differences = paired[measure] - paired[f"{measure}_other"]
    return _result(f"{measure}: {arm} − {other}", differences.to_numpy(float), part.expect)


def _judge_best_difference(part: BestDifference, table: pd.DataFrame) -> Result:
    rivals = {
        arm: _values(part.table, table, arm, part.measure)[part.measure].dropna()
        for arm in part.minus_best_of
    }
    if any(values.empty for values in rivals.values()):
        label = f"{part.measure}: {part.of} − best of {', '.join(rivals)}"
        return _result(label, np.empty(0), part.expect)
    best = max(rivals, key=lambda arm: rivals[arm].mean())
    return _judge_difference(part, table, part.measure, part.of, best)


def _judge_level(part: Level | EachLevel, table: pd.DataFrame, arm: str) -> Result:
    values = _values(part.table, table, arm, part.measure)[part.measure]
    return _result(f"{part.measure}: {arm}", values.to_numpy(float), part.expect)


def _judge_correlation(part: Correlation, table: pd.DataFrame) -> Result:
    """The permutation tests of both signs decide in the place of an interval."""
    means = [
        [_values(part.table, table, arm, measure)[measure].mean() for measure in (part.x, part.y)]
        for arm in _arms(table, part.over)
    ]
    means = np.array(means, dtype=float).reshape(-1, 2)
    known = np.isfinite(means).all(axis=1)
    x, y = means[known].T
    rho, p = permutation_spearman(x, y, seed=0)
    _, p_opposite = permutation_spearman(-x, y, seed=0)

    result = _result(f"Spearman({part.x}, {part.y}): {part.over}", np.empty(0), part.expect)
    result |= {"n": len(x), "dropped": int((~known).sum())}
    result["expected"] += f", p < {SIGNIFICANCE:g}"
    if np.isnan(rho):
        return result
    result["mean"] = rho
    result["label"] += f" (p = {p:.4f})"
    result["outcome"] = "inconclusive"
    if p < SIGNIFICANCE:
        result["outcome"] = "reproduced"
    elif p_opposite < SIGNIFICANCE:
        result["outcome"] = "contradicted"
    return result


def _result(label: str, found: np.ndarray, expect: Expectation | str) -> Result:
    """Judge the values of a part; units without one (NaN) are left out, and counted."""
    values = found[~np.isnan(found)]
    result = {"label": label, "n": len(values), "dropped": len(found) - len(values)}
    result |= {"mean": None, "low": None, "high": None}
    result |= {"expected": str(expect), "outcome": "not evaluated"}
    if len(values) > 0:
        interval = bootstrap_interval(values)
        result |= {"mean": interval.mean, "low": interval.low, "high": interval.high}
    if len(values) > 1:
        result["outcome"] = outcome_of(interval.low, interval.high, expect)
    return result


def _arms(table: pd.DataFrame, group: Group) -> list[str]:
    """The arms of a group that the fitting table has, in its order."""
    if table.empty:
        return []
    chosen = table[(table["model"] == "capsnet") & table["init_gain"].isna()]
    if group == "routed_arms":
        chosen = chosen[(chosen["n_iter"] >= 2) & (chosen["eta"] > 0)]
    return list(chosen["arm"].unique())


def _values(name: str, table: pd.DataFrame, arm: str, measure: str) -> pd.DataFrame:
    """The measure of one arm, one row a unit; NaN where a unit has no value."""
    units = [key for key in UNIT[name] if key != "trial" or arm not in WITHOUT_TRIALS]
    rows = table[table[ARM[name]] == arm]
    if rows.empty:
        return pd.DataFrame(columns=[*units, measure])
    if measure not in rows:
        raise ValueError(f"the {name} table has no measure {measure!r} (it has {list(rows)})")
    return rows[[*units, measure]]
