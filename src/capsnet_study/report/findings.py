"""What was found, in words: a clause for each claim, chosen by its verdict, with its key number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from capsnet_study.claims.words import p_text
from capsnet_study.report.facts import Record
from capsnet_study.report.statements import HARM_IN_R2, ROUTING, STATEMENTS
from capsnet_study.report.text import against, fixed, more, parts_met, points, within

Claims = Mapping[str, Record]

ABSTRACT = ((ROUTING, "C1"), ("C2", "C3"), ("X6", HARM_IN_R2), ("M2", "X12"), ("T3", "T2"))
UNDECIDED = {
    "inconclusive": "it is open whether",
    "not evaluated": "this run cannot tell whether",
}


class Clause(NamedTuple):
    """A finding in three pieces: what keeps it open, if anything, the statement, its evidence."""

    doubt: str
    statement: str
    evidence: str

    def __str__(self) -> str:
        evidence = f" ({self.evidence})" if self.evidence else ""
        return f"{self.doubt} {self.statement}{evidence}".strip()


def with_parts(claims: Claims, exploratory: Record) -> Claims:
    """Return the claims, and what is told as one: `ROUTING`, and of X17 what happens in R2."""
    (routing,) = [
        part
        for part in exploratory["arms"]
        if (part["measure"], part["of"], part["minus"]) == ("exact_match", "n3", "n1")
    ]
    alone = {ROUTING: routing}
    if "X17" in claims:
        alone[HARM_IN_R2] = claims["X17"]["parts"][0]
    found = {id: {"verdict": part["outcome"], "parts": [part]} for id, part in alone.items()}
    return {**claims, **found}


def abstract(claims: Claims, on_longer_base: Claims) -> list[str]:
    """Return what routing does, in five sentences.

    Parameters
    ----------
    claims
        Those of the paper, of the mechanism, and what `with_parts` adds.
    on_longer_base
        Claims on transfer, judged from a base that trains as long as kept layers have.
    """
    told = {id: clause(id, claims) for pair in ABSTRACT for id in pair}
    for id in told.keys() & on_longer_base.keys():
        verdict = on_longer_base[id]["verdict"]
        if verdict not in (verdict_of(id, claims), "not evaluated"):
            evidence = f"{told[id].evidence}; {verdict} from a base of equal length"
            told[id] = told[id]._replace(evidence=evidence)
    return [_sentence(*(told[id] for id in pair)) for pair in ABSTRACT]


def finding(id: str, claims: Claims) -> str:
    """Return a claim's clause as a sentence of its own, with its verdict and the interval."""
    found = clause(id, claims)
    name = "Routing itself" if id == ROUTING else f"{id}, {verdict_of(id, claims)}"
    evidence = f": {found.evidence}{_interval(id, claims[id])}" if found.evidence else ""
    return f"**{name}.** {_capital(f'{found.doubt} {found.statement}'.strip())}{evidence}."


def also(id: str, place: int, claims: Claims) -> str:
    """Return what a part of a claim says, as a sentence.

    Nothing where it has no value, or is the one that decides, of which the finding tells.
    """
    if id not in claims or (part := claims[id]["parts"][place])["mean"] is None:
        return ""
    if claims[id]["verdict"] != "not evaluated" and place == _deciding(id, claims[id])[0]:
        return ""
    return f"{_capital(_told(id, place, claims[id]))} {within(part)}."


def clause(id: str, claims: Claims) -> Clause:
    """Return what is to be said of a claim; one that was not judged is not evaluated."""
    statement, verdict = STATEMENTS[id], verdict_of(id, claims)
    text = statement.fails if verdict == "contradicted" else statement.holds
    evidence = "" if verdict == "not evaluated" else evidence_of(id, claims[id])
    return Clause(UNDECIDED.get(verdict, ""), text, evidence)


def verdict_of(id: str, claims: Claims) -> str:
    """Return the verdict on a claim, be it among those that were judged or not."""
    return claims[id]["verdict"] if id in claims else "not evaluated"


def evidence_of(id: str, claim: Record) -> str:
    """Return the numbers of the part that decides a claim; nothing where it has no value."""
    place, part = _deciding(id, claim)
    return "" if part["mean"] is None else _told(id, place, claim)


def _told(id: str, place: int, claim: Record) -> str:
    part = claim["parts"][place]
    mean = part["mean"]
    return (
        STATEMENTS[id]
        .evidence[place]
        .format(
            gap=against(mean, 0.0),
            size=points(mean),
            more=more(mean),
            mean=fixed(mean, 2, sign=True),
            p=p_text(part["p"]),
            met=parts_met(claim),
            agree=f"{part['agree']} of {part['n']}",
        )
    )


def _deciding(id: str, claim: Record) -> tuple[int, Record]:
    """Return the most telling part whose outcome is the verdict, and its place."""
    parts, places = claim["parts"], list(STATEMENTS[id].evidence)
    decisive = [place for place in places if parts[place]["outcome"] == claim["verdict"]]
    place = (decisive or places)[0]
    return place, parts[place]


def _interval(id: str, claim: Record) -> str:
    """Return the interval of the part that decides, if the evidence tells of it in points."""
    place, part = _deciding(id, claim)
    evidence = STATEMENTS[id].evidence[place]
    if part["low"] is None or "{met}" in evidence or "{mean}" in evidence:
        return ""
    return f" {within(part)}"


def _sentence(first: Clause, second: Clause) -> str:
    if first.doubt and first.doubt == second.doubt:
        second = second._replace(doubt="whether")
    return _capital(f"{first}, and {second}.")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
