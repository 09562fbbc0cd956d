"""Do the claims hold? Each claim of claims.yaml judged on the tables of results.

All claims are judged by one rule: a 95 % interval wholly on the expected side is "reproduced",
wholly on the other side "contradicted", anything else "inconclusive"; what cannot be computed is
"not evaluated". The interval is the bootstrap's for the paper's claims, and a more cautious one for
mechanism claims. Of equivalences, whose means should lie within a bound, two one-sided tests
decide: the 90 % interval.
"""

from collections.abc import Iterable, Mapping

from capsnet_study.claims.declarations import Claim
from capsnet_study.claims.kinds import Kind, of_kind
from capsnet_study.claims.methods import METHODS, Method
from capsnet_study.claims.parts import Result, judge_parts
from capsnet_study.claims.significance import holm
from capsnet_study.claims.tables import Tables, with_measures


def evaluate_claims(
    claims: Iterable[Claim],
    tables: Tables,
    methods: Mapping[Kind, Method] = METHODS,
    seed: int | None = None,
) -> dict[str, Result]:
    """Judge every claim.

    Parameters
    ----------
    claims : as `parse_claims` returns them.
    tables : by name: ``fitting`` (one row an arm and trial, with the arm's model, n_iter and eta),
        ``mechanism`` (the same of more arms, with the arm's block), ``interventions`` (one row an
        arm, trial, layer and change), ``manifold`` (one row a model, trial and digit pair),
        ``transfer`` (one row a model, split, direction and scheme). A table that is not there
        leaves its claims "not evaluated".
    methods : how parts are judged, by kind of claim; the rule's, if not given.
    seed : of the trainings; a claim that was found on it is "not evaluated".

    Returns
    -------
    By claim id: kind, section, title, paper, rule, control, verdict, and parts. Each part has

    - what it is: kind (difference, level, correlation, equivalence, difference_of_differences or
      curvature), table, and where they apply, else None, measure, of, minus, group (of arms), x and
      y; a difference of differences also over and minus_over;
    - what was found: n (units or arms), dropped (those left out of n since the measure has no value
      there, as a rank correlation with a constant entropy), agree (units whose own value lies where
      the part should), mean, sd (standard deviation of the values; None of fewer than two), low and
      high (None where there is no interval), p (of what is over arms, and of all parts of mechanism
      claims); an equivalence also low_90 and high_90, a curvature also vertex;
    - how it is judged: side (above, below or within) and bound, where it should lie; outcome.

    A mechanism claim also has if_holds, if_not, p (the largest of its parts': all must hold) and
    p_holm, that adjusted for the number of mechanism claims with one. They decide nothing.

    Raises
    ------
    ValueError
        If a claim names a measure that its table lacks.
    """
    wide = with_measures(tables)
    records = {
        claim.id: _judge_claim(claim, judge_parts(claim.parts, wide, methods[claim.kind]), seed)
        for claim in claims
    }
    tested = {id: one for id, one in of_kind(records, "mechanism").items() if one["p"] is not None}
    adjusted = holm([claim["p"] for claim in tested.values()])
    for id, p in zip(tested, adjusted, strict=True):
        records[id]["p_holm"] = p
    return records


def _judge_claim(claim: Claim, parts: list[Result], seed: int | None) -> Result:
    outcomes = [part["outcome"] for part in parts]
    found_here = seed is not None and claim.found_on_seed == seed
    record = {
        "kind": claim.kind,
        "section": claim.section,
        "title": claim.title,
        "paper": claim.paper,
        "rule": claim.rule,
        "control": claim.control,
        "verdict": "not evaluated" if found_here else conjunction(outcomes),
        "parts": parts,
    }
    if claim.kind == "mechanism":
        told = [part["p"] for part in parts]
        p = None if None in told else max(told)
        record |= {"if_holds": claim.if_holds, "if_not": claim.if_not, "p": p, "p_holm": None}
    return record


def conjunction(outcomes: list[str]) -> str:
    """The verdict on a claim all of whose parts must hold."""
    for outcome in ("contradicted", "not evaluated", "inconclusive"):
        if outcome in outcomes:
            return outcome
    return "reproduced"
