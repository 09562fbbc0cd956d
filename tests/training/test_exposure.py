"""What each capsule of Cap1 gets of couplings and of the loss's gradient."""

import math

import numpy as np
import pytest
import torch

from capsnet_study.models.network import as_images
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.training import exposure as module
from capsnet_study.training.evaluation import Examples, frozen_features
from capsnet_study.training.exposure import exposure

J = 3


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network(capsnet):
    return build_network(capsnet, seeded())


@pytest.fixture
def train(examples) -> Examples:
    return examples[0]


def shares(found: dict[str, float], name: str) -> np.ndarray:
    return np.array([found[f"{name}_{j}"] for j in range(J)])


def test_shares_are_those_of_the_couplings_and_of_the_gradient_of_the_whole_loss(network, train):
    found = exposure(network, train)
    output = network(as_images(train.inputs))
    network.loss(output.scores, train.targets(slice(None))).backward()
    c, slope = output.couplings[0].detach().double(), network.layers[0].weight.grad.double()
    mass = c.mean(dim=(0, 1)).numpy()
    norms = np.array([slope[:, j].norm().item() for j in range(J)])
    for name, own in (("mass", mass), ("gradient", norms / norms.sum())):
        np.testing.assert_allclose(shares(found, name), own, rtol=1e-4)
        effective = math.exp(-(own * np.log(own)).sum())
        assert found[f"effective_{name}"] == pytest.approx(effective, rel=1e-4)
        assert 1 < effective < J


def test_the_leak_is_left_out(network, train, monkeypatch):
    given = torch.tensor([0.3, 0.1, 0.2, 0.4])
    upper = network.upper

    def leaky(features, kept):
        output = upper(features, kept)
        output.couplings[0] = given.expand(len(features), network.layers[0].in_caps, 4)
        return output

    monkeypatch.setattr(network, "upper", leaky)
    found = shares(exposure(network, train), "mass")
    np.testing.assert_allclose(found, [1 / 2, 1 / 6, 1 / 3], rtol=1e-6)


@pytest.mark.parametrize("batch", [7, 39])
def test_the_size_of_batches_does_not_matter(network, train, batch, monkeypatch):
    expected = exposure(network, train)
    monkeypatch.setattr(module, "BATCH", batch)
    assert exposure(network, train) == pytest.approx(expected, rel=1e-4)


def test_nothing_is_measured_without_routing_or_on_features(network, cnn, capsnet, train):
    assert exposure(build_network(cnn, seeded()), train) == {}
    assert exposure(network, frozen_features(network, train, 1)) == {}
    deep = NetworkSpec("capsnet", cnn.model, 2, capsnet.capsules, capsnet.routing)
    assert exposure(build_network(deep, seeded()), train)


def test_measuring_changes_nothing(network, train):
    before, state = weights_of(network), torch.get_rng_state()
    with torch.no_grad():
        exposure(network, train)
    exposure(network.train(), train)
    assert network.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in network.parameters())
    np.testing.assert_equal(weights_of(network), before)
