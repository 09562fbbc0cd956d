"""Claims on mechanisms: their kinds of parts, their tables, p, and what sets them apart."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp, ttest_rel

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.records import (
    Claims,
    JudgedClaim,
    OtherVersionError,
    from_json,
    of_kind,
    to_json,
)
from capsnet_study.claims.significance import holm
from capsnet_study.claims.tables import LOSSES, intervention_losses, transfer_measures
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.storage import read_table, write_table
from capsnet_study.stats import t_interval
from capsnet_study.training.arms import routed_full_arms
from tests import tables
from tests.claims.test_declarations import CORRELATION, EQUIVALENCE, MEANING, claim_of
from tests.tables import ARMS, CLAIMS, claim_record, part_record

EQUAL = EQUIVALENCE | {"table": "mechanism", "of": "n9_h0p95", "minus": "n3_h0p95"}
CURVED = CORRELATION | {
    "kind": "curvature",
    "table": "mechanism",
    "x": "log_gap_at_tenth",
    "over": "routed_full_arms",
    "expect": "below 0",
}
FOURFOLD = {
    "kind": "difference_of_differences",
    "table": "manifold",
    "measure": "linear_r2",
    "of": "capsnet",
    "over": "random_capsnet",
    "minus": "cnn",
    "minus_over": "random_cnn",
    "expect": "above 0",
}
NEAR = np.array([0.90, 0.91, 0.92, 0.93, 0.94])
JITTER = np.array([0.002, -0.001, 0.0, 0.001, -0.002])


def judge(results: dict[str, pd.DataFrame], *parts: dict) -> JudgedClaim:
    claim = claim_of(*parts) | MEANING | {"kind": "mechanism"}
    return evaluate_claims(parse_claims([claim]), results)["X1"]


def mechanism(**arms: np.ndarray) -> dict[str, pd.DataFrame]:
    return {"mechanism": tables.mechanism(arms)}


def of_pair(differences: np.ndarray) -> dict[str, pd.DataFrame]:
    near = np.resize(NEAR, len(differences))
    return mechanism(n3_h0p95=near, n9_h0p95=near + differences)


def test_a_mechanism_claim_is_judged_by_a_t_interval_and_has_a_p():
    part = {"kind": "difference", "table": "mechanism", "measure": "exact_match"}
    part |= {"of": "n9_late", "minus": "n9", "expect": "above 0"}
    late, nine = NEAR + np.array([0.05, 0.01, 0.04, 0.03, 0.02]), NEAR
    claim = judge(mechanism(n9_late=late, n9=nine), part)
    (found,) = claim.parts
    interval = t_interval(late - nine)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p == pytest.approx(ttest_rel(late, nine, alternative="greater").pvalue)
    assert (claim.kind, claim.verdict) == ("mechanism", "reproduced")
    assert claim.p == claim.p_holm == found.p
    assert (claim.if_holds, claim.if_not) == ("h", "n")


@pytest.mark.parametrize(
    ("shift", "spread", "outcome"),
    [
        (0.0, 1.0, "reproduced"),
        (0.0, 10.0, "inconclusive"),
        (0.01, 1.0, "inconclusive"),
        (0.0115, 1.0, "inconclusive"),
        (0.02, 1.0, "contradicted"),
        (-0.02, 1.0, "contradicted"),
    ],
)
def test_equivalence(shift, spread, outcome):
    (part,) = judge(of_pair(shift + spread * JITTER), EQUAL).parts
    assert (part.kind, part.outcome) == ("equivalence", outcome)
    assert (part.side, part.bound, part.n) == ("within", 0.01, 5)
    assert (part.of, part.minus) == ("n9_h0p95", "n3_h0p95")


def test_equivalence_needs_the_90_percent_interval_within_and_not_the_95_percent_one():
    differences = 0.0085 + 0.85 * JITTER
    narrow, wide = (t_interval(differences, confidence) for confidence in (0.9, 0.95))
    assert narrow.high < 0.01 < wide.high
    (part,) = judge(of_pair(differences), EQUAL).parts
    assert part.outcome == "reproduced" and 0.025 < part.p < 0.05
    ends = [getattr(part, key) for key in ("low_90", "high_90", "low", "high")]
    assert ends == pytest.approx([narrow.low, narrow.high, wide.low, wide.high])


def test_equivalence_is_contradicted_only_where_the_95_percent_interval_is_wholly_outside():
    differences = 0.0115 + 0.85 * JITTER
    narrow, wide = (t_interval(differences, confidence) for confidence in (0.9, 0.95))
    assert wide.low < 0.01 < narrow.low
    assert judge(of_pair(differences), EQUAL).verdict == "inconclusive"
    assert judge(of_pair(differences + 0.001), EQUAL).verdict == "contradicted"


@given(st.lists(st.floats(-0.03, 0.03), min_size=2, max_size=6))
def test_equivalence_follows_its_two_intervals_and_its_p(differences):
    (part,) = judge(of_pair(np.array(differences)), EQUAL).parts
    inside = part.low_90 >= -0.01 and part.high_90 <= 0.01
    outside = part.low > 0.01 or part.high < -0.01
    assert (part.outcome == "reproduced") == inside
    assert (part.outcome == "contradicted") == outside
    if min(abs(part.low_90 + 0.01), abs(part.high_90 - 0.01)) > 1e-9:
        assert inside == (part.p < 0.05)


@pytest.mark.parametrize("results", [{}, mechanism(n3_h0p95=NEAR), of_pair(JITTER[:1])])
def test_too_little_for_an_equivalence(results):
    claim = judge(results, EQUAL)
    (part,) = claim.parts
    assert claim.verdict == "not evaluated"
    assert [getattr(part, key) for key in ("low", "low_90", "high_90", "p")] == [None] * 4
    assert claim.p is None and claim.p_holm is None


def curved(sign: float, vertex: float) -> dict[str, pd.DataFrame]:
    """Accuracies of all arms of the sweep on a parabola, x from 0 on; other arms lie far off it."""
    keys = list(routed_full_arms(ARMS))
    x = pd.Series(np.arange(len(keys), dtype=float), keys)
    table = tables.mechanism({key: [0.0, 0.0] for key in [*ARMS, "n9_late", "attention"]})
    table["log_gap_at_tenth"] = table["arm"].map(x).fillna(100.0)
    table["exact_match"] = sign * (table["arm"].map(x) - vertex) ** 2
    return {"mechanism": table.assign(exact_match=table["exact_match"].fillna(1e6))}


@pytest.mark.parametrize(
    ("sign", "vertex", "outcome"),
    [
        (-1.0, 4.2, "reproduced"),
        (1.0, 4.2, "contradicted"),
        (-1.0, -0.5, "inconclusive"),
    ],
)
def test_a_curvature_of_the_arms_of_the_sweep(sign, vertex, outcome):
    (part,) = judge(curved(sign, vertex), CURVED).parts
    assert (part.n, part.group) == (len(routed_full_arms(ARMS)), "routed_full_arms")
    assert (part.mean, part.vertex) == pytest.approx((sign, vertex))
    assert part.outcome == outcome and part.low is None
    if vertex > 0:
        assert (part.p < 0.05) == (sign < 0)


def test_a_curvature_of_too_few_arms_is_not_evaluated():
    results = mechanism(n2=NEAR, n3=NEAR + 0.1)
    (part,) = judge(results, CURVED).parts
    assert (part.outcome, part.mean, part.p, part.vertex) == (
        "not evaluated", None, None, None,
    )  # fmt: skip


def test_groups_are_of_the_sweep_with_the_full_gradient_where_so_named():
    assert {"n3_last", "n7_last", "n1", "n3_gain0p25"}.isdisjoint(routed_full_arms(ARMS))
    assert {"n2", "n6_fitness", "n6_eta0p01"} <= routed_full_arms(ARMS).keys()
    table = tables.mechanism(dict.fromkeys([*ARMS, "n9_late"], NEAR))
    part = CORRELATION | {"table": "mechanism", "over": "routed_arms"}
    (found,) = judge({"mechanism": table}, part).parts
    assert found.n == 12
    all_swept = table.assign(block="sweep", model="capsnet", n_iter=2, eta=1.0, init_gain=np.nan)
    (found,) = judge({"mechanism": all_swept.astype({"n_iter": float})}, part).parts
    assert found.n == len(ARMS) + 1


def fourfold(**values: float) -> dict[str, pd.DataFrame]:
    """Four models, each about one value of linear R²."""
    table = tables.manifold(trials=3, models=list(values))
    noise = 0.01 * table["linear_r2"]
    return {"manifold": table.assign(linear_r2=table["model"].map(values) + noise)}


@pytest.mark.parametrize(("trained", "outcome"), [(0.9, "reproduced"), (0.6, "contradicted")])
def test_a_difference_of_differences(trained, outcome):
    results = fourfold(capsnet=trained, random_capsnet=0.5, cnn=0.4, random_cnn=0.2)
    claim = judge(results, FOURFOLD)
    (part,) = claim.parts
    assert part.mean == pytest.approx(trained - 0.7, abs=0.01)
    assert (part.outcome, part.n) == (outcome, 9)
    named = [getattr(part, key) for key in ("of", "over", "minus", "minus_over")]
    assert named == ["capsnet", "random_capsnet", "cnn", "random_cnn"]
    assert (claim.p < 0.05) == (outcome == "reproduced")


def test_a_difference_of_differences_is_paired_by_unit():
    results = fourfold(capsnet=0.0, random_capsnet=0.0, cnn=0.0, random_cnn=0.0)
    table = results["manifold"]
    place = table["trial"] * 10.0 + table["pair"].map({"7-8": 1, "3-5": 2, "0-1": 3})
    table["linear_r2"] = place + table["model"].map(
        {"capsnet": 0.7, "random_capsnet": 0.1, "cnn": 0.4, "random_cnn": 0.2}
    )
    table = table[(table["model"] != "random_cnn") | (table["trial"] < 2)]
    (part,) = judge({"manifold": table}, FOURFOLD).parts
    assert (part.low, part.mean, part.high) == pytest.approx((0.4, 0.4, 0.4))
    assert part.n == 6
    (part,) = judge({"manifold": table[table["model"] != "random_cnn"]}, FOURFOLD).parts
    assert (part.n, part.outcome) == (0, "not evaluated")


def test_losses_of_interventions(tmp_path):
    table = tables.interventions(
        {
            ("n_test", 1.0, "both"): [0.02, 0.03, 0.04],
            ("n_test", 2.0, "both"): [0.5, 0.5, 0.5],
            ("shuffled", None, "both"): [0.1, 0.2, 0.3],
            ("shuffled", None, "r1"): [0.0, 0.01],
        }
    )
    write_table(tmp_path / "table.csv", table)
    losses = intervention_losses(read_table(tmp_path / "table.csv")).set_index(["arm", "trial"])
    assert set(losses) == LOSSES.keys()
    assert losses.loc[("n3", 1)].dropna().to_dict() == pytest.approx(
        {"loss_n_test_1_both": 0.03, "loss_shuffled_both": 0.2, "loss_shuffled_r1": 0.01}
    )
    assert np.isnan(losses.loc[("n3", 2), "loss_shuffled_r1"])
    claims = [claim for claim in CLAIMS if claim.id == "X5"]
    claim = evaluate_claims(claims, {"interventions": table})["X5"]
    assert claim.p == pytest.approx(
        ttest_1samp([0.02, 0.03, 0.04], 0.01, alternative="greater").pvalue
    )


def test_transfer_has_gaps_and_drops_from_the_longer_base():
    table = tables.transfer(splits=3)
    scores = {"base": 0.6, "base_long": 0.7, "A1B": 0.5, "B1B": 0.55, "A2B": 0.3, "B2B": 0.5}
    table["exact_match"] = table["scheme"].map(scores).fillna(0.1)
    made = transfer_measures(table)
    assert len(made) == 18
    expected = {"drop_A1B": 0.1, "longdrop_A1B": 0.2, "longdrop_B2B": 0.2}
    expected |= {"gap_1": 0.05, "gap_2": 0.2}
    assert made[list(expected)].mean().to_dict() == pytest.approx(expected)
    before = transfer_measures(table[table["scheme"] != "base_long"])
    assert before["longdrop_B1B"].isna().all()
    pd.testing.assert_series_equal(before["drop_B1B"], made["drop_B1B"])


def test_p_of_a_claim_is_the_largest_of_its_parts_and_holm_counts_those_with_one():
    higher = {"n3": NEAR, "n1": NEAR - 0.1 + JITTER, "n3_r2": NEAR + 0.001 + JITTER}
    results = mechanism(**higher, n3_sham=NEAR - 0.02 + 5 * JITTER, n3_r1=NEAR - 0.1)
    results["interventions"] = tables.interventions(
        {("shuffled", None, "both"): 0.01 + JITTER, ("n_test", 1.0, "both"): 0.02 + JITTER}
    )
    judged = evaluate_claims(CLAIMS, results)
    with_p = {id: claim for id, claim in judged.items() if claim.p is not None}
    assert list(with_p) == ["X4", "X5", "X6"]
    for claim in with_p.values():
        assert claim.p == max(part.p for part in claim.parts)
    assert [claim.p_holm for claim in with_p.values()] == pytest.approx(
        holm([claim.p for claim in with_p.values()])
    )
    assert judged["X1"].verdict == "not evaluated" and judged["X1"].p_holm is None


def test_the_paper_s_claims_have_no_p_and_no_part_of_theirs_but_correlations():
    judged = evaluate_claims(
        CLAIMS,
        {
            "fitting": tables.fitting_trials(tables.accuracies()),
            "manifold": tables.manifold(),
            "transfer": tables.transfer(),
        },
    )
    for claim in of_kind(judged, "paper").values():
        assert [claim.p, claim.p_holm, claim.if_holds, claim.if_not] == [None] * 4
        for part in claim.parts:
            assert (part.p is None) == (part.kind != "correlation")
    assert list(of_kind(judged, "mechanism")) == [f"X{k}" for k in range(1, 18)]
    assert from_json(json.loads(json.dumps(to_json(judged), allow_nan=False)), Claims) == judged


def test_records_of_another_version_are_refused_with_the_first_fault():
    plain = to_json({"C1": claim_record(part_record())})
    del plain["C1"]["parts"][0]["n"]
    with pytest.raises(OtherVersionError, match=r"C1\.parts\.0\.n: .*`dvc repro`"):
        from_json(plain, Claims)
