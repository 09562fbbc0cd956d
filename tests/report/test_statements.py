"""What the report says of a claim fits the parts that it says it of."""

import re
from collections.abc import Iterator

import pytest

from capsnet_study.claims.declarations import Part, parse_claims
from capsnet_study.common.storage import read_yaml
from capsnet_study.report.statements import HARM_IN_R2, ROUTING, STATEMENTS
from tests.project import ROOT

DECLARED = {claim.id: claim for claim in parse_claims(read_yaml(ROOT / "claims.yaml"))}
PLACED = {HARM_IN_R2: "X17"}  # it is told of the first part of that claim

CALLED = {
    "n1": ("uniform coupling",),
    "n3": ("three", "three throughout"),
    "n5": ("they",),
    "n7": ("seven",),
    "n9": ("nine", "nine throughout"),
    "n6_eta0p01": ("it",),
    "n6_eta1": ("that of 1",),
    "n6_fitness": ("it",),
    "n9_late": ("nine from a quarter of the steps on",),
    "n9_late3": ("they",),
    "n9_early": ("nine in the first quarter, then three",),
    "n3_r1": ("three in R1 only", "routing in R1 only", "routing to Cap1 (R1) only"),
    "n3_r2": ("three in R2 only", "routing in R2 only"),
    "n9_r1": ("nine in R1 only",),
    "n9_r2": ("nine in R2 only",),
}
MEASURED = {
    "one kept layer": "1",
    "two kept layers": "2",
    "by gradient": "gradient",
    "by coupling mass": "mass",
    "at a tenth of the steps": "at_tenth",
    "at 30 % of the steps": "at_third",
    "averaged over training": "area_under_curve",
    "in training and at test": "exact_match",
    "in a trained network": "loss_",
    "one iteration in place of three": "loss_n_test_1_",
}
"""What names of measures hold, by the words that tell of them."""

OTHERWISE = {ROUTING: "harm", "T2": "more than a little", "X7": "as even", "X16": "worse"}
"""What is said, and no "not", of claims that fail by something else."""


def told() -> Iterator[tuple[str, str, Part]]:
    """Yield each evidence with the id of its claim and the part that it is of."""
    for id, statement in STATEMENTS.items():
        if id != ROUTING:
            for place, text in statement.evidence.items():
                yield id, text, DECLARED[PLACED.get(id, id)].parts[place]


GAPS = [(text, part) for _, text, part in told() if "{gap}" in text]


@pytest.mark.parametrize("text, part", GAPS, ids=[text for text, _ in GAPS])
def test_a_gap_is_of_the_first_arm_named_to_the_second(text: str, part: Part) -> None:
    before, after = re.split(r",? (?:ends?|is) \{gap\} ", text)
    after = after.partition(", above in")[0]
    assert any(before.endswith(name) for name in CALLED[part.of])
    if part.kind == "best_difference":
        assert after == "the best of them"
    else:
        assert after in CALLED[part.minus]


def test_evidence_is_of_the_measure_of_its_part() -> None:
    found = set()
    for id, text, part in told():
        measure = getattr(part, "measure", None) or part.x
        for words, name in MEASURED.items():
            if words in text:
                assert re.search(name, measure), (id, text, measure)
                found.add(words)
    assert found == MEASURED.keys()


def test_what_holds_is_affirmed_and_what_fails_denied() -> None:
    denies = re.compile(r"\b(?:not|no|hardly)\b")
    for id, statement in STATEMENTS.items():
        assert not denies.search(statement.holds), id
        if id in OTHERWISE:
            assert OTHERWISE[id] in statement.fails and OTHERWISE[id] not in statement.holds
        assert bool(denies.search(statement.fails)) == (id not in OTHERWISE), id
