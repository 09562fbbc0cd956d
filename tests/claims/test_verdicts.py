"""Each verdict, on tables made by hand."""

from itertools import islice

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims.declarations import Expectation, parse_claims
from capsnet_study.claims.parts import outcome_of
from capsnet_study.claims.records import JudgedClaim
from capsnet_study.claims.tables import transfer_measures
from capsnet_study.claims.verdicts import conjunction, evaluate_claims
from capsnet_study.training.arms import capsule_arms, routed_arms
from tests import tables
from tests.claims.test_declarations import CORRELATION, DIFFERENCE, claim_of
from tests.tables import ARMS, CLAIMS

LEVEL = {"kind": "level", "table": "fitting", "measure": "exact_match", "of": "n3"}
EACH = {"kind": "each_level", "table": "fitting", "measure": "exact_match", "each": "routed_arms"}
NEAR = [0.90, 0.91, 0.92, 0.93, 0.94]


def judge(results: dict[str, pd.DataFrame], *parts: dict) -> JudgedClaim:
    return evaluate_claims(parse_claims([claim_of(*parts)]), results)["X1"]


def fitting(**arms: list[float]) -> dict[str, pd.DataFrame]:
    """The given final accuracies, arm by arm."""
    return {"fitting": tables.fitting_trials(arms)}


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
    results = fitting(n3=NEAR, n5=[a + shift + j for a, j in zip(NEAR, jitter, strict=True)])
    result = judge(results, DIFFERENCE | {"expect": expect})
    (part,) = result.parts
    assert result.verdict == part.outcome == outcome
    assert part.n == 5 and part.mean == pytest.approx(shift)
    assert part.low < shift < part.high
    what = ("kind", "table", "measure", "of", "minus", "group", "x", "y", "p")
    told = ("difference", "fitting", "exact_match", "n5", "n3", None, None, None, None)
    assert tuple(getattr(part, field) for field in what) == told
    assert f"{part.side} {part.bound:g}" == expect


def test_an_interval_across_the_bound_decides_nothing():
    results = fitting(n3=NEAR, n5=[0.80, 0.99, 0.85, 0.99, 0.97])
    assert judge(results, DIFFERENCE).verdict == "inconclusive"
    assert judge(results, DIFFERENCE) == judge(results, DIFFERENCE)


def test_an_interval_that_ends_on_the_bound_decides_nothing():
    assert outcome_of(0.0, 0.1, Expectation(kind="above", bound=0.0)) == "inconclusive"
    assert outcome_of(-0.01, 0.01, Expectation(kind="within", bound=0.01)) == "reproduced"


def test_trials_without_a_partner_are_left_out():
    (part,) = judge(fitting(n3=NEAR, n5=[0.95, 0.96, np.nan]), DIFFERENCE).parts
    assert (part.n, part.dropped) == (2, 1)


@pytest.mark.parametrize(("values", "n", "dropped"), [(NEAR, 5, 0), ([np.nan, 0.9], 1, 1)])
def test_units_without_a_value_are_counted(values, n, dropped):
    part = judge(fitting(n3=values), LEVEL | {"expect": "above 0.5"}).parts[0]
    assert (part.n, part.dropped) == (n, dropped)
    assert part.mean == pytest.approx(np.nanmean(values))


def test_the_spread_of_the_paired_differences_is_told_where_there_is_one():
    (part,) = judge(fitting(n3=[0.7, 0.8, 0.9], n5=[0.8, 0.8, 0.9]), DIFFERENCE).parts
    assert part.sd == pytest.approx(np.std([0.1, 0, 0], ddof=1))
    (single,) = judge(fitting(n3=[0.7], n5=[0.8]), DIFFERENCE).parts
    assert single.sd is None


def test_an_arm_without_any_value_is_not_evaluated_and_says_how_many():
    result = judge(fitting(n2=NEAR, n3=[np.nan] * 5), EACH | {"expect": "above 0"})
    assert result.verdict == "not evaluated"
    assert [(one.n, one.dropped) for one in result.parts] == [(5, 0), (0, 5)]


@pytest.mark.parametrize(
    ("results", "n", "mean"),
    [
        (fitting(n3=[0.5], n5=[0.75]), 1, 0.25),
        (fitting(n3=NEAR), 0, None),
        (fitting(cnn=NEAR), 0, None),
        ({}, 0, None),
    ],
)
def test_too_little_to_evaluate(results, n, mean):
    result = judge(results, DIFFERENCE)
    assert result.verdict == "not evaluated"
    part = result.parts[0]
    assert (part.n, part.mean, part.low, part.high) == (n, mean, None, None)


def test_a_measure_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no measure 'exact_mach'"):
        judge(fitting(n3=NEAR, n5=NEAR), DIFFERENCE | {"measure": "exact_mach"})


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


def test_each_arm_that_routes_is_a_part_and_none_with_an_initial_gain_of_its_own():
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


