"""Findings in words: a clause for each claim, chosen by its verdict, with its key number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from capsnet_study.claims.records import Claims, Exploration, JudgedPart, Outcome
from capsnet_study.claims.words import p_text
from capsnet_study.report.statements import HARM_IN_R2, ROUTING, STATEMENTS
from capsnet_study.report.text import against, fixed, more, parts_met, points, within

ABSTRACT = ((ROUTING, "C1"), ("C2", "C3"), ("X6", HARM_IN_R2), ("M2", "X12"), ("T3", "T2"))
UNDECIDED = {
    "inconclusive": "it is open whether",
    "not evaluated": "this run cannot tell whether",
}


class Judged(NamedTuple):
    """A verdict and the parts that it follows from: of a claim, or of a single part."""

    verdict: Outcome
    parts: Sequence[JudgedPart]


Findings = Mapping[str, Judged]


class Clause(NamedTuple):
    """A finding in three pieces: what keeps it open, if anything, the statement, its evidence."""

    doubt: str
    statement: str
    evidence: str

    def __str__(self) -> str:
        evidence = f" ({self.evidence})" if self.evidence else ""
        return f"{self.doubt} {self.statement}{evidence}".strip()


def findings_of(claims: Claims, exploratory: Exploration) -> dict[str, Judged]:
    """Return the claims, and as two more `ROUTING` and what X17 says of R2."""
    findings = {id: Judged(claim.verdict, claim.parts) for id, claim in claims.items()}
    (routing,) = [
        part
        for part in exploratory.arms
        if (part.measure, part.of, part.minus) == ("exact_match", "n3", "n1")
    ]
    findings[ROUTING] = Judged(routing.outcome, [routing])
    if "X17" in claims:
        in_r2 = claims["X17"].parts[0]
        findings[HARM_IN_R2] = Judged(in_r2.outcome, [in_r2])
    return findings


def abstract(findings: Findings, on_longer_base: Mapping[str, Outcome]) -> list[str]:
    """Return what routing does, in five sentences.

    Parameters
    ----------
    findings
        As `findings_of` returns them.
    on_longer_base
        Verdicts on transfer from a base that trains as long as kept layers have.
    """
    clauses = {id: clause(id, findings) for pair in ABSTRACT for id in pair}
    for id in clauses.keys() & on_longer_base.keys():
        verdict = on_longer_base[id]
        if verdict not in (verdict_of(id, findings), "not evaluated"):
            evidence = f"{clauses[id].evidence}; {verdict} from a base of equal length"
            clauses[id] = clauses[id]._replace(evidence=evidence)
    return [_sentence(*(clauses[id] for id in pair)) for pair in ABSTRACT]


def finding(id: str, findings: Findings) -> str:
    """Return a claim's clause as a sentence of its own, with its verdict and the interval."""
    doubt, statement, evidence = clause(id, findings)
    name = "Routing itself" if id == ROUTING else f"{id}, {verdict_of(id, findings)}"
    numbers = f": {evidence}{_interval(id, findings[id])}" if evidence else ""
    return f"**{name}.** {_capital(f'{doubt} {statement}'.strip())}{numbers}."


def also(id: str, place: int, findings: Findings) -> str:
    """Return what a part of a claim says, as a sentence.

    Nothing where it has no value, or is the deciding one, which is in the finding.
    """
    if id not in findings or (part := findings[id].parts[place]).mean is None:
        return ""
    if findings[id].verdict != "not evaluated" and place == _deciding(id, findings[id])[0]:
        return ""
    return f"{_capital(_evidence(id, place, findings[id]))} {within(part)}."


def clause(id: str, findings: Findings) -> Clause:
    """Return what is to be said of a claim; one that was not judged is not evaluated."""
    statement, verdict = STATEMENTS[id], verdict_of(id, findings)
    text = statement.fails if verdict == "contradicted" else statement.holds
    evidence = "" if verdict == "not evaluated" else evidence_of(id, findings[id])
    return Clause(UNDECIDED.get(verdict, ""), text, evidence)


def verdict_of(id: str, findings: Findings) -> Outcome:
    """Return the verdict on a claim; "not evaluated" if it was not judged."""
    return findings[id].verdict if id in findings else "not evaluated"


def evidence_of(id: str, claim: Judged) -> str:
    """Return the numbers of the part that decides a claim; nothing where it has no value."""
    place, part = _deciding(id, claim)
    return "" if part.mean is None else _evidence(id, place, claim)


def _evidence(id: str, place: int, claim: Judged) -> str:
    part = claim.parts[place]
    return (
        STATEMENTS[id]
        .evidence[place]
        .format(
            gap=against(part.mean, 0.0),
            size=points(part.mean),
            more=more(part.mean),
            mean=fixed(part.mean, 2, sign=True),
            p=p_text(part.p),
            met=parts_met(claim),
            agree=f"{part.agree} of {part.n}",
        )
    )


def _deciding(id: str, claim: Judged) -> tuple[int, JudgedPart]:
    """Return the most telling part whose outcome is the verdict, and its place."""
    places = list(STATEMENTS[id].evidence)
    decisive = [place for place in places if claim.parts[place].outcome == claim.verdict]
    place = (decisive or places)[0]
    return place, claim.parts[place]


def _interval(id: str, claim: Judged) -> str:
    """Return the interval of the part that decides, if its evidence is in points."""
    place, part = _deciding(id, claim)
    evidence = STATEMENTS[id].evidence[place]
    if part.low is None or "{met}" in evidence or "{mean}" in evidence:
        return ""
    return f" {within(part)}"


def _sentence(first: Clause, second: Clause) -> str:
    if first.doubt and first.doubt == second.doubt:
        second = second._replace(doubt="whether")
    return _capital(f"{first}, and {second}.")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
