"""What claims.yaml may say, and that its rules are those declared before the data."""

import json
from hashlib import sha256
from itertools import chain

import pytest

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.records import Claims, OtherVersionError, from_json, to_json
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.storage import read_yaml
from tests.cause_tables import ALL_ARMS, PARAMS
from tests.project import ROOT
from tests.tables import CLAIMS, claim_record, part_record

DIFFERENCE = {
    "kind": "difference",
    "table": "fitting",
    "measure": "exact_match",
    "of": "n5",
    "minus": "n3",
    "expect": "above 0",
}
CORRELATION = {
    "kind": "correlation",
    "table": "fitting",
    "x": "entropy_at_tenth",
    "y": "exact_match",
    "over": "capsule_arms",
    "expect": "above 0",
}
EQUIVALENCE = {key: DIFFERENCE[key] for key in ("table", "measure", "of", "minus")} | {
    "kind": "equivalence",
    "bound": 0.01,
}
MEANING = {"if_holds": "h", "if_not": "n"}
FIXED = "15ac364d5385"  # the start of the checksum of all rules and parts up to X23


def claim_of(*parts: dict, id: str = "X1") -> dict:
    head = {"id": id, "section": "0", "title": "t", "paper": "p", "rule": "r"}
    return head | {"parts": list(parts)}


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (DIFFERENCE | {"expect": "about 0"}, "expect = 'about 0': must read 'above X', 'below X'"),
        (DIFFERENCE | {"expect": "within -1"}, "expect = 'within -1': "),
        (DIFFERENCE | {"units": "trial"}, "units = 'trial': "),
        (CORRELATION | {"expect": "below 0"}, "expect = 'below 0': must be 'above 0' here"),
        (CORRELATION | {"table": "manifold"}, "table = 'manifold': "),
        (CORRELATION | {"kind": "curvature"}, "expect = 'above 0': must be 'below 0' here"),
        (EQUIVALENCE | {"bound": 0.0}, "bound = 0.0: "),
    ],
)
def test_a_wrong_part_is_refused_with_claim_place_and_value(part, place):
    with pytest.raises(ValueError) as refused:
        parse_claims([claim_of(DIFFERENCE, id="X2"), claim_of(part)])
    assert str(refused.value).startswith(f"claims.yaml: X1: parts.0.{place}")


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (claim_of(DIFFERENCE | {"kind": "ratio"}), "X1: parts.0: .*'ratio'"),
        (claim_of(DIFFERENCE) | {"id": "12"}, "12: id = '12': "),
        (claim_of(), "X1: parts: .*at least 1 item"),
        (claim_of(DIFFERENCE) | {"kind": "mechanism"}, "X1: .* if_holds and if_not"),
        (claim_of(DIFFERENCE) | MEANING, "X1: .* if_holds and if_not"),
        (claim_of(DIFFERENCE, id="X2"), "more than one claim with id X2"),
        ("C1", "claim 2: "),
    ],
)
def test_a_wrong_claim_is_refused(claim, message):
    with pytest.raises(ValueError, match=f"^claims.yaml: {message}"):
        parse_claims([claim_of(DIFFERENCE, id="X2"), claim])


def test_rules_and_parts_of_declared_claims_never_change():
    claims = read_yaml(ROOT / "claims.yaml")[:37]
    assert claims[-1]["id"] == "X23"
    fixed = json.dumps([[claim["id"], claim["rule"], claim["parts"]] for claim in claims])
    assert sha256(fixed.encode()).hexdigest().startswith(FIXED)


def test_all_claims_can_be_judged_and_stored_without_any_result():
    judged = evaluate_claims(CLAIMS, {})
    assert list(judged) == [claim.id for claim in CLAIMS]
    assert {claim.verdict for claim in judged.values()} == {"not evaluated"}
    plain = to_json(judged)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert from_json(plain, Claims) == judged


def test_claims_name_arms_of_params():
    parts = chain.from_iterable(claim.parts for claim in CLAIMS)
    named = [part.model_dump() for part in parts if part.table in ("fitting", "mechanism")]
    pairs = [(part.get("of"), part.get("minus")) for part in named]
    rivals = [part.get("minus_best_of") or [] for part in named]
    assert set(chain(*pairs, *rivals)) - {None} <= PARAMS.sweep.keys() | ALL_ARMS.keys()


def test_records_of_another_version_are_refused_with_the_first_fault():
    plain = to_json({"C1": claim_record(part_record())})
    del plain["C1"]["parts"][0]["n"]
    with pytest.raises(OtherVersionError, match=r"C1\.parts\.0\.n: .*`dvc repro`"):
        from_json(plain, Claims)
