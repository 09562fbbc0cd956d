"""Which routings can be asked for, and what they are in a layer."""

import pytest

from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import FIXED, ONE_UPDATE, RoutingParams
from tests.routing.algorithm_problems import ITERATING, NAMES

DYNAMIC_ONLY = {
    "eta": 0.5,
    "eta_max": 1.0,
    "gradient": "last",
    "temperature": 2.0,
    "couplings_of": "other",
    "certainty": 0.9,
    "certainty_path": [(0.0, 0.9)],
}


@pytest.mark.parametrize("algorithm", ["em", "self_routing"])
@pytest.mark.parametrize("name", DYNAMIC_ONLY)
def test_other_algorithms_take_nothing_that_they_would_ignore(name: str, algorithm: str) -> None:
    asked = {"n_iter": 2, "eta": 1.0, name: DYNAMIC_ONLY[name]}
    RoutingParams(**asked)  # the paper's routing does
    with pytest.raises(ValueError, match=name):
        RoutingParams(**asked, algorithm=algorithm)


def test_algorithms_of_one_update_have_two_iterations() -> None:
    assert set(ONE_UPDATE) | set(ITERATING) == set(NAMES)
    for algorithm in ONE_UPDATE:
        assert RoutingParams(2, 1.0, algorithm=algorithm).n_iter == 2
        for n_iter in (1, 3):
            with pytest.raises(ValueError, match=f"n_iter = {n_iter}"):
                RoutingParams(n_iter, 1.0, algorithm=algorithm)


def test_couplings_are_uniform_without_an_update_or_without_a_rate_at_any_time() -> None:
    assert RoutingParams(1, 1.0).is_uniform and RoutingParams(3, 0.0).is_uniform
    assert not RoutingParams(2, 0.01).is_uniform
    assert not RoutingParams(3, 0.0, eta_max=1.0).is_uniform
    assert RoutingParams(1, 0.0, eta_max=1.0).is_uniform


def test_a_layer_that_does_not_route_never_does() -> None:
    """Before, between and after the shares between which the other does."""
    routing = RoutingParams(
        9, 1.0, routed="r2", routed_from=0.25, routed_until=0.5, n_iter_outside=3
    )
    for share, n_iter in ((0.0, 3), (0.25, 9), (0.49, 9), (0.5, 3), (1.0, 3)):
        found = [routing.in_force(layer, share, 0.5).n_iter for layer in (0, 1)]
        assert found == [1, n_iter]


def test_a_layer_is_built_with_all_that_is_the_same_over_training() -> None:
    routing = RoutingParams(3, 1.0, "last", temperature=2.0, couplings_of="other")
    layer = CapsuleLayer(5, 4, 3, 6, **routing.of_a_layer)
    built = {"n_iter": 3, "eta": 1.0, "gradient": "last", "temperature": 2.0}
    built |= {"couplings_of": "other"}
    assert {name: getattr(layer, name) for name in built} == built
    assert {*routing.of_a_layer} == {"n_iter", "eta", *FIXED}
