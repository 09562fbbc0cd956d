"""Trainings on a GPU: the same bits again, resumed, and in processes that share it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from capsnet_study.common.devices import deterministic, device
from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.checkpoints import Checkpoint
from capsnet_study.training.fit import Budget, fit
from capsnet_study.training.trials import run_trainings, trial
from tests.gpu.conftest import NEEDS_CUDA

pytestmark = NEEDS_CUDA

BUDGET = Budget(epochs=3, batch_size=7, lr=0.005, evaluations=3, fitness_memory=0.5)
FITNESS = RoutingParams(n_iter=2, eta=0.1, eta_max=1.0)  # eta follows what the state holds


class KilledError(Exception):
    """Stands for a kill at a chosen step."""


@pytest.fixture(params=["capsnet", "cnn"])
def spec(request, model) -> NetworkSpec:
    if request.param == "cnn":
        return NetworkSpec("cnn", model)
    return NetworkSpec("capsnet", model, capsules=CapsuleParams(0.5, True), routing=FITNESS)


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


def test_a_training_that_is_killed_and_resumed_ends_in_the_same_bits(cuda, spec, images, tmp_path):
    undisturbed = train(spec, images)
    checkpoint = Checkpoint(tmp_path / "training.safetensors", seconds=0.0)
    for step in (4, 11):
        with pytest.raises(KilledError):
            train(spec, images, checkpoint, step)
    np.testing.assert_equal(train(spec, images, checkpoint), undisturbed)  # NaN equals NaN


def test_no_operation_adds_in_any_order(cuda, spec, images):
    """PyTorch raises at those that it knows to; the results are those without the check."""
    expected = train(spec, images)
    torch.use_deterministic_algorithms(True)
    try:
        found = train(spec, images)
    finally:
        torch.use_deterministic_algorithms(False)
    np.testing.assert_equal(found, expected)


def test_a_training_goes_as_on_the_cpu(cuda, spec, images, monkeypatch):
    """Adam makes much of small differences: losses agree to a hundredth, over fifteen steps."""
    found, _ = train(spec, images)
    monkeypatch.setenv("CAPS_DEVICE", "cpu")
    expected, _ = train(spec, images)
    for name in ("step", "epoch", "samples"):
        assert [row[name] for row in found] == [row[name] for row in expected]
    losses = [row["loss"] for row in expected]
    assert [row["loss"] for row in found] == pytest.approx(losses, rel=1e-2, nan_ok=True)


def test_processes_that_share_the_device_change_no_bit(
    cuda, model, routing, images, train_params, monkeypatch
):
    spec = NetworkSpec("capsnet", model, capsules=CapsuleParams(0.5, True), routing=routing)
    params = replace(train_params, epochs=1)
    trainings = [trial(f"shared trial {k}", spec, images, params, k) for k in range(params.trials)]
    found = []
    for count in ("1", "2"):
        monkeypatch.setenv("CAPS_WORKERS", count)
        found.append(run_trainings(trainings))
    for one, other in zip(*found, strict=True):
        np.testing.assert_equal(one, other)
