"""Arms: their groups and order, and their way through a table and back."""

from dataclasses import replace
from typing import get_args

import pandas as pd
import pytest

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


def arm(n_iter=3, eta=1.0, **options) -> CapsNetArm:
    return CapsNetArm(n_iter, eta, model="capsnet", **options)


VARIED = ARMS | {
    "late": arm(9, 0.3, gradient="last", eta_max=0.5, routed_from=0.25, temperature=2.0),
    "early": arm(9, routed_until=0.25, n_iter_outside=3, routed="r2", init_gain=0.5, lr=0.01),
    "sham": arm(couplings_of="other", weight_decay=0.1),
    "clamped": arm(certainty=0.5),
    "still": arm(6, 0.0),
    "rises": arm(6, 0.0, eta_max=1.0),
    "never_rises": arm(6, 0.0, eta_max=0.0),
    "yoked": YokedArm(3, 1.0, model="capsnet", certainty_of="n9"),
    "cnn_decay": CNNArm("cnn160", lr=0.5, weight_decay=0.0),
    **{name: arm(2, algorithm=name) for name in get_args(AlgorithmName)},
}


def table_of(arms: dict, trials: int = 2) -> pd.DataFrame:
    return pd.DataFrame(
        [
            facts_of(key, arm) | {"trial": trial}
            for key, arm in arms.items()
            for trial in range(trials)
        ]
    )


@pytest.mark.parametrize("keys", [list(VARIED), ["n1"], ["cnn"], ["yoked", "late"]], ids=len)
def test_arms_come_back_from_a_table_and_its_file_in_their_order(tmp_path, keys):
    arms = {key: VARIED[key] for key in keys}
    assert list(arms_in(table_of(arms)).items()) == list(arms.items())
    write_table(tmp_path / "table.csv", table_of(arms))
    assert list(arms_in(read_table(tmp_path / "table.csv")).items()) == list(arms.items())


def test_capsule_arms_have_no_gain_of_their_own_and_route_or_are_uniform():
    capsules, routed = capsule_arms(VARIED), routed_arms(VARIED)
    own_gain = {"n3_gain0p25", "n9_gain0p25", "early"}
    assert VARIED.keys() - capsules.keys() == own_gain | {"cnn", "cnn160", "cnn_decay"}
    assert VARIED.keys() - without_own_gain(VARIED).keys() == own_gain
    assert uniform_arms(VARIED).keys() == {"n1", "still", "never_rises"}
    assert routed.keys() == capsules.keys() - uniform_arms(VARIED).keys()
    assert routed.keys() - routed_full_arms(VARIED).keys() == {"n3_last", "n7_last", "late"}


def test_arms_of_figure_2_differ_in_iterations_or_in_eta_alone():
    arms = ARMS | {
        "n4_last": arm(4, gradient="last"),
        "n4_early": arm(4, routed_until=0.5),
        "n6_many": arm(6, 0.3, trials=9),
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
    main = main_arm(routing)
    assert main.routing == replace(main, init_gain=0.5).routing == routing
    assert {main.init_gain, main.lr, main.weight_decay, main.trials} == {None}
