"""The claims that a setting can decide, judged there by the rules of the main study."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd

from capsnet_study.claims.declarations import (
    BestDifference,
    Claim,
    Difference,
    DifferenceOfDifferences,
    Equivalence,
    Level,
    Part,
)
from capsnet_study.claims.methods import CONSERVATIVE, METHODS
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.settings.results import ClaimInSetting

TABLES = ("fitting", "mechanism")  # settings train arms; their networks are not kept


def setting_verdicts(
    claims: Iterable[Claim], trials: pd.DataFrame, sweep: Collection[str]
) -> dict[str, ClaimInSetting]:
    """Judge the claims that the arms of one setting can decide, by id.

    Of a claim those parts are judged whose arms the setting has; one without any is left out.

    Parameters
    ----------
    trials
        One row per arm and trial, as `gather_settings` gives them of each setting.
    sweep
        The arms of the sweep; no others are in groups of arms.
    """
    arms = set(trials["arm"])
    known = [decidable for claim in claims if (decidable := _in_part(claim, arms))]
    tables = {"fitting": trials[trials["arm"].isin(sweep)], "mechanism": trials}
    by_rule = evaluate_claims(known, tables)
    conservative = evaluate_claims(known, tables, METHODS | {"paper": CONSERVATIVE})
    return {
        id: ClaimInSetting(
            verdict=claim.verdict,
            conservative=conservative[id].verdict,
            means=[part.mean for part in claim.parts],
        )
        for id, claim in by_rule.items()
    }


def _in_part(claim: Claim, arms: Collection[str]) -> Claim | None:
    """Return a claim with the parts that can be judged with some arms; None if none can."""
    parts = [part for part in claim.parts if part.table in TABLES and _has_arms(part, arms)]
    return claim.model_copy(update={"parts": parts}) if parts else None


def _has_arms(part: Part, arms: Collection[str]) -> bool:
    match part:
        case Difference(of=arm, minus=other) | Equivalence(of=arm, minus=other):
            return {arm, other} <= set(arms)
        case BestDifference(of=arm, minus_best_of=others):
            return {arm, *others} <= set(arms)
        case DifferenceOfDifferences():
            return {part.of, part.over, part.minus, part.minus_over} <= set(arms)
        case Level(of=arm):
            return arm in arms
        case _:  # over a group of arms of the sweep, as far as there are any
            return part.table == "fitting"
