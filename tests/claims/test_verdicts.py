"""Verdicts on claims, of tables made by hand."""

from itertools import islice

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims.declarations import Expectation, parse_claims
from capsnet_study.claims.parts import outcome_of
from capsnet_study.claims.records import JudgedClaim
from capsnet_study.claims.verdicts import conjunction, evaluate_claims
from capsnet_study.training.arms import capsule_arms, routed_arms
from tests import tables
from tests.claims.test_declarations import CORRELATION, DIFFERENCE, MEANING, claim_of
from tests.tables import ARMS

LEVEL = {"kind": "level", "table": "fitting", "measure": "exact_match", "of": "n3"}
EACH = {"kind": "each_level", "table": "fitting", "measure": "exact_match", "each": "routed_arms"}
NEAR = [0.90, 0.91, 0.92, 0.93, 0.94]


def judge(results: dict[str, pd.DataFrame], *parts: dict, **claim) -> JudgedClaim:
    return evaluate_claims(parse_claims([claim_of(*parts) | claim]), results)["X1"]


def fitting(**arms: list[float]) -> dict[str, pd.DataFrame]:
    """Return the table of these final accuracies, arm by arm."""
    return {"fitting": tables.fitting_trials(arms)}


# One part


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
        ("above 0", 0.0, "inconclusive"),
    ],
)
def test_a_paired_difference_is_judged_by_its_interval(expect, shift, outcome):
    jitter = [0.002, -0.001, 0.0, 0.001, -0.002]
    differences = [shift + j for j in jitter]
    results = fitting(n3=NEAR, n5=[a + d for a, d in zip(NEAR, differences, strict=True)])
    result = judge(results, DIFFERENCE | {"expect": expect})
    (part,) = result.parts
    assert result.verdict == part.outcome == outcome
    assert part.n == 5 and part.mean == pytest.approx(shift)
    assert part.sd == pytest.approx(np.std(jitter, ddof=1))
    assert part.low < shift < part.high
    assert (part.table, part.measure, part.of, part.minus) == ("fitting", "exact_match", "n5", "n3")
    assert f"{part.side} {part.bound:g}" == expect
    own = {"above": np.array(differences), "below": -np.array(differences)}
    if part.side in own:  # as many units as lie on the side that is expected
        bound = part.bound * (1 if part.side == "above" else -1)
        assert part.agree == (own[part.side] - bound > 1e-12).sum()


def test_an_interval_that_ends_on_the_bound_is_open_on_one_side_and_within_two():
    assert outcome_of(0.0, 0.1, Expectation(kind="above", bound=0.0)) == "inconclusive"
    assert outcome_of(-0.01, 0.01, Expectation(kind="within", bound=0.01)) == "reproduced"


@pytest.mark.parametrize(
    ("results", "n", "mean"),
    [
        (fitting(n3=[0.5], n5=[0.75]), 1, 0.25),
        (fitting(n3=NEAR), 0, None),
        ({}, 0, None),
    ],
)
def test_a_part_with_too_few_values_is_not_evaluated(results, n, mean):
    result = judge(results, DIFFERENCE)
    part = result.parts[0]
    assert result.verdict == "not evaluated"
    assert (part.n, part.mean, part.sd, part.low, part.high) == (n, mean, None, None, None)


def test_units_without_a_value_are_left_out_and_counted():
    (part,) = judge(fitting(n3=NEAR, n5=[0.95, 0.96, np.nan]), DIFFERENCE).parts
    assert (part.n, part.dropped) == (2, 1)
    (part,) = judge(fitting(n3=[np.nan, 0.9]), LEVEL | {"expect": "above 0.5"}).parts
    assert (part.n, part.dropped, part.mean) == (1, 1, 0.9)


def test_a_measure_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no measure 'exact_mach'"):
        judge(fitting(n3=NEAR, n5=NEAR), DIFFERENCE | {"measure": "exact_mach"})


def test_each_routed_arm_is_a_part_but_none_with_an_initial_gain_of_its_own():
    part = EACH | {"expect": "above 0"}
    found = judge({"fitting": tables.fitting_trials(tables.accuracies())}, part).parts
    assert [one.of for one in found] == list(routed_arms(ARMS))
    assert {one.group for one in found} == {"routed_arms"}
    (nothing,) = judge(fitting(n1=NEAR, n3_gain0p25=NEAR), part).parts
    assert (nothing.of, nothing.n, nothing.outcome) == (None, 0, "not evaluated")


def test_the_best_rival_is_the_one_with_the_highest_mean():
    part = DIFFERENCE | {"kind": "best_difference", "of": "n9", "minus_best_of": ["n1", "n2"]}
    del part["minus"]
    results = fitting(n1=NEAR, n2=[a - 0.1 for a in NEAR], n9=[a - 0.05 for a in NEAR])
    (found,) = judge(results, part).parts
    assert (found.kind, found.of, found.minus) == ("difference", "n9", "n1")
    assert found.mean == pytest.approx(-0.05) and found.outcome == "contradicted"
    (missing,) = judge(fitting(n1=NEAR, n9=NEAR), part).parts
    assert (missing.minus, missing.outcome) == (None, "not evaluated")


