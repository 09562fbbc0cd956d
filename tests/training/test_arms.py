"""Arms: their groups and order, and their way through a table and back."""

from dataclasses import replace
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.storage import read_table, write_table
from capsnet_study.routing.params import AlgorithmName, RoutingParams
from capsnet_study.training.arms import (
    CapsNetArm,
    CNNArm,
    YokedArm,
    arms_in,
    capsule_arms,
    eta_arms,
    facts_of,
    in_order,
    main_arm,
    n_iter_arms,
    routed_arms,
    routed_full_arms,
    uniform_arms,
    without_own_gain,
)
from tests.tables import ARMS

shares = st.floats(0, 1)
lrs, decays = st.none() | st.floats(0.001, 0.1), st.none() | st.floats(0, 1)
capsnets = st.builds(
    CapsNetArm,
    st.integers(1, 20),
    shares,
    st.sampled_from(["full", "last"]),
    st.none() | shares,
    model=st.just("capsnet"),
    init_gain=st.none() | st.floats(0.01, 10),
    lr=lrs,
    weight_decay=decays,
    temperature=st.floats(0.1, 10),
    routed=st.sampled_from(["all", "r1", "r2"]),
    routed_from=st.floats(0, 0.5),
    routed_until=st.floats(0.6, 1),
    n_iter_outside=st.integers(1, 20),
    couplings_of=st.sampled_from(["own", "other"]),
)
others = st.sampled_from(
    [
        *(CapsNetArm(2, 1.0, model="capsnet", algorithm=name) for name in get_args(AlgorithmName)),
        CapsNetArm(3, 1.0, model="capsnet", certainty=0.5),
        YokedArm(3, 1.0, model="capsnet", certainty_of="n9"),
    ]
)
cnns = st.builds(CNNArm, st.sampled_from(["cnn", "cnn160"]), lr=lrs, weight_decay=decays)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True)
arm_sets = st.dictionaries(names, capsnets | others | cnns, min_size=1, max_size=6)


def table_of(arms: dict, trials: int = 2) -> pd.DataFrame:
    return pd.DataFrame(
        [
            facts_of(key, arm) | {"trial": trial}
            for key, arm in arms.items()
            for trial in range(trials)
        ]
    )


@given(arm_sets)
def test_arms_come_back_from_a_table_in_its_order(arms):
    assert list(arms_in(table_of(arms)).items()) == list(arms.items())


@pytest.mark.parametrize("keys", [list(ARMS), ["n1"], ["cnn"]])
def test_arms_come_back_from_a_file(tmp_path, keys):
    arms = {key: ARMS[key] for key in keys}
    write_table(tmp_path / "table.csv", table_of(arms))
    assert arms_in(read_table(tmp_path / "table.csv")) == arms


@given(arm_sets)
def test_capsule_arms_are_those_without_a_gain_of_their_own_and_route_or_are_uniform(arms):
    uniform, routed, capsules = uniform_arms(arms), routed_arms(arms), capsule_arms(arms)
    assert uniform.keys().isdisjoint(routed)
    assert uniform.keys() | routed.keys() == capsules.keys()
    assert all(arm.init_gain is None for arm in capsules.values())
    for arm in routed.values():
        assert arm.n_iter >= 2 and max(arm.eta, arm.eta_max or 0) > 0
    full = {key for key, arm in routed.items() if arm.gradient == "full"}
    assert routed_full_arms(arms).keys() == full
    own_gain = {key for key, arm in arms.items() if getattr(arm, "init_gain", None)}
    assert without_own_gain(arms).keys() == arms.keys() - own_gain


def test_arms_of_figure_2_differ_in_iterations_or_in_eta_alone():
    arms = ARMS | {
        "n4_last": CapsNetArm(4, 1.0, "last", model="capsnet"),
        "n4_early": CapsNetArm(4, 1.0, model="capsnet", routed_until=0.5),
        "n6_many": CapsNetArm(6, 0.3, model="capsnet", trials=9),
    }
    assert list(n_iter_arms(arms)) == ["n1", "n2", "n3", "n5", "n7", "n9"]
    by_eta = ["n6_eta0p01", "n6_eta0p1", "n6_eta0p5", "n6_eta1", "n6_fitness", "n6_many"]
    assert list(eta_arms(arms)) == by_eta


def test_legends_go_by_iterations_and_eta_with_cnns_last():
    keys = ("cnn", "n7_last", "n6_fitness", "n7", "n6_eta1", "n6_eta0p01", "n1")
    shuffled = {key: ARMS[key] for key in keys}
    expected = ["n1", "n6_eta0p01", "n6_eta1", "n6_fitness", "n7", "n7_last", "cnn"]
    assert list(in_order(shuffled)) == expected


def test_the_main_arm_routes_as_its_block_says_and_has_no_training_of_its_own():
    routing = RoutingParams(4, 0.3, "last", temperature=2.0, routed="r2")
    arm = main_arm(routing)
    assert arm.routing == replace(arm, init_gain=0.5).routing == routing
    assert {arm.init_gain, arm.lr, arm.weight_decay, arm.trials} == {None}
