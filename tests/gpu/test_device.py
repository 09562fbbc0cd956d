"""What only a GPU can show: results near those of the CPU, and the same bits again.

Errors are relative to the size of the whole: rounding in float32 stays far below the tolerances,
TF32 (10 bits of each factor) would be far above those of values.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from capsnet_study.common.devices import deterministic, device
from capsnet_study.models.network import as_images
from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.checkpoints import Checkpoint
from capsnet_study.training.evaluation import Examples, evaluate
from capsnet_study.training.fit import Budget, fit
from capsnet_study.training.trials import run_trainings, trial
from tests.routing.problems import by_plain, problem, results

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
# Without it, PyTorch refuses cuBLAS under `use_deterministic_algorithms`; read when CUDA starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

VALUES, GRADIENTS = 1e-5, 1e-4
BUDGET = Budget(epochs=3, batch_size=7, lr=0.005, evaluations=3, fitness_memory=0.5)


@pytest.fixture(autouse=True)
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPS_DEVICE", "cuda")


@pytest.fixture(params=["capsnet", "cnn", "cnn160"])
def spec(request, model) -> NetworkSpec:
    if request.param != "capsnet":
        return NetworkSpec(request.param, model)
    fitness = RoutingParams(n_iter=2, eta=0.1, eta_max=1.0)  # eta follows what the state holds
    return NetworkSpec("capsnet", model, capsules=CapsuleParams(0.5, True), routing=fitness)


def assert_near(found: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    expected = expected.detach().double()
    error = torch.linalg.vector_norm(found.detach().cpu().double() - expected)
    assert error <= tolerance * torch.linalg.vector_norm(expected)


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("n_iter", [1, 3, 9])
def test_routing_and_its_gradients_are_those_of_float64_on_the_cpu(n_iter, gradient):
    exact = problem(6, (50, 8), (10, 16), n_iter, 0.7, gradient)
    expected = results(exact, by_plain)
    with deterministic():
        found = results(exact.to(torch.float32).to("cuda"), by_plain)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].device.type == "cuda"
        assert_near(found[name], value, VALUES if name in ("v", "c") else GRADIENTS)


def test_networks_their_gradients_and_measures_are_those_of_the_cpu(spec, images):
    examples, found = images[0].on_device(), []
    for where in ("cpu", "cuda"):
        network = build_network(spec, torch.Generator().manual_seed(0)).to(where)
        there = Examples(examples.inputs.to(where), examples.labels.to(where))
        with deterministic():
            output = network(as_images(there.inputs))
            network.loss(output.scores, there.targets(slice(None))).backward()
            measures = evaluate(network, there)
        values = {**output.activations, "scores": output.scores}
        values |= {f"c{number}": c for number, c in enumerate(output.couplings)}
        slopes = {name: weight.grad for name, weight in network.named_parameters()}
        found.append((values, slopes, measures))
    (values, slopes, measures), on_gpu = found
    for expected, others, tolerance in (
        (values, on_gpu[0], VALUES),
        (slopes, on_gpu[1], GRADIENTS),
    ):
        assert others.keys() == expected.keys()
        for name, value in expected.items():
            assert_near(others[name], value, tolerance)
    assert on_gpu[2] == pytest.approx(measures, rel=1e-4, abs=1e-5, nan_ok=True)


class KilledError(Exception):
    """Stands for a kill at a chosen step."""


def train(spec, images, checkpoint=None, killed_at=None):
    """Train on the device of this process; return rows and weights."""
    network = build_network(spec, torch.Generator().manual_seed(1)).to(device())

    def watch(step, *_):
        if step == killed_at:
            raise KilledError

    sets, order = [part.on_device() for part in images], torch.Generator().manual_seed(2)
    with deterministic():
        rows = fit(network, *sets, BUDGET, order, watch, checkpoint)
    assert next(network.parameters()).device.type == device().type
    return rows, weights_of(network)


def test_a_training_that_is_killed_and_resumed_ends_in_the_same_bits(spec, images, tmp_path):
    """PyTorch raises at operations that it knows to add in any order."""
    undisturbed = train(spec, images)
    checkpoint = Checkpoint(tmp_path / "training.safetensors", seconds=0.0)
    torch.use_deterministic_algorithms(True)
    try:
        for step in (4, 11):
            with pytest.raises(KilledError):
                train(spec, images, checkpoint, step)
        resumed = train(spec, images, checkpoint)
    finally:
        torch.use_deterministic_algorithms(False)
    np.testing.assert_equal(resumed, undisturbed)  # NaN equals NaN


def test_a_training_goes_as_on_the_cpu(spec, images, monkeypatch):
    """Adam makes much of small differences: losses agree to a hundredth, over fifteen steps."""
    found, _ = train(spec, images)
    monkeypatch.setenv("CAPS_DEVICE", "cpu")
    expected, _ = train(spec, images)
    for name in ("step", "epoch", "samples"):
        assert [row[name] for row in found] == [row[name] for row in expected]
    losses = [row["loss"] for row in expected]
    assert [row["loss"] for row in found] == pytest.approx(losses, rel=1e-2, nan_ok=True)


def test_processes_that_share_the_device_change_no_bit(spec, images, train_params, monkeypatch):
    params = replace(train_params, epochs=1)
    trainings = [trial(f"shared trial {k}", spec, images, params, k) for k in range(params.trials)]
    found = []
    for count in ("1", "2"):
        monkeypatch.setenv("CAPS_WORKERS", count)
        found.append(run_trainings(trainings))
    for one, other in zip(*found, strict=True):
        np.testing.assert_equal(one, other)
