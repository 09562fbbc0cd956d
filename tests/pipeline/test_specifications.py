"""Which network a stage trains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capsnet_study.models.params import CapsuleParams
from capsnet_study.params import Params, parse_params
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import main_arm
from capsnet_study.training.trials import arm_spec
from tests.pipeline.conftest import tiny_params


@pytest.fixture(scope="module")
def params() -> Params:
    return parse_params(tiny_params())


def test_an_arm_may_have_an_initial_gain_of_its_own(params: Params) -> None:
    own, common, cnn = (
        arm_spec(params.sweep[key], params.model, params.capsules)
        for key in ("n2_gain2", "n1", "cnn160")
    )
    assert own.capsules == CapsuleParams(2.0, params.capsules.bias)
    assert common.capsules == params.capsules
    assert own.routing == RoutingParams(2, 1.0)
    assert (cnn.kind, cnn.capsules) == ("cnn160", None)


def test_models_of_transfer_differ_in_their_routing_alone(params: Params) -> None:
    arms = main_arm(params.routing), params.sweep["n1"], params.sweep["cnn"]
    capsnet, uniform, cnn = (arm_spec(arm, params.model, params.capsules, 2) for arm in arms)
    assert capsnet.routing == params.routing
    assert uniform.routing.is_uniform
    assert uniform == replace(capsnet, routing=uniform.routing)
    assert (cnn.kind, cnn.hidden, cnn.routing) == ("cnn", 2, None)
