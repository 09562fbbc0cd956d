"""The abstract and the findings: words by the verdict, numbers from the metrics."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.records import OUTCOMES, Exploration, JudgedPart
from capsnet_study.common.storage import read_yaml
from capsnet_study.report.findings import (
    ABSTRACT,
    Judged,
    abstract,
    also,
    finding,
    findings_of,
)
from capsnet_study.report.statements import HARM_IN_R2, ROUTING, STATEMENTS
from capsnet_study.report.text import parts_met
from tests.project import ROOT
from tests.report.report_inputs import PARAMS, results_of
from tests.tables import claim_record, part_record

DECLARED = {claim.id: claim for claim in parse_claims(read_yaml(ROOT / "claims.yaml"))}


def claim(verdict: str, *means: float | None, outcomes: tuple[str, ...] = ()) -> Judged:
    """A claim whose parts have these means and, unless told, the outcome that is its verdict."""
    parts = [
        part_record(mean=mean, low=-0.02, high=0.03, outcome=outcome)
        for mean, outcome in zip(means, outcomes or (verdict,) * len(means), strict=True)
    ]
    return Judged(verdict, parts)


def told(verdict: str) -> str:
    """The second sentence of an abstract, on C2 and C3, both with this verdict."""
    claims = {"C2": claim(verdict, -0.013, -0.0268), "C3": claim(verdict, -0.0276, -0.0057)}
    return abstract(claims, {})[1]


def test_the_abstract_says_what_the_verdicts_are():
    assert told("reproduced") == (
        "Many iterations do harm (nine end 2.7 points below three), and an update rate of 0.01 "
        "does better than one of 1 (it ends 2.8 points below that of 1)."
    )
    assert told("contradicted") == (
        "Many iterations do not always do harm (nine end 2.7 points below three), and an update "
        "rate of 0.01 does not do better than one of 1 (it ends 2.8 points below that of 1)."
    )
    assert told("inconclusive") == (
        "It is open whether many iterations do harm (nine end 2.7 points below three), and whether "
        "an update rate of 0.01 does better than one of 1 (it ends 2.8 points below that of 1)."
    )
    assert told("not evaluated") == (
        "This run cannot tell whether many iterations do harm, and whether an update rate of 0.01 "
        "does better than one of 1."
    )


def test_two_verdicts_in_one_sentence_are_told_apart():
    claims = {"C2": claim("inconclusive", 0.0, 0.01), "C3": claim("reproduced", 0.02, 0.01)}
    assert abstract(claims, {})[1] == (
        "It is open whether many iterations do harm (nine end 1.0 points above three), and an "
        "update rate of 0.01 does better than one of 1 (it ends 2.0 points above that of 1)."
    )


def test_claims_that_were_not_judged_are_not_evaluated():
    sentences = abstract({}, {})
    assert len(sentences) == 5
    assert all(one.startswith("This run cannot tell whether") for one in sentences)
    assert finding("X4", {}) == (
        "**X4, not evaluated.** This run cannot tell whether the couplings of another image do "
        "harm."
    )


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+ of \d+|\d+\.\d+|\.\d+", text))


def numbers_of(claims: Mapping[str, Judged]) -> set[str]:
    """All numbers that the abstract may say of these claims, and the rate that it names."""
    means = [part.mean for one in claims.values() for part in one.parts]
    points = {f"{abs(100 * mean):.1f}" for mean in means if mean is not None}
    return points | {parts_met(one) for one in claims.values()} | {"0.01"}


@pytest.mark.parametrize("verdict", OUTCOMES)
def test_every_number_of_the_abstract_is_one_of_the_metrics(verdict):
    results = results_of(PARAMS)
    claims = findings_of(results.claims, results.exploratory)
    named = {id: claims[id]._replace(verdict=verdict) for pair in ABSTRACT for id in pair}
    found = numbers(" ".join(abstract(named, {})))
    assert found <= numbers_of(named)
    assert (len(found) > 5) == (verdict != "not evaluated")


def test_the_part_that_decides_is_the_one_told():
    outcomes = ("contradicted", "reproduced")
    found = finding("T2", {"T2": claim("contradicted", 0.08, 0.01, outcomes=outcomes)})
    assert "8.0 points with one kept layer" in found
    both = finding("T2", {"T2": claim("contradicted", 0.08, 0.09)})
    assert both == (
        "**T2, contradicted.** A change of domain costs the CapsNet more than a little: 9.0 points "
        "with two kept layers [−2.0, +3.0]."
    )


def test_a_part_without_a_value_gives_no_number():
    found = finding("C2", {"C2": claim("inconclusive", None, None)})
    assert found == "**C2, inconclusive.** It is open whether many iterations do harm."


def test_a_correlation_over_arms_has_its_p():
    part = part_record(mean=-0.0604, p=0.5726, low=None, high=None, outcome="inconclusive")
    found = finding("C7", {"C7": Judged("inconclusive", [part])})
    assert found.endswith("bodes ill: rank correlation over arms −0.06, p = .57.")


def test_what_is_not_counted_in_points_has_no_interval_in_points():
    found = finding("X7", {"X7": claim("reproduced", -0.31, -0.2)})
    assert found.endswith(": −0.31 effective capsules by gradient for nine against three.")
    found = finding("C4", {"C4": claim("reproduced", 0.1, 0.2, 0.3)})
    assert found.endswith(": in 3 of 3 steps of the rate.")


def with_arms(*parts: JudgedPart) -> Exploration:
    return replace(explore([], {}), arms=parts)


def test_routing_itself_is_three_iterations_minus_uniform_coupling():
    part = part_record(of="n3", minus="n1", mean=0.051, outcome="reproduced")
    claims = findings_of({}, with_arms(replace(part, measure="area_under_curve"), part))
    assert claims[ROUTING].parts == [part]
    assert finding(ROUTING, claims).startswith("**Routing itself.** Routing between capsules helps")


def test_the_abstract_has_of_x17_what_happens_in_r2():
    part = part_record(of="n3", minus="n1", mean=0.051, outcome="reproduced")
    harm = part_record(mean=-0.043, outcome="reproduced")
    x17 = claim_record(harm, part_record(mean=0.02), verdict="contradicted")
    claims = findings_of({"X17": x17}, with_arms(part))
    claims["X6"] = claim("reproduced", 0.047, 0.045, 0.002)
    assert abstract(claims, {})[2].endswith(
        "and many iterations do harm there (nine in R2 only end 4.3 points below three in R2 only)."
    )


def test_the_abstract_says_where_a_longer_base_decides_otherwise():
    claims = {"T3": claim("reproduced", 0.03, 0.083), "T2": claim("contradicted", 0.05, 0.097)}
    longer = {"T1": "contradicted", "T3": "inconclusive"}
    told = "the CNN loses 8.3 points more; inconclusive from a base of equal length), and"
    assert told in abstract(claims, longer)[4]
    for verdict in ("reproduced", "not evaluated"):
        assert "equal length" not in abstract(claims, {"T3": verdict})[4]


def test_statements_are_of_declared_claims_and_their_parts():
    apart = {ROUTING, HARM_IN_R2}
    assert STATEMENTS.keys() - apart <= DECLARED.keys()
    for id, statement in STATEMENTS.items():
        assert statement.holds != statement.fails
        assert id in apart or max(statement.evidence) < len(DECLARED[id].parts)


def test_another_part_is_told_as_a_sentence():
    claims = {"X1": claim("contradicted", -0.654, -0.0105)}
    assert also("X1", 1, claims) == (
        "Nine in the first quarter, then three, end 1.1 points below three throughout [−2.0, +3.0]."
    )
    assert also("X1", 1, {"X1": claim("not evaluated", None, None)}) == also("X1", 1, {}) == ""


def test_the_part_of_which_a_finding_tells_is_not_told_again():
    outcomes = ("reproduced", "inconclusive")
    claims = {"X17": claim("inconclusive", -0.043, 0.01, outcomes=outcomes)}
    assert "nine in R1 only end 1.0 points above three in R1 only" in finding("X17", claims)
    assert also("X17", 1, claims) == ""
    assert also("X17", 0, claims) == (
        "Nine in R2 only end 4.3 points below three in R2 only [−2.0, +3.0]."
    )


def test_trials_that_agree_are_counted_beside_a_wide_interval():
    found = finding("X16", {"X16": claim("inconclusive", -0.1975, -0.2)})
    assert "19.8 points below nine throughout, above in 3 of 3 trials [−2.0, +3.0]" in found
