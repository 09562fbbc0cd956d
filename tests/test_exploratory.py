"""What is no claim: other comparisons, and intervals that assume less."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims import load_claims
from capsnet_study.exploratory import cautious_interval, claims_on_r2, explore
from capsnet_study.fitting import TRIAL_COLUMNS
from capsnet_study.names import CHAMFER, FAITHFULNESS
from capsnet_study.stats import crossed_interval, t_interval
from capsnet_study.verdicts import evaluate_claims

CLAIMS = load_claims((Path(__file__).parents[1] / "claims.yaml").read_text())
VALUES = np.random.default_rng(0).normal(0.3, 1.0, (4, 6))


def by_unit(names: list[str], values: np.ndarray = VALUES) -> pd.Series:
    levels = [range(size) for size in values.shape]
    return pd.Series(values.ravel(), pd.MultiIndex.from_product(levels, names=names))


def fitting(**arms: list[float]) -> pd.DataFrame:
    rows = [
        {"arm": arm, "trial": trial, "model": "capsnet", "exact_match": value}
        for arm, values in arms.items()
        for trial, value in enumerate(values)
    ]
    table = pd.DataFrame(rows).assign(n_iter=3, eta=1.0, init_gain=np.nan)
    return table.assign(**dict.fromkeys(TRIAL_COLUMNS[3:], 0.0))


def test_the_claims_on_entropy_are_asked_of_r2_too():
    asked = claims_on_r2(CLAIMS)
    assert [claim.id for claim in asked] == ["C4", "C5", "C6"]
    measures = [part.measure for claim in asked for part in claim.parts]
    assert measures == ["entropy_last_r2"] * 3 + [
        "entropy_change_r2",
        "spearman_entropy_accuracy_r2",
    ]
    table = fitting(n2=[0.5] * 5, n3=[0.5] * 5).assign(
        entropy_last_r2=1.0, entropy_change_r2=-0.5, spearman_entropy_accuracy_r2=0.5
    )
    judged = evaluate_claims(asked, {"fitting": table})
    assert judged["C5"]["verdict"] == "reproduced" and judged["C6"]["verdict"] == "contradicted"
    assert judged["C5"]["parts"][0]["label"] == "entropy_change_r2: n2"


def test_trials_get_a_t_interval():
    values = pd.Series(VALUES[0], pd.Index(range(6), name="trial"))
    assert cautious_interval(values) == t_interval(VALUES[0])


def test_trials_and_pairs_are_both_resampled_in_any_order():
    values = by_unit(["trial", "pair"])
    expected = crossed_interval(VALUES)
    assert cautious_interval(values) == expected
    assert cautious_interval(values.sample(frac=1, random_state=0)) == expected
    assert cautious_interval(values.drop((2, 5))) == crossed_interval(VALUES[:, :5])


def test_directions_of_a_split_count_as_one():
    values = by_unit(["split", "direction"], VALUES[:, :2])
    found, means = cautious_interval(values), t_interval(VALUES[:, :2].mean(axis=1))
    assert (found.low, found.high, found.n) == (means.low, means.high, 8)
    assert found.mean == pytest.approx(means.mean)


def test_one_split_tells_nothing_of_its_spread():
    found = cautious_interval(by_unit(["split", "direction"], VALUES[:1, :2]))
    assert (found.low, found.high) == (None, None)


def test_a_claim_that_the_bootstrap_decides_may_be_open_to_a_t_interval():
    # Three differences of one sign: the bootstrap is sure, three values are not.
    table = fitting(n7=[0.50, 0.58, 0.59], n3=[0.60] * 3, n9=[0.1, 0.2, 0.1])
    by_rule = evaluate_claims(CLAIMS, {"fitting": table})["C2"]
    cautious = explore(CLAIMS, {"fitting": table})["cautious"]["C2"]
    assert by_rule["verdict"] == "reproduced" and cautious["verdict"] == "inconclusive"
    assert [part["outcome"] for part in cautious["parts"]] == ["inconclusive", "reproduced"]
    assert [part["mean"] for part in cautious["parts"]] == [
        part["mean"] for part in by_rule["parts"]
    ]


def test_arms_and_distances_are_told_with_their_differences():
    arms = fitting(n1=[0.1, 0.2, 0.1], n3=[0.4, 0.6, 0.4])
    maps = [
        {"model": model, "trial": trial, "pair": pair, "chamfer_zscore": 0.4 + gap}
        for model, gap in (("capsnet", 0.0), ("random_capsnet", 0.1), ("pixels", -0.1))
        for trial in range(1 if model == "pixels" else 2)
        for pair in ("3-5", "7-8")
    ]
    others = dict.fromkeys([*CHAMFER[1:], *FAITHFULNESS], 0.0)
    found = explore(CLAIMS, {"fitting": arms, "manifold": pd.DataFrame(maps).assign(**others)})
    told = {part["label"]: part for part in [*found["arms"], *found["distances"]]}
    assert told["exact_match: n3 − n1"]["mean"] == pytest.approx(1.0 / 3)
    assert told["exact_match: n6_fitness − n6_eta1"]["outcome"] == "not evaluated"
    assert told["chamfer_zscore: capsnet − random_capsnet"]["outcome"] == "reproduced"
    assert told["chamfer_zscore: capsnet − pixels"]["outcome"] == "contradicted"
    assert told["chamfer_zscore: capsnet − pixels"]["n"] == 4
