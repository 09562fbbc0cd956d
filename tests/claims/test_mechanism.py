"""Claims on mechanisms: their kinds of parts, their tables, and their p-values."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from capsnet_study.claims import significance
from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.records import Claims, JudgedClaim, from_json, of_kind, to_json
from capsnet_study.claims.significance import holm
from capsnet_study.claims.tables import LOSSES, intervention_losses, transfer_measures
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.storage import read_table, write_table
from capsnet_study.stats import t_interval
from capsnet_study.training.arms import routed_full_arms
from tests import tables
from tests.claims.test_declarations import (
    CORRELATION,
    DIFFERENCE,
    EQUIVALENCE,
    MEANING,
    claim_of,
)
from tests.tables import ARMS, CLAIMS

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


@pytest.mark.parametrize("name", ["mechanism", "caps32", "half", "paper"])
def test_a_difference_is_judged_by_a_t_interval_and_has_the_p_of_a_t_test(name):
    late, nine = NEAR + np.array([0.05, 0.01, 0.04, 0.03, 0.02]), NEAR
    results = {name: tables.mechanism({"n9_late": late, "n9": nine})}
    claim = judge(results, DIFFERENCE | {"table": name, "of": "n9_late", "minus": "n9"})
    (found,) = claim.parts
    interval = t_interval(late - nine)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p == pytest.approx(ttest_rel(late, nine, alternative="greater").pvalue)
    assert found.outcome == "reproduced" and claim.p == claim.p_holm == found.p


# Equivalences


@given(st.lists(st.floats(-0.03, 0.03), min_size=2, max_size=6))
@example([0.0, 0.001, -0.001])
@example((0.0085 + 0.85 * JITTER).tolist())  # the 90 % interval is within, the 95 % one is not
@example((0.0115 + 0.85 * JITTER).tolist())  # the 90 % interval is outside, the 95 % one is not
@example((0.02 + JITTER).tolist())
def test_an_equivalence_follows_its_two_intervals_and_its_p(differences):
    (part,) = judge(of_pair(np.array(differences)), EQUAL).parts
    observed = of_pair(np.array(differences))["mechanism"].groupby("arm")["exact_match"]
    gaps = observed.get_group("n9_h0p95").to_numpy() - observed.get_group("n3_h0p95").to_numpy()
    narrow, wide = (t_interval(gaps, confidence) for confidence in (0.9, 0.95))
    ends = [getattr(part, key) for key in ("low_90", "high_90", "low", "high")]
    assert ends == pytest.approx([narrow.low, narrow.high, wide.low, wide.high])
    inside = part.low_90 >= -0.01 and part.high_90 <= 0.01
    assert (part.outcome == "reproduced") == inside
    assert (part.outcome == "contradicted") == (part.low > 0.01 or part.high < -0.01)
    if min(abs(part.low_90 + 0.01), abs(part.high_90 - 0.01)) > 1e-9:
        assert inside == (part.p < 0.05)


# Curvatures over the arms of the sweep


def curved(sign: float, vertex: float) -> dict[str, pd.DataFrame]:
    """Return arms of the sweep on a parabola, x from 0 on; other arms lie far from it."""
    keys = list(routed_full_arms(ARMS))
    x = pd.Series(np.arange(len(keys), dtype=float), keys)
    table = tables.mechanism({key: [0.0, 0.0] for key in [*ARMS, "n9_late", "attention"]})
    table["log_gap_at_tenth"] = table["arm"].map(x).fillna(100.0)
    table["exact_match"] = sign * (table["arm"].map(x) - vertex) ** 2
    return {"mechanism": table.assign(exact_match=table["exact_match"].fillna(1e6))}


@pytest.mark.parametrize(("sign", "outcome"), [(-1.0, "reproduced"), (1.0, "contradicted")])
def test_a_curvature_is_that_of_the_routed_arms_of_the_sweep(sign, outcome):
    (part,) = judge(curved(sign, 4.2), CURVED).parts
    assert (part.n, part.group) == (len(routed_full_arms(ARMS)), "routed_full_arms")
    assert (part.mean, part.vertex) == pytest.approx((sign, 4.2))
    assert part.outcome == outcome and part.low is None
    assert (part.p < 0.05) == (sign < 0)


@pytest.mark.parametrize(("vertex", "outcome"), [(1.0, "reproduced"), (-1.0, "inconclusive")])
def test_a_peak_outside_the_range_is_none(vertex, outcome, monkeypatch):
    monkeypatch.setattr(significance, "DRAWS", 2000)
    places = {f"arm{place}": float(place) for place in range(80)}
    values = {key: [-((x - vertex) ** 2)] * 2 for key, x in places.items()}
    table = tables.mechanism(values, dict.fromkeys(places, ARMS["n3"]))
    table["log_gap_at_tenth"] = table["arm"].map(places)
    (part,) = judge({"mechanism": table}, CURVED).parts
    assert part.p < 0.05 and part.outcome == outcome


# Differences of differences


def fourfold(**values: float) -> pd.DataFrame:
    """Return values of linear R² that differ by unit, plus one constant per model."""
    table = tables.manifold(trials=3, models=list(values))
    place = table["trial"] * 10.0 + table["pair"].map({"7-8": 1, "3-5": 2, "0-1": 3})
    return table.assign(linear_r2=place + table["model"].map(values))


@pytest.mark.parametrize(("trained", "outcome"), [(0.9, "reproduced"), (0.6, "contradicted")])
def test_a_difference_of_differences_is_paired_by_unit(trained, outcome):
    table = fourfold(capsnet=trained, random_capsnet=0.5, cnn=0.4, random_cnn=0.2)
    table = table[(table["model"] != "random_cnn") | (table["trial"] < 2)]
    (part,) = judge({"manifold": table}, FOURFOLD).parts
    assert (part.low, part.mean, part.high) == pytest.approx([trained - 0.7] * 3)
    assert (part.outcome, part.n) == (outcome, 6)
    named = [getattr(part, key) for key in ("of", "over", "minus", "minus_over")]
    assert named == ["capsnet", "random_capsnet", "cnn", "random_cnn"]
    (part,) = judge({"manifold": table[table["model"] != "random_cnn"]}, FOURFOLD).parts
    assert (part.n, part.outcome) == (0, "not evaluated")


# Measures made of several rows


def test_losses_of_interventions_are_relative_to_the_unchanged_network(tmp_path):
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


def test_transfer_has_gaps_and_drops_from_both_bases():
    table = tables.transfer(splits=3)
    scores = {"base": 0.6, "base_long": 0.7, "A1B": 0.5, "B1B": 0.55, "A2B": 0.3, "B2B": 0.5}
    table["exact_match"] = table["scheme"].map(scores).fillna(0.1)
    made = transfer_measures(table)
    expected = {"drop_A1B": 0.1, "longdrop_A1B": 0.2, "longdrop_B2B": 0.2}
    expected |= {"gap_1": 0.05, "gap_2": 0.2}
    assert len(made) == 18 and made[list(expected)].mean().to_dict() == pytest.approx(expected)
    before = transfer_measures(table[table["scheme"] != "base_long"])
    assert before["longdrop_B1B"].isna().all() and before["drop_B1B"].equals(made["drop_B1B"])


def test_new_splits_have_the_measures_of_transfer():
    table = tables.transfer(splits=4, models=("capsnet", "uniform"))
    drop = table["model"].map({"capsnet": 0.05, "uniform": 0.1}).where(table["scheme"] != "base", 0)
    noise = table["exact_match"] / 1000
    claims = [claim for claim in CLAIMS if claim.id == "X18"]
    judged = evaluate_claims(claims, {"new_splits": table.assign(exact_match=0.9 - drop + noise)})
    for part in judged["X18"].parts:
        assert (part.outcome, part.n) == ("reproduced", 8)
        assert part.mean == pytest.approx(0.05, abs=1e-3)


# p-values


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
    adjusted = holm([claim.p for claim in with_p.values()])
    assert [claim.p_holm for claim in with_p.values()] == pytest.approx(adjusted)
    assert judged["X1"].verdict == "not evaluated" and judged["X1"].p_holm is None


def test_claims_of_the_paper_have_no_p_but_for_correlations():
    fitting = tables.fitting_trials(tables.accuracies())
    results = {"fitting": fitting, "manifold": tables.manifold(), "transfer": tables.transfer()}
    judged = evaluate_claims(CLAIMS, results)
    for claim in of_kind(judged, "paper").values():
        assert [claim.p, claim.p_holm, claim.if_holds, claim.if_not] == [None] * 4
        for part in claim.parts:
            assert (part.p is None) == (part.kind != "correlation")
    assert from_json(json.loads(json.dumps(to_json(judged), allow_nan=False)), Claims) == judged
