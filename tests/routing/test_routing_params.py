"""Which routings can be asked for, and how a layer routes at each moment of training."""

import pytest

from capsnet_study.routing.params import ONE_UPDATE, RoutingParams

DYNAMIC_ONLY = {
    "eta": 0.5,
    "eta_max": 1.0,
    "gradient": "last",
    "temperature": 2.0,
    "couplings_of": "other",
    "certainty": 0.9,
    "certainty_path": [(0.0, 0.9)],
}


@pytest.mark.parametrize("name", DYNAMIC_ONLY)
def test_options_that_other_algorithms_would_ignore_are_refused(name):
    asked = {"n_iter": 2, "eta": 1.0, name: DYNAMIC_ONLY[name]}
    RoutingParams(**asked)  # allowed for the paper's routing
    with pytest.raises(ValueError, match=name):
        RoutingParams(**asked, algorithm="em")


@pytest.mark.parametrize("algorithm", ONE_UPDATE)
def test_algorithms_of_one_update_have_two_iterations(algorithm):
    assert RoutingParams(2, 1.0, algorithm=algorithm).n_iter == 2
    for n_iter in (1, 3):
        with pytest.raises(ValueError, match=f"n_iter = {n_iter}"):
            RoutingParams(n_iter, 1.0, algorithm=algorithm)


def test_couplings_are_uniform_without_an_update_or_with_a_rate_of_zero_throughout():
    assert RoutingParams(1, 1.0).is_uniform and RoutingParams(3, 0.0).is_uniform
    assert not RoutingParams(2, 0.01).is_uniform
    assert not RoutingParams(3, 0.0, eta_max=1.0).is_uniform
    assert RoutingParams(1, 0.0, eta_max=1.0).is_uniform


def test_iterations_change_at_their_shares_in_the_routed_layer_alone():
    routing = RoutingParams(
        9, 1.0, routed="r2", routed_from=0.25, routed_until=0.5, n_iter_outside=3
    )
    for share, n_iter in ((0.0, 3), (0.25, 9), (0.49, 9), (0.5, 3), (1.0, 3)):
        found = [routing.in_force(layer, share, 0.5).n_iter for layer in (0, 1)]
        assert found == [1, n_iter]


def test_a_path_of_certainty_is_interpolated_in_r1_alone():
    routing = RoutingParams(3, 1.0, certainty_path=[(0.0, 0.9), (0.5, 0.7)])
    for share, target in ((0.0, 0.9), (0.25, 0.8), (0.5, 0.7), (1.0, 0.7)):
        assert routing.in_force(0, share, 0.0).certainty == pytest.approx(target)
        assert routing.in_force(1, share, 0.0).certainty is None
