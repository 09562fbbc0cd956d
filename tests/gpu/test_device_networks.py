"""Routing, gradients and networks on a GPU, against the CPU.

Errors are relative to the size of the whole: rounding in float32 stays far below the tolerances,
TF32 (10 bits of each factor) would be far above those of values.
"""

from __future__ import annotations

import copy

import pytest
import torch

from capsnet_study.common.devices import deterministic
from capsnet_study.models.network import as_images
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.evaluation import Examples, evaluate, frozen_features
from tests.gpu.conftest import NEEDS_CUDA
from tests.routing.problems import by_plain, problem, results

pytestmark = NEEDS_CUDA

VALUES, GRADIENTS = 1e-5, 1e-4
MODEL = ModelParams(
    conv_channels=16, primary_groups=2, primary_dim=8, cap1_capsules=5, capsule_dim=8
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def spec_of(kind: str, hidden: int = 1) -> NetworkSpec:
    if kind != "capsnet":
        return NetworkSpec(kind, MODEL, hidden)
    return NetworkSpec(kind, MODEL, hidden, CapsuleParams(0.5, True), RoutingParams(3, 0.7))


def assert_near(found: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    expected = expected.double()
    error = torch.linalg.vector_norm(found.detach().cpu().double() - expected)
    assert error <= tolerance * torch.linalg.vector_norm(expected)


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("n_iter", [1, 3, 9])
def test_routing_and_its_gradients_are_those_of_float64_on_the_cpu(cuda, n_iter, gradient):
    exact = problem(6, (50, 8), (10, 16), n_iter, 0.7, gradient)
    expected = results(exact, by_plain)
    with deterministic():
        found = results(exact.to(torch.float32).to(cuda), by_plain)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].device.type == "cuda"
        assert_near(found[name], value, VALUES if name in ("v", "c") else GRADIENTS)


def test_a_layer_routes_there_by_itself(cuda):
    layer = CapsuleLayer(50, 8, 10, 16, n_iter=3, eta=1.0, bias=True)
    u = torch.rand(6, 50, 8, generator=seeded())
    expected = copy.deepcopy(layer).double()(u.double())
    with deterministic():
        found = layer.to(cuda)(u.to(cuda))
    for one, other in zip(found, expected, strict=True):
        assert_near(one, other.detach(), VALUES)


@pytest.mark.parametrize("kind", ["capsnet", "cnn", "cnn160"])
def test_networks_their_gradients_and_measures_are_those_of_the_cpu(cuda, images, kind):
    examples, found = images[0].on_device(), []
    for where in ("cpu", cuda):
        network = build_network(spec_of(kind), seeded()).to(where)
        there = Examples(examples.inputs.to(where), examples.labels.to(where))
        with deterministic():
            output = network(as_images(there.inputs))
            network.loss(output.scores, there.targets(slice(None))).backward()
            measures = evaluate(network, there)
        slopes = {name: weight.grad for name, weight in network.named_parameters()}
        found.append((output, slopes, measures))
    (expected, expected_slopes, expected_measures), (output, slopes, measures) = found
    assert_near(output.scores, expected.scores.detach(), VALUES)
    for name, value in expected.activations.items():
        assert_near(output.activations[name], value.detach(), VALUES)
    for one, other in zip(output.couplings, expected.couplings, strict=True):
        assert_near(one, other.detach(), VALUES)
    for name, value in expected_slopes.items():
        assert_near(slopes[name], value, GRADIENTS)
    assert measures == pytest.approx(expected_measures, rel=1e-4, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("kind", ["capsnet", "cnn"])
def test_features_of_frozen_layers_stay_on_the_device(cuda, images, kind):
    network = build_network(spec_of(kind, hidden=2), seeded()).to(cuda)
    data = images[0].on_device()
    with deterministic():
        features = frozen_features(network, data, 1)
        found = features.run(network, slice(5)).scores
        expected = data.run(network, slice(5)).scores
    assert features.inputs.device.type == "cuda"
    assert_near(found, expected.detach().cpu(), VALUES)
