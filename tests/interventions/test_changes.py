"""Changes of the couplings of one layer."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.interventions.changes import (
    Known,
    at_temperature,
    changes_of,
    mean,
    of_the_next,
    pair_mean,
    uniform,
    with_iterations,
    with_temperature,
)
from capsnet_study.interventions.means import Means, pair_of
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.route import couplings


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def known() -> Known:
    means = Means(random(4, 3).softmax(-1), random(100, 4, 3, seed=1).softmax(-1))
    return Known(means, torch.tensor([[0, 9], [4, 2], [2, 4], [7, 8]]))


def test_couplings_become_uniform_means_or_those_of_the_next_image(known):
    c = (3 * random(4, 4, 3, seed=2)).softmax(-1)
    assert torch.equal(uniform(c, known), torch.full_like(c, 1 / 3))
    assert torch.equal(mean(c, known), known.means.overall)
    found = pair_mean(c, known)
    assert torch.equal(found, known.means.by_pair[pair_of(known.labels)])
    assert torch.equal(found[1], found[2]) and not torch.equal(found[0], found[1])
    for image, one in enumerate(of_the_next(c, known)):
        assert torch.equal(one, c[(image + 1) % 4])


@given(tau=st.floats(0.05, 20), seed=st.integers(0, 100))
def test_a_temperature_divides_the_logits_of_the_softmax(tau, seed):
    b = 3 * random(2, 4, 3, seed=seed)
    torch.testing.assert_close(at_temperature(b.softmax(-1), tau), (b / tau).softmax(-1))


def test_a_coupling_of_zero_stays_zero_at_any_temperature():
    c = torch.tensor([[[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]]])
    for tau in (0.5, 1.0, 4.0):
        found = at_temperature(c, tau)
        assert torch.equal(found == 0, c == 0) and found.isfinite().all()


@pytest.mark.parametrize("path", ["fused", "plain"])
def test_small_couplings_keep_their_precision_at_a_high_temperature(path, known, monkeypatch):
    """In float32, whichever way the layer itself is routed."""
    monkeypatch.setenv("CAPS_ROUTING", path)
    layer = CapsuleLayer(50, 4, 5, 4, n_iter=3, eta=1.0, bias=True, init_gain=6.0)
    layer.reset_parameters(torch.Generator().manual_seed(0))
    u = random(20, 50, 4)
    found = with_temperature(4.0, layer, u.float(), known)
    layer = layer.double()
    c = couplings(layer.votes(u), 3, 1.0, layer.bias) ** (1 / 4)
    assert c.min() < 1e-6
    expected = layer.with_couplings(u, c / c.sum(dim=-1, keepdim=True))
    torch.testing.assert_close(found, expected.float(), rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_a_temperature_of_1_changes_nothing_whatever_that_of_the_layer(known):
    for own in ({"temperature": 3.0, "eta": 1.0}, {"temperature": 0.5, "eta": 0.4}):
        layer = CapsuleLayer(5, 4, 3, 4, n_iter=3, bias=True, init_gain=6.0, **own).double()
        layer.reset_parameters(torch.Generator().manual_seed(0))
        u = random(4, 5, 4)
        torch.testing.assert_close(with_temperature(1.0, layer, u, known), layer(u)[0])


def test_other_iterations_leave_the_layer_unchanged(network, known):
    layer = network.layers[1]
    u = random(2, layer.in_caps, layer.weight.shape[-1])
    own = layer(u)[0]
    assert not torch.equal(with_iterations(7, layer, u, known), own)
    assert layer.n_iter == 3 and torch.equal(layer(u)[0], own)
    assert torch.equal(with_iterations(3, layer, u, known), own)


def test_all_changes_that_the_parameters_name_are_made():
    found = changes_of(InterventionParams(["n3"], [1, 9], [0.5]))
    values = [(change.name, change.value) for change in found if not math.isnan(change.value)]
    assert values == [("n_test", 1), ("n_test", 9), ("temperature", 0.5)]
    others = {change.name for change in found if math.isnan(change.value)}
    assert others == {"uniform", "mean", "pair_mean", "shuffled"}


@pytest.mark.parametrize(
    "wrong", [{"arms": []}, {"arms": ["n3", "n3"]}, {"n_test": [0]}, {"temperatures": [math.inf]}]
)
def test_invalid_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        InterventionParams(**{"arms": ["n3"], "n_test": [1], "temperatures": [2.0]} | wrong)
