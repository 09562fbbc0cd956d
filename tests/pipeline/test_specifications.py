"""Which network a stage trains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import main_model
from capsnet_study.names import MAIN_MODELS
from capsnet_study.params import Params, parse_params
from capsnet_study.routing.params import RoutingParams
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


def test_main_models_differ_in_their_routing_alone(params: Params) -> None:
    capsnet, uniform, cnn = (
        main_model(name, params.model, params.capsules, params.routing, 2) for name in MAIN_MODELS
    )
    assert capsnet.routing == params.routing
    assert uniform.routing.is_uniform
    assert uniform == replace(capsnet, routing=uniform.routing)
    assert (cnn.kind, cnn.hidden, cnn.routing) == ("cnn", 2, None)
