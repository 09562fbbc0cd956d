"""Claims judged on the tables of results.

All claims are judged by one rule: a 95 % interval wholly on the expected side is "reproduced",
wholly on the other side "contradicted", anything else "inconclusive"; what cannot be computed is
"not evaluated". Hypotheses of ours are "supported" or "not supported" instead. The interval is the
bootstrap's for the paper's claims, and a more conservative one for ours. Of equivalences, whose
means should lie within a bound, two one-sided tests decide: the 90 % interval.
"""

from collections.abc import Iterable, Mapping

from capsnet_study.claims.declarations import Claim, Kind
from capsnet_study.claims.methods import METHODS, Method
from capsnet_study.claims.parts import judge_parts
from capsnet_study.claims.records import (
    OURS,
    Claims,
    JudgedClaim,
    JudgedPart,
    Outcome,
    Verdict,
)
from capsnet_study.claims.significance import holm
from capsnet_study.claims.tables import Tables, with_measures


def evaluate_claims(
    claims: Iterable[Claim],
    tables: Tables,
    methods: Mapping[Kind, Method] = METHODS,
    seed: int | None = None,
) -> Claims:
    """Judge every claim.

    Parameters
    ----------
    claims
        As `parse_claims` returns them.
    tables
        By name: ``fitting`` (one row per arm and trial, with the arm's model, n_iter and eta),
        ``mechanism`` (the same of more arms, with the arm's block), ``interventions`` (one row per
        arm, trial, layer and change), ``manifold`` (one row per model, trial and digit pair),
        ``transfer`` and ``new_splits`` (one row per model, split, direction and scheme), and the
        settings `SETTINGS` (as ``mechanism``). Without a table, its claims are "not evaluated".
    methods
        How parts are judged, by kind of claim.
    seed
        Of the training runs; a claim that this seed suggested is "not evaluated".

    Raises
    ------
    ValueError
        If a claim names a measure that its table lacks.
    """
    wide = with_measures(tables)
    judged = [(claim, judge_parts(claim.parts, wide, methods[claim.kind])) for claim in claims]
    p = {claim.id: _p_of(parts) for claim, parts in judged if claim.kind == "mechanism"}
    tested = {id: value for id, value in p.items() if value is not None}
    p_holm = dict(zip(tested, holm([*tested.values()]), strict=True))
    return {
        claim.id: JudgedClaim(
            **claim.model_dump(exclude={"id", "found_on_seed", "parts"}),
            verdict=_verdict(claim, parts, seed),
            parts=parts,
            p=p.get(claim.id),
            p_holm=p_holm.get(claim.id),
        )
        for claim, parts in judged
    }


def _p_of(parts: list[JudgedPart]) -> float | None:
    """Return the largest p of parts that must all hold; None if some part has none."""
    values = [part.p for part in parts]
    return None if None in values else max(values)


def _verdict(claim: Claim, parts: list[JudgedPart], seed: int | None) -> Verdict:
    if seed is not None and claim.found_on_seed == seed:
        return "not evaluated"
    outcome = conjunction([part.outcome for part in parts])
    return OURS.get(outcome, outcome) if claim.kind == "mechanism" else outcome


def conjunction(outcomes: list[Outcome]) -> Outcome:
    """Return the outcome of parts all of which must hold."""
    for outcome in ("contradicted", "not evaluated", "inconclusive"):
        if outcome in outcomes:
            return outcome
    return "reproduced"
