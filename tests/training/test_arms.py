"""What an arm of the sweep is: groups, order, and the way through a table and back."""

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
    uniform_arms,
    without_own_gain,
)
from tests.tables import ARMS

shares = st.floats(0, 1)
capsnets = st.builds(
    CapsNetArm,
    st.integers(1, 20),
    shares,
    st.sampled_from(["full", "last"]),
    st.none() | shares,
    model=st.just("capsnet"),
    init_gain=st.none() | st.floats(0.01, 10),
    lr=st.none() | st.floats(0.001, 0.1),
    weight_decay=st.none() | st.floats(0, 1),
    temperature=st.floats(0.1, 10),
    routed=st.sampled_from(["all", "r1", "r2"]),
    routed_from=st.floats(0, 0.5),
    routed_until=st.floats(0.6, 1),
    n_iter_outside=st.integers(1, 20),
    couplings_of=st.sampled_from(["own", "other"]),
)
others = st.builds(
    CapsNetArm,
    st.just(2),
    st.just(1.0),
    model=st.just("capsnet"),
    algorithm=st.sampled_from(get_args(AlgorithmName)),
)
clamped = st.builds(
    CapsNetArm, st.integers(2, 9), st.just(1.0), model=st.just("capsnet"), certainty=st.just(0.5)
)
yoked = st.builds(
    YokedArm, st.integers(2, 9), st.just(1.0), model=st.just("capsnet"), certainty_of=st.just("n9")
)
cnns = st.builds(
    CNNArm,
    st.sampled_from(["cnn", "cnn160"]),
    lr=st.none() | st.floats(0.001, 0.1),
    weight_decay=st.none() | st.floats(0, 1),
)
arm_sets = st.dictionaries(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True),
    capsnets | others | clamped | yoked | cnns,
    min_size=1,
    max_size=6,
)


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
    found = arms_in(table_of(arms))
    assert list(found.items()) == list(arms.items())


def test_arms_come_back_from_a_file(tmp_path):
    for name, arms in {
        "all": ARMS,
        "plain": {"n1": ARMS["n1"]},
        "cnn": {"x": CNNArm("cnn")},
    }.items():
        write_table(tmp_path / f"{name}.csv", table_of(arms))
        assert arms_in(read_table(tmp_path / f"{name}.csv")) == arms


def test_a_table_with_values_that_no_arm_has_is_refused():
    table = table_of({"n3": ARMS["n3"]}).assign(eta=2.0)
    with pytest.raises(ValueError, match="less than or equal to 1"):
        arms_in(table)


def test_an_empty_table_has_no_arms():
    assert arms_in(table_of(ARMS).iloc[:0]) == {}


@given(arm_sets)
def test_capsule_arms_either_route_or_are_uniform(arms):
    uniform, routed = uniform_arms(arms), routed_arms(arms)
    assert uniform.keys().isdisjoint(routed)
    assert uniform.keys() | routed.keys() == capsule_arms(arms).keys()
    assert all(arm.init_gain is None for arm in capsule_arms(arms).values())
    for arm in routed.values():
        assert arm.n_iter >= 2 and max(arm.eta, arm.eta_max or 0) > 0


def test_groups_hold_arms_by_what_they_are():
    assert list(uniform_arms(ARMS)) == ["n1"]
    assert capsule_arms(ARMS).keys() == ARMS.keys() - {
        "n3_gain0p25",
        "n9_gain0p25",
        "cnn",
        "cnn160",
    }
    assert list(n_iter_arms(ARMS)) == ["n1", "n2", "n3", "n5", "n7", "n9"]
    by_eta = ["n6_eta0p01", "n6_eta0p1", "n6_eta0p5", "n6_eta1", "n6_fitness"]
    assert list(eta_arms(ARMS)) == by_eta
    assert ARMS.keys() - without_own_gain(ARMS).keys() == {"n3_gain0p25", "n9_gain0p25"}


@pytest.mark.parametrize(
    ("n_iter", "eta", "eta_max", "routes"),
    [(6, 0.0, 1.0, True), (6, 0.0, None, False), (6, 0.0, 0.0, False), (1, 1.0, 1.0, False)],
)
def test_an_arm_whose_eta_may_rise_from_0_routes(n_iter, eta, eta_max, routes):
    arms = {"x": CapsNetArm(n_iter, eta, "full", eta_max, model="capsnet")}
    assert bool(routed_arms(arms)) == routes and bool(uniform_arms(arms)) != routes


def test_legends_go_by_iterations_and_eta_with_cnns_last():
    shuffled = {key: ARMS[key] for key in sorted(ARMS, key=lambda key: key[::-1])}
    plain = {key: arm for key, arm in in_order(shuffled).items() if "gain" not in key}
    assert list(plain) == [
        *("n1", "n2", "n3", "n3_last", "n5"),
        *("n6_eta0p01", "n6_eta0p1", "n6_eta0p5", "n6_eta1", "n6_fitness"),
        *("n7", "n7_last", "n9", "cnn", "cnn160"),
    ]


@given(arm_sets)
def test_the_order_is_that_of_what_arms_are_whatever_the_table(arms):
    backwards = dict(reversed(arms.items()))
    assert list(in_order(arms).items()) == list(in_order(backwards).items())
    assert in_order(arms) == arms


def test_an_initial_gain_does_not_change_the_routing():
    arm = replace(ARMS["n6_fitness"], init_gain=0.5)
    assert arm.routing == ARMS["n6_fitness"].routing
    assert arm.follows_fitness and not ARMS["n6_eta1"].follows_fitness


def test_the_main_arm_routes_as_the_block_says_and_has_nothing_of_its_own():
    routing = RoutingParams(4, 0.3, "last", temperature=2.0, routed="r2")
    arm = main_arm(routing)
    assert arm.routing == routing
    assert {arm.init_gain, arm.lr, arm.weight_decay, arm.trials} == {None}
