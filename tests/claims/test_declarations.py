"""What claims.yaml may say."""

import json
from hashlib import sha256
from itertools import chain

import pytest

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.records import Claims, from_json, to_json
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.storage import read_yaml
from tests.project import text_of
from tests.tables import ARMS, CLAIMS, fitting_trials

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
FIXED = "0b1fe8e1683e"  # of all that stands before the mechanism claims
MEANING = {"if_holds": "h", "if_not": "n"}


def claim_of(*parts: dict, id: str = "X1") -> dict:
    head = {"id": id, "section": "0", "title": "t", "paper": "p", "rule": "r"}
    return head | {"parts": list(parts)}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (DIFFERENCE | {"expect": "about 0"}, "above X"),
        (DIFFERENCE | {"expect": "within -1"}, "within must be above 0"),
        (DIFFERENCE | {"units": "trial"}, "units"),
        (DIFFERENCE | {"kind": "ratio"}, "ratio"),
        (DIFFERENCE | {"of": 5}, "valid string"),
        (DIFFERENCE | {"table": "training"}, "'fitting', 'manifold'"),
        (CORRELATION | {"expect": "below 0"}, "above 0"),
        (CORRELATION | {"over": "n3"}, "'capsule_arms', 'routed_arms' or 'routed_full_arms'"),
        (CORRELATION | {"kind": "curvature"}, "below 0"),
        (CORRELATION | {"table": "manifold"}, "'fitting' or 'mechanism'"),
        (EQUIVALENCE | {"bound": 0.0}, "greater than 0"),
        (EQUIVALENCE | {"expect": "within 0.01"}, "expect"),
    ],
)
def test_a_faulty_declaration_is_refused(part, message):
    with pytest.raises(ValueError, match=message):
        parse_claims([claim_of(part)])


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (claim_of(DIFFERENCE | {"expect": "abov 0"}),
         "claims.yaml: X1: parts.0.expect = 'abov 0': must read 'above X', 'below X' or "),
        (claim_of(DIFFERENCE) | {"id": "12"}, "claims.yaml: 12: id = '12': "),
        (claim_of(), "claims.yaml: X1: parts: List should have at least 1 item"),
        (claim_of(DIFFERENCE) | {"kind": "mechanism"}, "claims.yaml: X1: a claim of the kind mec"),
        ("C1", "claims.yaml: claim 2: "),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_claim_and_place(claim, message):
    with pytest.raises(ValueError) as refused:
        parse_claims([claim_of(DIFFERENCE, id="X2"), claim])
    assert str(refused.value).startswith(message)


def test_what_was_found_on_a_seed_is_not_judged_on_it():
    table = {"fitting": fitting_trials({"n3": [0.5, 0.6], "n1": [0.1, 0.2]})}
    claims = parse_claims([claim_of(DIFFERENCE | {"of": "n3", "minus": "n1"}, id="C1")])
    found = [claim.model_copy(update={"found_on_seed": 0}) for claim in claims]
    verdicts = {
        seed: evaluate_claims(found, table, seed=seed)["C1"].verdict for seed in (0, 1, None)
    }
    assert verdicts == {0: "not evaluated", 1: "reproduced", None: "reproduced"}
    assert evaluate_claims(claims, table, seed=0)["C1"].verdict == "reproduced"
    assert [claim.id for claim in CLAIMS if claim.found_on_seed == 0] == ["X3", "X8"]


def test_a_claim_has_parts_and_an_id_of_its_own():
    with pytest.raises(ValueError, match="at least 1 item"):
        parse_claims([claim_of()])
    with pytest.raises(ValueError, match="more than one claim with id X1, X2"):
        parse_claims([claim_of(DIFFERENCE, id=id) for id in ("X1", "X2", "X3", "X2", "X1")])


@pytest.mark.parametrize("line", ["  title: another\n", "  control: true\n  control: false\n"])
def test_a_key_that_stands_twice_is_refused_with_its_file_and_line(tmp_path, line):
    head, second, rest = text_of("claims.yaml").partition("- id: C2\n")
    path = tmp_path / "claims.yaml"
    path.write_text(head + second + line + rest)
    twice = line.strip().partition(":")[0]
    with pytest.raises(ValueError, match=rf"claims\.yaml: line \d+: {twice} is listed twice"):
        read_yaml(path)


@pytest.mark.parametrize("given", [{"kind": "mechanism"}, MEANING, {"if_not": "n"}])
def test_a_mechanism_claim_and_no_other_says_what_it_means(given):
    with pytest.raises(ValueError, match="if_holds and if_not"):
        parse_claims([claim_of(DIFFERENCE) | given])
    (claim,) = parse_claims([claim_of(DIFFERENCE) | MEANING | {"kind": "mechanism"}])
    assert (claim.kind, claim.if_holds, claim.if_not) == ("mechanism", "h", "n")
    assert parse_claims([claim_of(DIFFERENCE)])[0].kind == "paper"


def test_the_rules_of_the_paper_s_claims_are_those_that_were_fixed():
    text = text_of("claims.yaml").partition("\n# Mechanism claims")[0]
    assert sha256(text.encode()).hexdigest().startswith(FIXED)


def test_all_claims_are_judged_without_any_result():
    ids = [*(f"C{k}" for k in range(1, 9)), "M1", "M2", "M3", "T1", "T2", "T3"]
    assert [claim.id for claim in CLAIMS if claim.kind == "paper"] == ids
    assert [claim.id for claim in CLAIMS] == [*ids, *(f"X{k}" for k in range(1, 18))]
    judged = evaluate_claims(CLAIMS, {})
    assert {claim.verdict for claim in judged.values()} == {"not evaluated"}
    assert [id for id, claim in judged.items() if claim.control] == ["M3"]
    plain = to_json(judged)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert from_json(plain, Claims) == judged


def test_the_claims_name_arms_of_the_sweep():
    parts = chain.from_iterable(claim.parts for claim in CLAIMS)
    named = [part.model_dump() for part in parts if part.table == "fitting"]
    pairs = [(part.get("of"), part.get("minus")) for part in named]
    rivals = [part.get("minus_best_of") or [] for part in named]
    assert set(chain(*pairs, *rivals)) - {None} <= ARMS.keys()
