"""Which network a stage trains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capsnet_study.params import MAIN_MODELS, CapsuleParams, Params, RoutingParams, parse_params
from stages import networks, sweep
from tests.pipeline.conftest import tiny_params


@pytest.fixture(scope="module")
def params() -> Params:
    return parse_params(tiny_params())


def test_an_arm_may_have_an_initial_gain_of_its_own(params: Params) -> None:
    own, common = (sweep.specification(name, params) for name in ("n2_gain2", "n1"))
    assert own.capsules == CapsuleParams(2.0, params.capsules.bias)
    assert common.capsules == params.capsules
    assert own.routing == RoutingParams(2, 1.0)
    assert sweep.specification("cnn160", params).capsules is None


def test_main_models_differ_in_their_routing_alone(params: Params) -> None:
    capsnet, uniform, cnn = (networks.specification(m, params, 2) for m in MAIN_MODELS)
    assert capsnet.routing == params.routing
    assert uniform.routing.n_iter == 1
    assert uniform == replace(capsnet, routing=uniform.routing)
    assert (cnn.kind, cnn.hidden, cnn.routing) == ("cnn", 2, None)
