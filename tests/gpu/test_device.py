"""The study on a GPU against the CPU; the same tests on the CPU, where there is no GPU.

Errors are relative to the norm of the whole tensor. Rounding in float32 stays far below the
tolerances; TF32, which keeps 10 bits of each factor, would exceed them.
"""

from __future__ import annotations

import copy
import os

import pytest
import torch

from capsnet_study.common.devices import deterministic, device
from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.checkpoints import Checkpoint
from capsnet_study.training.evaluation import Examples, evaluate, frozen_features
from capsnet_study.training.fit import Budget, fit

# Without it, PyTorch refuses cuBLAS under `use_deterministic_algorithms`; read when CUDA starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
VALUES, GRADIENTS = 1e-5, 1e-4
BUDGET = Budget(epochs=3, batch_size=7, lr=0.005, evaluations=3, fitness_memory=0.5)
FITNESS = RoutingParams(n_iter=3, eta=0.1, eta_max=1.0)  # eta follows the training accuracy


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, NO_CUDA])])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """The device of this test and of every trial in it; routing is plain PyTorch on both."""
    monkeypatch.setenv("CAPS_DEVICE", request.param)
    monkeypatch.setenv("CAPS_ROUTING", "plain")
    return torch.device(request.param)


@pytest.fixture(params=["capsnet", "cnn"])
def spec(request: pytest.FixtureRequest, model) -> NetworkSpec:
    if request.param == "cnn":
        return NetworkSpec("cnn", model, hidden=2)
    return NetworkSpec("capsnet", model, 2, CapsuleParams(0.5, True), FITNESS)


def assert_near(found: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    found, expected = found.detach().cpu().double(), expected.detach().double()
    error = torch.linalg.vector_norm(found - expected)
    assert error <= tolerance * torch.linalg.vector_norm(expected)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(("n_iter", "gradient"), [(1, "full"), (3, "last"), (9, "full")])
def test_a_layer_matches_float64_on_the_cpu(place, n_iter, gradient):
    layer = CapsuleLayer(50, 8, 10, 16, n_iter, eta=0.7, gradient=gradient, bias=True)
    u = torch.rand(6, 50, 8, generator=seeded())
    exact, exact_u = copy.deepcopy(layer).double(), u.double()
    layer, u = layer.to(place), u.to(place)
    with deterministic():
        found, expected = layer(u), exact(exact_u)
        for v, _ in (found, expected):
            v.square().sum().backward()
    for one, other in zip(found, expected, strict=True):
        assert one.device.type == place.type
        assert_near(one, other, VALUES)
    for one, other in zip(layer.parameters(), exact.parameters(), strict=True):
        assert_near(one.grad, other.grad, GRADIENTS)


def test_networks_and_their_measures_match_the_cpu(place, spec, images, monkeypatch):
    data, results = images[0].on_device(), []
    for where, path in ((torch.device("cpu"), "fused"), (place, "plain")):
        monkeypatch.setenv("CAPS_ROUTING", path)
        network = build_network(spec, seeded()).to(where)
        examples = Examples(data.inputs.to(where), data.labels.to(where))
        with deterministic():
            scores = examples.run(network, slice(None)).scores
            network.loss(scores, examples.targets(slice(None))).backward()
            features = frozen_features(network, examples, 1).run(network, slice(None)).scores
            measures = evaluate(network, examples)
        results.append((scores, features, list(network.parameters()), measures))
    (scores, features, weights, measures), found = results
    assert_near(found[0], scores, VALUES)
    assert_near(found[1], features, VALUES)
    for one, other in zip(found[2], weights, strict=True):
        assert_near(one.grad, other.grad, GRADIENTS)
    assert found[3] == pytest.approx(measures, rel=1e-4, abs=1e-5, nan_ok=True)


class KilledError(Exception):
    """Stands for a kill at a chosen step."""


def train(spec, images, checkpoint=None, killed_at=None):
    """Train on the device of this process; return rows and weights."""
    network = build_network(spec, seeded()).to(device())

    def watch(step, *_):
        if step == killed_at:
            raise KilledError

    sets = [part.on_device() for part in images]
    with deterministic():
        rows = fit(network, *sets, BUDGET, seeded(), watch, checkpoint)
    return rows, weights_of(network)


def test_a_training_is_repeatable_and_resumes_in_the_same_bits(place, spec, images, tmp_path):
    """PyTorch raises at operations that it knows to add in any order."""
    torch.use_deterministic_algorithms(True)
    try:
        rows, weights = train(spec, images)
        checkpoint = Checkpoint(tmp_path / "training.safetensors", seconds=0.0)
        with pytest.raises(KilledError):
            train(spec, images, checkpoint, killed_at=11)
        resumed_rows, resumed_weights = train(spec, images, checkpoint)
    finally:
        torch.use_deterministic_algorithms(False)
    torch.testing.assert_close(resumed_rows, rows, rtol=0, atol=0, equal_nan=True)
    for name, weight in weights.items():
        assert (resumed_weights[name] == weight).all()


def test_a_training_follows_the_one_on_the_cpu(place, spec, images, monkeypatch):
    """Adam amplifies rounding: losses agree to one per cent over fifteen steps."""
    found, _ = train(spec, images)
    monkeypatch.setenv("CAPS_DEVICE", "cpu")
    monkeypatch.setenv("CAPS_ROUTING", "fused")
    expected, _ = train(spec, images)
    losses = [row["loss"] for row in expected]
    assert [row["loss"] for row in found] == pytest.approx(losses, rel=1e-2, nan_ok=True)
