"""Verdicts of a setting: by the same rules, on the parts that its arms can decide."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.settings.results import ClaimInSetting
from capsnet_study.settings.tables import gather_settings
from capsnet_study.settings.verdicts import setting_verdicts
from capsnet_study.training.arms import facts_of
from tests.tables import ARMS, CLAIMS

DOUBLE = {"kind": "difference_of_differences", "of": "n3", "over": "n1", "minus": "n9"}
DOUBLE |= {"minus_over": "cnn"}
BEST = {"kind": "best_difference", "of": "n3"}
AT_TEST = {"table": "interventions", "measure": "loss_shuffled_both"}
OTHER_MEASURES = ["area_under_curve", "effective_gradient_at_tenth", "effective_mass_at_tenth"]
OTHER_MEASURES += [
    "entropy_at_tenth",
    "entropy_change",
    "entropy_last",
    "spearman_entropy_accuracy",
]
SCORES = {"n1": 0.66, "n3": 0.75, "n9": 0.70, "n6_eta0p01": 0.68, "n6_eta1": 0.74, "cnn": 0.67}


@pytest.fixture
def setting() -> pd.DataFrame:
    """One row per arm and trial of a setting in which scores are as above."""
    rng = np.random.default_rng(0)
    rows = [
        facts_of(key, ARMS[key])
        | dict.fromkeys(OTHER_MEASURES, np.nan if key == "cnn" else -0.1 - 0.01 * trial)
        | {"trial": trial, "exact_match": score + 0.001 * rng.normal()}
        for key, score in SCORES.items()
        for trial in range(3)
    ]
    return pd.DataFrame(rows)


def test_claims_are_judged_on_the_parts_that_there_are_arms_for(setting: pd.DataFrame) -> None:
    found = setting_verdicts(CLAIMS, setting, SCORES)
    means = setting.groupby("arm")["exact_match"].mean()
    assert verdicts_of(found["C2"]) == ["reproduced", "reproduced"]
    assert found["C2"].means == pytest.approx([means["n9"] - means["n3"]])
    assert verdicts_of(found["C3"]) == ["contradicted", "contradicted"]
    assert len(found["C3"].means) == 2
    assert found["C5"].verdict == "reproduced"
    assert {"C1", "C4", "C8", "M1", "T1", "X1"}.isdisjoint(found)


def test_claims_on_interventions_are_judged_where_these_are_trained(setting: pd.DataFrame) -> None:
    nine = setting[setting["arm"] == "n9"]
    late = nine.assign(
        arm="n9_late", exact_match=nine["exact_match"] - 0.1, entropy_change=0.5, routed_from=0.25
    )
    both = pd.concat([setting, late], ignore_index=True)
    found = setting_verdicts(CLAIMS, both, SCORES)
    assert verdicts_of(found["X1"]) == ["not supported", "not supported"]
    assert found["X1"].means == pytest.approx([-0.1])
    assert {id: one for id, one in found.items() if id != "X1"} == setting_verdicts(
        CLAIMS, setting, SCORES
    )


@pytest.mark.parametrize(
    ("part", "judged"),
    [
        ({"kind": "level", "of": "n3"}, True),
        ({"kind": "level", "of": "n7"}, False),
        (BEST | {"minus_best_of": ["n1", "n9"]}, True),
        (BEST | {"minus_best_of": ["n1", "n7"]}, False),
        ({"kind": "level", "of": "n3", "table": "fitting"}, True),
        ({"kind": "level", "of": "n3"} | AT_TEST, False),  # networks of settings are not kept
        (DOUBLE, True),
        (DOUBLE | {"minus_over": "n7"}, False),
    ],
)
def test_a_part_is_judged_where_there_are_all_arms_that_it_names(
    part: dict[str, Any], judged: bool, setting: pd.DataFrame
) -> None:
    whole = {"table": "mechanism", "measure": "exact_match", "expect": "above 0"} | part
    head = {"id": "X1", "section": "0", "title": "t", "paper": "p", "rule": "r"}
    claims = parse_claims([head | {"parts": [whole]}])
    assert bool(setting_verdicts(claims, setting, SCORES)) == judged


def test_conservative_intervals_may_decide_otherwise(setting: pd.DataFrame) -> None:
    nine = setting["arm"] == "n9"
    setting.loc[nine, "exact_match"] = setting.loc[setting["arm"] == "n3", "exact_match"].to_numpy()
    setting.loc[nine, "exact_match"] -= [0.001, 0.02, 0.05]
    found = setting_verdicts(CLAIMS, setting, SCORES)["C2"]
    assert (found.verdict, found.conservative) == ("reproduced", "inconclusive")


def test_settings_are_gathered_with_the_facts_of_their_arms() -> None:
    steps = {"trial": [0, 0, 1, 1], "step": [0, 10] * 2, "exact_match": [0.0, 0.5, 0.0, 0.7]}
    evaluations = pd.DataFrame(steps)
    arms = {("main", "n3"): ARMS["n3"], ("main", "cnn"): ARMS["cnn"]}
    arms["tuned", "n3"] = replace(ARMS["n3"], init_gain=2.0)
    table = gather_settings(dict.fromkeys(arms, evaluations), arms, {"main": 1, "tuned": 2})
    facts = ["setting", "arm", "trial", "seed", "exact_match", "n_iter", "init_gain"]
    assert table.columns.is_unique
    assert table[facts].astype(object).where(table[facts].notna(), None).to_numpy().tolist() == [
        ["main", "n3", 0, 1, 0.5, 3, None],
        ["main", "n3", 1, 1, 0.7, 3, None],
        ["main", "cnn", 0, 1, 0.5, None, None],
        ["main", "cnn", 1, 1, 0.7, None, None],
        ["tuned", "n3", 0, 2, 0.5, 3, 2.0],
        ["tuned", "n3", 1, 2, 0.7, 3, 2.0],
    ]


def verdicts_of(claim: ClaimInSetting) -> list[str]:
    """The verdict on a claim, and that by conservative intervals."""
    return [claim.verdict, claim.conservative]
