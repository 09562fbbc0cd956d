"""What is no claim: other comparisons, and intervals that assume less."""

import pytest

from capsnet_study.claims.exploratory import claims_on_r2, explore
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.names import CHAMFER
from tests import tables
from tests.tables import CLAIMS, fitting_trials


def test_the_claims_on_entropy_are_also_judged_on_r2():
    table = fitting_trials({"n2": [0.5] * 5, "n3": [0.5] * 5}).assign(
        entropy_last_r2=1.0, entropy_change_r2=-0.5, spearman_entropy_accuracy_r2=0.5
    )
    judged = evaluate_claims(claims_on_r2(CLAIMS), {"fitting": table})
    assert list(judged) == ["C4", "C5", "C6"]
    assert judged["C5"].verdict == "reproduced" and judged["C6"].verdict == "contradicted"
    part = judged["C5"].parts[0]
    assert (part.measure, part.of, part.mean) == ("entropy_change_r2", "n2", -0.5)


def test_the_claims_on_drops_are_also_judged_from_the_longer_base():
    table = tables.transfer(splits=4, models=("capsnet", "cnn"))
    scores = {"base": 0.8, "A1B": 0.7, "A2B": 0.7}
    longer = 0.8 + 0.05 * (table["model"] == "capsnet")
    noise = table["exact_match"] / 1000
    table["exact_match"] = table["scheme"].map(scores).fillna(0.75) + noise
    table["exact_match"] = table["exact_match"].where(table["scheme"] != "base_long", longer)
    found = explore(CLAIMS, {"transfer": table}).claims_on_longer_base
    assert list(found) == ["T1", "T3"] and found["T1"].verdict == "contradicted"
    for part in found["T1"].parts:
        assert (part.measure[:8], part.mean) == ("longdrop", pytest.approx(-0.05, abs=1e-3))


def test_a_claim_that_the_bootstrap_decides_may_be_open_to_a_t_interval():
    # Three differences of one sign: the bootstrap is sure, three values are not.
    table = fitting_trials({"n7": [0.50, 0.58, 0.59], "n3": [0.60] * 3, "n9": [0.1, 0.2, 0.1]})
    by_rule = evaluate_claims(CLAIMS, {"fitting": table})["C2"]
    explored = explore(CLAIMS, {"fitting": table})
    conservative = explored.conservative["C2"]
    assert by_rule.verdict == "reproduced" and conservative.verdict == "inconclusive"
    assert [part.outcome for part in conservative.parts] == ["inconclusive", "reproduced"]
    assert [part.mean for part in conservative.parts] == [part.mean for part in by_rule.parts]
    assert {claim.kind for claim in explored.conservative.values()} == {"paper"}


def test_arms_distances_and_the_second_half_are_compared():
    arms = fitting_trials({"n1": [0.1, 0.2, 0.1], "n3": [0.4, 0.6, 0.4]})
    arms.loc[arms["arm"] == "n3", "spearman_second_half"] = [-0.7, -0.8, -0.9]
    maps = tables.manifold(models=("capsnet", "random_capsnet", "pixels"), pairs=("3-5", "7-8"))
    gaps = {"capsnet": 0.0, "random_capsnet": 0.1, "pixels": -0.1}
    for measure in CHAMFER:
        maps[measure] = 0.4 + maps["model"].map(gaps)
    found = explore(CLAIMS, {"fitting": arms, "manifold": maps})
    parts = {(part.measure, part.of, part.minus): part for part in [*found.arms, *found.distances]}
    assert parts["exact_match", "n3", "n1"].mean == pytest.approx(1.0 / 3)
    assert parts["exact_match", "n6_fitness", "n6_eta1"].outcome == "not evaluated"
    for measure in CHAMFER:
        assert parts[measure, "capsnet", "random_capsnet"].outcome == "reproduced"
        assert parts[measure, "capsnet", "pixels"].outcome == "contradicted"
        assert parts[measure, "capsnet", "pixels"].n == 4
    (second_half,) = found.second_half
    assert (second_half.of, second_half.outcome) == ("n3", "reproduced")