def with_early_entropy(slope: float, arms: int) -> pd.DataFrame:
    """So many capsule arms, each more accurate than the one before, and with its entropy."""
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
def test_correlation_over_arms(slope, arms, outcome, rho, p):
    result = judge({"fitting": with_early_entropy(slope, arms)}, CORRELATION)
    (part,) = result.parts
    assert result.verdict == part.outcome == outcome
    assert (part.n, part.group, part.of) == (arms, "capsule_arms", None)
    assert (part.x, part.y, part.low) == ("entropy_at_tenth", "exact_match", None)
    assert (part.mean, part.p) == ((rho, p) if rho is None else pytest.approx((rho, p)))
    assert (part.side, part.bound) == ("above", 0)


def test_an_arm_stands_in_a_correlation_with_its_means_over_trials():
    places = {arm: place for place, arm in enumerate(("n1", "n2", "n3", "n5"))}
    # From arm to arm the mean rises, the median falls.
    values = {arm: [0.5 + 0.1 * k, *[0.5 - 0.01 * k] * 2] for arm, k in places.items()}
    table = tables.fitting_trials(values)
    table["entropy_at_tenth"] = table["arm"].map(places).astype(float)
    (part,) = judge({"fitting": table}, CORRELATION).parts
    assert part.mean == pytest.approx(1.0)


def test_an_arm_without_entropy_is_left_out_of_the_correlation_and_counted():
    table = with_early_entropy(1.0, 7)
    table.loc[table["arm"] == "n5", "entropy_at_tenth"] = np.nan
    result = judge({"fitting": table}, CORRELATION)
    assert result.verdict == "reproduced"
    assert (result.parts[0].n, result.parts[0].dropped) == (6, 1)


def test_an_initial_gain_of_its_own_takes_an_arm_out_of_the_correlation():
    table = with_early_entropy(1.0, 6)
    table.loc[table["arm"] == "n9", ["init_gain", "entropy_at_tenth"]] = [2.0, -9.0]
    (part,) = judge({"fitting": table}, CORRELATION).parts
    assert (part.n, part.mean) == (5, pytest.approx(1.0))


def test_correlation_may_be_open():
    table = with_early_entropy(1.0, 6)
    shuffled = table["arm"].map(dict(n1=3, n2=1, n3=6, n5=2, n7=5, n9=4))
    table["entropy_at_tenth"] = shuffled.astype(float)
    assert judge({"fitting": table}, CORRELATION).verdict == "inconclusive"


FAITHFUL = {"kind": "difference", "table": "manifold", "measure": "linear_r2", "of": "capsnet"}


@pytest.mark.parametrize(
    ("name", "trials", "n"), [("cnn", 3, 9), ("cnn", 2, 6), ("pixels", 1, 9), ("pca", 1, 9)]
)
def test_manifold_pairs_by_trial_and_digit_pair(name, trials, n):
    table = tables.manifold(trials=3).query("model != @name or trial < @trials")
    table = table.assign(linear_r2=0.9 + 0.02 * table["linear_r2"])
    table.loc[table["model"] == name, "linear_r2"] -= 0.1
    (part,) = judge({"manifold": table}, FAITHFUL | {"minus": name, "expect": "above 0"}).parts
    assert (part.outcome, part.n) == ("reproduced", n)
    assert part.mean == pytest.approx(0.1, abs=0.02)


def test_each_capsnet_trial_meets_the_pixels_of_its_own_digit_pair():
    table = tables.manifold(trials=3, models=("capsnet", "pixels"))
    table["linear_r2"] = table["pair"].map({"7-8": 1.0, "3-5": 2.0, "0-1": 3.0})
    table.loc[table["model"] == "capsnet", "linear_r2"] += 0.5
    judged = judge({"manifold": table}, FAITHFUL | {"minus": "pixels", "expect": "above 0"})
    (part,) = judged.parts
    assert (part.low, part.mean, part.high) == pytest.approx((0.5, 0.5, 0.5))


def transfer(drop_capsnet: float, drop_cnn: float) -> pd.DataFrame:
    """Both models at 0.9 from scratch; the drops are 0.1 points up and down from split to split."""
    table = tables.transfer(splits=4, models=("capsnet", "cnn"))
    drops = table["model"].map({"capsnet": drop_capsnet, "cnn": drop_cnn})
    sway = table["model"].map({"capsnet": 0.001, "cnn": 0.002}) * (-1.0) ** table["split"]
    return table.assign(exact_match=0.9 - (drops + sway).where(table["scheme"] != "base", 0.0))


def test_drops_are_base_minus_scheme():
    drops = transfer_measures(transfer(0.02, 0.10))
    assert len(drops) == 16
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
    claims = [claim for claim in CLAIMS if claim.id in ("T1", "T2", "T3")]
    judged = evaluate_claims(claims, {"transfer": transfer(*drops)})
    assert [judged[name].verdict for name in ("T1", "T2", "T3")] == verdicts
    assert {part.n for claim in judged.values() for part in claim.parts} == {8}


@pytest.mark.parametrize(("lower", "agree"), [([0.58, 0.60, 0.62], 3), ([0.58, 0.70, 0.62], 2)])
def test_units_on_the_side_of_the_claim_are_counted(lower, agree):
    part = {"kind": "difference", "table": "fitting", "measure": "exact_match"}
    part |= {"of": "n7", "minus": "n3", "expect": "below 0"}
    table = tables.fitting_trials({"n3": [0.61, 0.62, 0.63], "n7": lower})
    (found,) = judge({"fitting": table}, part).parts
    assert (found.agree, found.n) == (agree, 3)
