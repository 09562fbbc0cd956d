"""Claims: what claims.yaml may say, and each verdict on tables made by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims import Expectation, load_claims
from capsnet_study.verdicts import (
    conjunction,
    evaluate_claims,
    outcome_of,
    transfer_drops,
)

ROOT = Path(__file__).parents[1]
SCHEMES = ["base", "A1B", "A2B", "B1B", "B2B", "A1B+", "A2B+", "B1B+", "B2B+", "R1B", "R2B"]


def claim_of(*parts: str):
    lines = "\n".join(f"    - {{{part}}}" for part in parts)
    head = '- id: X1\n  section: "0"\n  title: t\n  paper: p\n  rule: r\n  parts:\n'
    return load_claims(head + lines)


def judge(tables, *parts: str) -> dict:
    return evaluate_claims(claim_of(*parts), tables)["X1"]


def fitting(**arms: list[float]) -> dict[str, pd.DataFrame]:
    """A fitting table of the given final accuracies, arm by arm; n2, n3, ... route."""
    rows = [
        {
            "arm": arm,
            "trial": trial,
            "model": "cnn" if arm == "cnn" else "capsnet",
            "n_iter": np.nan if arm == "cnn" else int(arm[1]),
            "eta": np.nan if arm == "cnn" else 1.0,
            "init_gain": np.nan,
            "exact_match": value,
            "entropy_at_tenth": 2 * value,
        }
        for arm, values in arms.items()
        for trial, value in enumerate(values)
    ]
    return {"fitting": pd.DataFrame(rows)}


DIFFERENCE = "kind: difference, table: fitting, measure: exact_match, of: n5, minus: n3, expect: "
LEVEL = "kind: level, table: fitting, measure: exact_match, of: n3, expect: "
NEAR = [0.90, 0.91, 0.92, 0.93, 0.94]


@pytest.mark.parametrize(
    ("expect", "shift", "outcome"),
    [
        ("above 0", 0.05, "reproduced"),
        ("above 0", -0.05, "contradicted"),
        ("below 0", -0.05, "reproduced"),
        ("below 0", 0.05, "contradicted"),
        ("below 0.05", 0.0, "reproduced"),
        ("within 0.01", 0.0, "reproduced"),
        ("within 0.01", 0.05, "contradicted"),
        ("within 0.01", -0.05, "contradicted"),
        ("within 0.01", 0.01, "inconclusive"),
    ],
)
def test_a_paired_difference(expect, shift, outcome):
    jitter = [0.002, -0.001, 0.0, 0.001, -0.002]
    tables = fitting(n3=NEAR, n5=[a + shift + j for a, j in zip(NEAR, jitter, strict=True)])
    result = judge(tables, DIFFERENCE + expect)
    (part,) = result["parts"]
    assert result["verdict"] == part["outcome"] == outcome
    assert part["n"] == 5 and part["mean"] == pytest.approx(shift)
    assert part["low"] < shift < part["high"]
    assert part["label"] == "exact_match: n5 − n3" and part["expected"] == expect


def test_an_interval_across_the_bound_decides_nothing():
    tables = fitting(n3=NEAR, n5=[0.80, 0.99, 0.85, 0.99, 0.97])
    assert judge(tables, DIFFERENCE + "above 0")["verdict"] == "inconclusive"


def test_an_interval_that_ends_on_the_bound_decides_nothing():
    assert outcome_of(0.0, 0.1, Expectation(kind="above", bound=0.0)) == "inconclusive"
    assert outcome_of(-0.01, 0.01, Expectation(kind="within", bound=0.01)) == "reproduced"


def test_trials_without_a_partner_are_left_out():
    tables = fitting(n3=NEAR, n5=[0.95, 0.96, np.nan])
    (part,) = judge(tables, DIFFERENCE + "above 0")["parts"]
    assert (part["n"], part["dropped"]) == (2, 1)


@pytest.mark.parametrize(("values", "n", "dropped"), [(NEAR, 5, 0), ([np.nan, 0.9], 1, 1)])
def test_units_without_a_value_are_counted(values, n, dropped):
    part = judge(fitting(n3=values), LEVEL + "above 0.5")["parts"][0]
    assert (part["n"], part["dropped"]) == (n, dropped)
    assert part["mean"] == pytest.approx(np.nanmean(values))


def test_an_arm_without_any_value_is_not_evaluated_and_says_how_many():
    part = "kind: each_level, table: fitting, measure: exact_match, each: routed_arms, expect: "
    result = judge(fitting(n2=NEAR, n3=[np.nan] * 5), part + "above 0")
    assert result["verdict"] == "not evaluated"
    assert [(one["n"], one["dropped"]) for one in result["parts"]] == [(5, 0), (0, 5)]


@pytest.mark.parametrize(
    ("tables", "n", "mean"),
    [
        (fitting(n3=[0.5], n5=[0.75]), 1, 0.25),
        (fitting(n3=NEAR), 0, None),
        (fitting(cnn=NEAR), 0, None),
        ({}, 0, None),
    ],
)
def test_too_little_to_evaluate(tables, n, mean):
    result = judge(tables, DIFFERENCE + "above 0")
    assert result["verdict"] == "not evaluated"
    part = result["parts"][0]
    assert (part["n"], part["mean"], part["low"], part["high"]) == (n, mean, None, None)


def test_a_measure_that_does_not_exist_is_refused():
    part = DIFFERENCE.replace("exact_match", "exact_mach") + "above 0"
    with pytest.raises(ValueError, match="no measure 'exact_mach'"):
        judge(fitting(n3=NEAR, n5=NEAR), part)


def test_all_parts_of_a_claim_must_hold():
    tables = fitting(n3=NEAR)
    holds, fails, missing = LEVEL + "above 0.5", LEVEL + "below 0.5", DIFFERENCE + "above 0"
    open_ = LEVEL + "above 0.92"
    assert judge(tables, holds, holds)["verdict"] == "reproduced"
    assert judge(tables, holds, open_)["verdict"] == "inconclusive"
    assert judge(tables, holds, open_, missing)["verdict"] == "not evaluated"
    assert judge(tables, holds, open_, missing, fails)["verdict"] == "contradicted"
    assert conjunction(["inconclusive", "contradicted"]) == "contradicted"


def test_each_arm_that_routes_is_a_part():
    tables = fitting(n1=NEAR, n2=NEAR, n3=NEAR, cnn=NEAR)
    part = "kind: each_level, table: fitting, measure: exact_match, each: routed_arms, expect: "
    labels = [p["label"] for p in judge(tables, part + "above 0")["parts"]]
    assert labels == ["exact_match: n2", "exact_match: n3"]
    assert judge(fitting(n1=NEAR), part + "above 0")["verdict"] == "not evaluated"


def test_the_best_rival_is_the_one_with_the_highest_mean():
    part = (
        "kind: best_difference, table: fitting, measure: exact_match, of: n9,"
        " minus_best_of: [n1, n2], expect: above 0"
    )
    tables = fitting(n1=NEAR, n2=[a - 0.1 for a in NEAR], n9=[a - 0.05 for a in NEAR])
    result = judge(tables, part)
    assert result["verdict"] == "contradicted"
    assert result["parts"][0]["label"] == "exact_match: n9 − n1"
    assert judge(fitting(n1=NEAR, n9=NEAR), part)["verdict"] == "not evaluated"


CORRELATION = (
    "kind: correlation, table: fitting, x: entropy_at_tenth, y: exact_match,"
    " over: capsule_arms, expect: above 0"
)


def with_early_entropy(slope: float, arms: int) -> dict[str, pd.DataFrame]:
    tables = fitting(**{f"n{k}": [0.1 * k, 0.1 * k + 0.01] for k in range(1, arms + 1)})
    table = tables["fitting"]
    return {"fitting": table.assign(entropy_at_tenth=slope * table["exact_match"])}


@pytest.mark.parametrize(
    ("slope", "arms", "outcome"),
    [
        (1.0, 6, "reproduced"),
        (-1.0, 6, "contradicted"),
        (1.0, 3, "inconclusive"),
        (0.0, 6, "not evaluated"),
        (1.0, 1, "not evaluated"),
    ],
)
def test_correlation_over_arms(slope, arms, outcome):
    result = judge(with_early_entropy(slope, arms), CORRELATION)
    assert result["verdict"] == outcome
    assert result["parts"][0]["n"] == arms


def test_an_arm_without_entropy_is_left_out_of_the_correlation_and_counted():
    tables = with_early_entropy(1.0, 7)
    table = tables["fitting"]
    table.loc[table["arm"] == "n4", "entropy_at_tenth"] = np.nan
    result = judge(tables, CORRELATION)
    assert result["verdict"] == "reproduced"
    assert (result["parts"][0]["n"], result["parts"][0]["dropped"]) == (6, 1)


def test_arms_with_an_initial_gain_of_their_own_are_in_no_group():
    tables = with_early_entropy(1.0, 6)
    table = tables["fitting"]
    table.loc[table["arm"] == "n6", ["init_gain", "entropy_at_tenth"]] = [2.0, -9.0]
    assert judge(tables, CORRELATION)["parts"][0]["n"] == 5
    part = "kind: each_level, table: fitting, measure: exact_match, each: routed_arms, expect: "
    labels = [one["label"] for one in judge(tables, part + "above 0")["parts"]]
    assert labels == [f"exact_match: n{k}" for k in range(2, 6)]


def test_correlation_may_be_open():
    tables = with_early_entropy(1.0, 6)
    shuffled = tables["fitting"]["arm"].map(dict(n1=3, n2=1, n3=6, n4=2, n5=5, n6=4))
    tables["fitting"]["entropy_at_tenth"] = shuffled.astype(float)
    assert judge(tables, CORRELATION)["verdict"] == "inconclusive"


def manifold(capsnet: float, other: float, name: str, trials: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    rows = [
        {"model": model, "trial": trial, "pair": pair, "linear_r2": value + rng.normal(0, 0.01)}
        for model, value, count in (("capsnet", capsnet, 3), (name, other, trials))
        for trial in range(count)
        for pair in ("7-8", "3-5", "0-1")
    ]
    return {"manifold": pd.DataFrame(rows)}


@pytest.mark.parametrize(
    ("name", "trials", "n"), [("cnn", 3, 9), ("cnn", 2, 6), ("pixels", 1, 9), ("pca", 1, 9)]
)
def test_manifold_pairs_by_trial_and_digit_pair(name, trials, n):
    part = f"kind: difference, table: manifold, measure: linear_r2, of: capsnet, minus: {name}"
    result = judge(manifold(0.9, 0.8, name, trials), part + ", expect: above 0")
    assert result["verdict"] == "reproduced"
    assert result["parts"][0]["n"] == n


def test_each_capsnet_trial_meets_the_pixels_of_its_own_digit_pair():
    table = manifold(0.0, 0.0, "pixels", 1)["manifold"]
    table["linear_r2"] = table["pair"].map({"7-8": 1.0, "3-5": 2.0, "0-1": 3.0})
    table.loc[table["model"] == "capsnet", "linear_r2"] += 0.5
    part = "kind: difference, table: manifold, measure: linear_r2, of: capsnet, minus: pixels"
    (result,) = judge({"manifold": table}, part + ", expect: above 0")["parts"]
    assert (result["low"], result["mean"], result["high"]) == pytest.approx((0.5, 0.5, 0.5))


def transfer(drop_capsnet: float, drop_cnn: float) -> pd.DataFrame:
    """Both models at 0.9 from scratch; the drops are 0.1 points up and down from split to split."""
    return pd.DataFrame(
        {
            "model": model,
            "split": split,
            "direction": direction,
            "scheme": scheme,
            "exact_match": 0.9 if scheme == "base" else 0.9 - drop - sway * (-1) ** split,
        }
        for model, drop, sway in (("capsnet", drop_capsnet, 0.001), ("cnn", drop_cnn, 0.002))
        for split in range(4)
        for direction in ("AB", "BA")
        for scheme in SCHEMES
    )


def test_drops_are_base_less_scheme():
    drops = transfer_drops(transfer(0.02, 0.10))
    assert len(drops) == 16 and "drop_base" not in drops
    means = drops.groupby("model")["drop_A1B"].mean()
    assert (means["capsnet"], means["cnn"]) == pytest.approx((0.02, 0.10), abs=2e-3)


@pytest.mark.parametrize(
    ("drops", "verdicts"),
    [
        ((0.02, 0.10), ["reproduced", "reproduced", "reproduced"]),
        ((0.10, 0.02), ["contradicted", "contradicted", "contradicted"]),
        ((0.02, 0.02), ["inconclusive", "reproduced", "inconclusive"]),
    ],
)
def test_the_transfer_claims(drops, verdicts):
    claims = [c for c in load_claims((ROOT / "claims.yaml").read_text()) if c.id[0] == "T"]
    judged = evaluate_claims(claims, {"transfer": transfer(*drops)})
    assert [judged[name]["verdict"] for name in ("T1", "T2", "T3")] == verdicts
    assert {part["n"] for claim in judged.values() for part in claim["parts"]} == {8}


def test_the_committed_claims_are_those_of_the_design_and_evaluate_without_results():
    claims = load_claims((ROOT / "claims.yaml").read_text())
    ids = [*(f"C{k}" for k in range(1, 9)), "M1", "M2", "M3", "T1", "T2", "T3"]
    assert [claim.id for claim in claims] == ids
    judged = evaluate_claims(claims, {})
    assert {claim["verdict"] for claim in judged.values()} == {"not evaluated"}
    assert list(judged["C1"]) == [
        "section",
        "title",
        "paper",
        "rule",
        "control",
        "verdict",
        "parts",
    ]
    assert [id for id, claim in judged.items() if claim["control"]] == ["M3"]
    assert json.loads(json.dumps(judged, allow_nan=False)) == judged


def test_verdicts_are_the_same_every_time():
    tables = fitting(n3=NEAR, n5=[0.80, 0.99, 0.85, 0.99, 0.97])
    part = DIFFERENCE + "above 0"
    assert judge(tables, part) == judge(tables, part)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (DIFFERENCE + "about 0", "above X"),
        (DIFFERENCE + "above 0, units: trial", "units"),
        (DIFFERENCE.replace("difference", "ratio") + "above 0", "ratio"),
        (DIFFERENCE.replace("n5", "5") + "above 0", "valid string"),
        (DIFFERENCE.replace("fitting", "training") + "above 0", "'fitting', 'manifold'"),
        (CORRELATION.replace("above 0", "below 0"), "above 0"),
    ],
)
def test_a_faulty_declaration_is_refused(part, message):
    with pytest.raises(ValueError, match=message):
        claim_of(part)


def test_an_id_occurs_once():
    text = (ROOT / "claims.yaml").read_text()
    with pytest.raises(ValueError, match="more than one claim with id C1, C2"):
        load_claims(text + text)