# Correlations over arms


def with_early_entropy(slope: float, arms: int) -> pd.DataFrame:
    """Return as many capsule arms, each more accurate than the one before, and its entropy."""
    keys = islice(capsule_arms(ARMS), arms)
    rising = {key: [0.1 * k, 0.1 * k + 0.01] for k, key in enumerate(keys, start=1)}
    table = tables.fitting_trials(rising)
    return table.assign(entropy_at_tenth=slope * table["exact_match"])


@pytest.mark.parametrize(
    ("slope", "arms", "outcome", "rho", "p"),
    [
        (1.0, 6, "reproduced", 1.0, 1 / 720),
        (-1.0, 6, "contradicted", -1.0, 1.0),
        (1.0, 3, "inconclusive", 1.0, 1 / 6),
        (0.0, 6, "not evaluated", None, None),
        (1.0, 1, "not evaluated", None, None),
    ],
)
def test_a_correlation_over_arms_is_judged_by_its_permutation_test(slope, arms, outcome, rho, p):
    (part,) = judge({"fitting": with_early_entropy(slope, arms)}, CORRELATION).parts
    assert part.outcome == outcome
    assert (part.n, part.group, part.of) == (arms, "capsule_arms", None)
    assert (part.x, part.y, part.low) == ("entropy_at_tenth", "exact_match", None)
    assert (part.mean, part.p) == ((rho, p) if rho is None else pytest.approx((rho, p)))


def test_an_arm_enters_a_correlation_with_its_means_over_trials():
    places = {arm: place for place, arm in enumerate(("n1", "n2", "n3", "n5"))}
    # From arm to arm the mean rises, the median falls.
    values = {arm: [0.5 + 0.1 * k, *[0.5 - 0.01 * k] * 2] for arm, k in places.items()}
    table = tables.fitting_trials(values)
    table["entropy_at_tenth"] = table["arm"].map(places).astype(float)
    (part,) = judge({"fitting": table}, CORRELATION).parts
    assert part.mean == pytest.approx(1.0)


def test_arms_without_entropy_or_with_a_gain_of_their_own_are_left_out_of_a_correlation():
    table = with_early_entropy(1.0, 7)
    table.loc[table["arm"] == "n5", "entropy_at_tenth"] = np.nan
    table.loc[table["arm"] == "n9", ["init_gain", "entropy_at_tenth"]] = [2.0, -9.0]
    (part,) = judge({"fitting": table}, CORRELATION).parts
    assert (part.n, part.dropped, part.mean) == (5, 1, pytest.approx(1.0))


# Parts paired by pair of digits, or by split and direction

FAITHFUL = {"kind": "difference", "table": "manifold", "measure": "linear_r2", "of": "capsnet"}


@pytest.mark.parametrize(("rival", "trials", "n"), [("cnn", 3, 9), ("cnn", 2, 6), ("pixels", 1, 9)])
def test_maps_are_paired_by_trial_and_pair_and_controls_by_pair_alone(rival, trials, n):
    table = tables.manifold(trials=3).query("model != @rival or trial < @trials")
    of_pair = table["pair"].map({"7-8": 1.0, "3-5": 2.0, "0-1": 3.0})
    table = table.assign(linear_r2=of_pair + 0.5 * (table["model"] == "capsnet"))
    (part,) = judge({"manifold": table}, FAITHFUL | {"minus": rival, "expect": "above 0"}).parts
    assert (part.low, part.mean, part.high) == pytest.approx((0.5, 0.5, 0.5))
    assert part.n == n


# Whole claims


def test_all_parts_of_a_claim_must_hold():
    results = fitting(n3=NEAR)
    holds, open_, fails = (
        LEVEL | {"expect": expect} for expect in ("above 0.5", "above 0.92", "below 0.5")
    )
    assert judge(results, holds, holds).verdict == "reproduced"
    assert judge(results, holds, open_).verdict == "inconclusive"
    assert judge(results, holds, open_, DIFFERENCE).verdict == "not evaluated"
    assert judge(results, holds, open_, DIFFERENCE, fails).verdict == "contradicted"
    assert conjunction(["inconclusive", "contradicted"]) == "contradicted"


@pytest.mark.parametrize(
    ("expect", "verdict"),
    [
        ("above 0.5", "supported"),
        ("below 0.5", "not supported"),
        ("above 0.92", "inconclusive"),
    ],
)
def test_hypotheses_of_ours_are_supported_or_not(expect, verdict):
    part = LEVEL | {"expect": expect}
    assert judge(fitting(n3=NEAR), part, kind="mechanism", **MEANING).verdict == verdict


def test_a_claim_is_not_judged_on_the_seed_that_suggested_it():
    part = DIFFERENCE | {"of": "n3", "minus": "n1"}
    results = fitting(n3=[0.5, 0.6], n1=[0.1, 0.2])
    (claim,) = parse_claims([claim_of(part) | {"found_on_seed": 0}])
    verdicts = [evaluate_claims([claim], results, seed=seed)["X1"].verdict for seed in (0, 1, None)]
    assert verdicts == ["not evaluated", "reproduced", "reproduced"]
