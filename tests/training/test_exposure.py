"""What each capsule of Cap1 gets of couplings and of the loss's gradient."""

import math
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from capsnet_study.models.network import as_images
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training import exposure as module
from capsnet_study.training import fit as training
from capsnet_study.training.evaluation import Examples, frozen_features
from capsnet_study.training.exposure import exposure
from capsnet_study.training.fit import Budget, fit

J = 3


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network(capsnet):
    return build_network(capsnet, seeded())


@pytest.fixture
def train(images) -> Examples:
    return images[0].on_device()


def shares(found: dict[str, float], name: str) -> np.ndarray:
    return np.array([found[f"{name}_{j}"] for j in range(J)])


def test_mass_is_the_mean_share_of_the_couplings(network, train):
    found = exposure(network, train)
    c = train.run(network, slice(None)).couplings[0].detach().double().numpy()
    expected = [c[:, :, j].mean() for j in range(J)]
    np.testing.assert_allclose(shares(found, "mass"), expected, rtol=1e-6)
    assert np.ptp(expected) > 1e-4


def test_what_leaks_elsewhere_is_left_out(network, train, monkeypatch):
    given = torch.tensor([0.3, 0.1, 0.2, 0.4])
    upper = network.upper

    def leaky(features, kept):
        output = upper(features, kept)
        output.couplings[0] = given.expand(len(features), network.layers[0].in_caps, 4)
        return output

    monkeypatch.setattr(network, "upper", leaky)
    np.testing.assert_allclose(
        shares(exposure(network, train), "mass"), [1 / 2, 1 / 6, 1 / 3], rtol=1e-6
    )


def test_gradient_is_that_of_the_whole_loss(network, train):
    found = exposure(network, train)
    scores = network(as_images(train.inputs)).scores
    network.loss(scores, train.targets(slice(None))).backward()
    slope = network.layers[0].weight.grad.double()
    norms = np.array([slope[:, j].norm().item() for j in range(J)])
    np.testing.assert_allclose(shares(found, "gradient"), norms / norms.sum(), rtol=1e-4)


def test_gradient_is_the_slope_of_the_loss(network, train):
    """By finite differences in float64, along the gradient of each capsule's weights."""
    found = shares(exposure(network, train), "gradient")
    with torch.no_grad():
        u = network.lower(as_images(train.inputs), 0).double()
    layers = deepcopy(network.layers).double()
    weight = layers[0].weight

    def loss() -> torch.Tensor:
        scores = layers[1](layers[0](u)[0])[0].norm(dim=-1)
        return network.loss(scores, train.targets(slice(None)).double())

    (slope,) = torch.autograd.grad(loss(), weight)
    norms = []
    for j in range(J):
        way = torch.zeros_like(slope)
        way[:, j] = slope[:, j] / slope[:, j].norm()
        with torch.no_grad():
            weight += 1e-5 * way
            above = loss().item()
            weight -= 2e-5 * way
            norms.append((above - loss().item()) / 2e-5)
            weight += 1e-5 * way
    np.testing.assert_allclose(found, np.array(norms) / sum(norms), rtol=1e-4)


def test_columns_and_sums(network, train):
    found = exposure(network, train)
    single = [f"{name}_{j}" for name in ("mass", "gradient") for j in range(J)]
    assert list(found) == [*single, "effective_mass", "effective_gradient"]
    for name in ("mass", "gradient"):
        own = shares(found, name)
        assert own.sum() == pytest.approx(1) and own.min() >= 0
        expected = math.exp(-(own * np.log(own)).sum())
        assert found[f"effective_{name}"] == pytest.approx(expected)
        assert 1 < expected < J


def test_capsules_that_are_alike_get_the_same(network, train):
    with torch.no_grad():
        for parameter in (network.layers[0].weight, network.layers[1].weight.transpose(0, 1)):
            parameter.copy_(parameter[:, :1].expand_as(parameter).clone())
    found = exposure(network, train)
    for name in ("mass", "gradient"):
        np.testing.assert_allclose(shares(found, name), 1 / J, rtol=1e-4)
        assert found[f"effective_{name}"] == pytest.approx(J)


def test_one_that_gets_all_is_one(network, train):
    with torch.no_grad():
        network.layers[1].weight[1:] = 0
    network.layers[0].n_iter = 1  # else the others matter through agreement
    found = exposure(network, train)
    np.testing.assert_allclose(shares(found, "gradient"), [1, 0, 0], atol=1e-6)
    assert found["effective_gradient"] == pytest.approx(1)
    assert found["effective_mass"] == pytest.approx(J)


def test_without_any_gradient_all_get_the_same(network, train):
    torch.nn.init.zeros_(network.layers[1].weight)
    found = exposure(network, train)
    assert set(shares(found, "gradient")) == {1 / J}
    assert found["effective_gradient"] == pytest.approx(J)


@pytest.mark.parametrize("batch", [7, 39, 40])
def test_the_size_of_batches_does_not_matter(network, train, batch, monkeypatch):
    expected = exposure(network, train)
    monkeypatch.setattr(module, "BATCH", batch)
    assert exposure(network, train) == pytest.approx(expected, rel=1e-4)


def test_the_first_training_images_are_the_probe(network, train, monkeypatch):
    monkeypatch.setattr(module, "PROBE", 10)
    monkeypatch.setattr(module, "BATCH", 4)
    first = Examples(train.inputs[:10], train.labels[:10])
    assert exposure(network, train) == exposure(network, first)


def test_nothing_is_measured_without_routing_and_on_features(network, cnn, capsnet, train):
    assert exposure(build_network(cnn, seeded()), train) == {}
    assert exposure(network, frozen_features(network, train, 1)) == {}
    deep = build_network(
        NetworkSpec("capsnet", cnn.model, 2, capsnet.capsules, capsnet.routing), seeded()
    )
    assert exposure(deep, train)


def test_looking_leaves_no_trace(network, train):
    before, state = weights_of(network), torch.get_rng_state()
    with torch.no_grad():
        exposure(network, train)
    exposure(network.train(), train)
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in network.parameters())
    np.testing.assert_equal(weights_of(network), before)


@pytest.mark.parametrize("gradient", ["full", "last"])
def test_a_training_ends_in_the_same_bits_unmeasured(capsnet, images, gradient, monkeypatch):
    spec = replace(capsnet, routing=RoutingParams(3, 1.0, gradient))
    sets = [part.on_device() for part in images]
    found = []
    for measured in (True, False):
        if not measured:
            monkeypatch.setattr(training, "exposure", lambda *_: {})
        network = build_network(spec, seeded())
        budget = Budget(epochs=2, batch_size=16, lr=0.01, evaluations=4)
        rows = fit(network, *sets, budget, seeded())
        assert ("mass_0" in rows[0]) == measured
        found.append(weights_of(network))
    np.testing.assert_equal(*found)


def test_each_row_tells_what_the_training_images_give(capsnet, images):
    train, test = (part.on_device() for part in images)
    network = build_network(capsnet, seeded())
    expected = exposure(network, train)
    budget = Budget(epochs=1, batch_size=16, lr=0.01, evaluations=2)
    rows = fit(network, train, test, budget, seeded())
    assert {name: rows[0][name] for name in expected} == expected
    names = list(rows[-1])
    assert names[names.index("dead_share") + 1 :] == [*expected, "eta_in_force"]
    assert {name: rows[-1][name] for name in expected} == exposure(network, train)
