"""What is measured: training steps of whole networks, and passes through one routed layer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.timing import Work
from benchmarks.yardstick import BroadcastLayer
from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import CapsNetArm
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, arm_trials, run_trainings

PAPER = ModelParams(
    conv_channels=256, primary_groups=32, primary_dim=8, cap1_capsules=10, capsule_dim=16
)
SMALL = ModelParams(
    conv_channels=32, primary_groups=4, primary_dim=8, cap1_capsules=10, capsule_dim=16
)
CAPSULES = CapsuleParams(init_gain=0.5, bias=True)


def capsnet(model: ModelParams, n_iter: int, gradient: str) -> CapsNet:
    """Return a CapsNet with eta = 1."""
    return CapsNet(model, CAPSULES, RoutingParams(n_iter, 1.0, gradient))


def network_step(network: Network, batch: int, device: torch.device | str = "cpu") -> Work:
    """Return a training step on `device`, where the network is: forward, loss, backward, AdamW."""
    images, targets = torch.rand(batch, 1, 36, 36).to(device), _two_hot(batch).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.0, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        network.loss(network(images).scores, targets).backward()
        optimizer.step()

    return step


def convolution_step(model: ModelParams, batch: int) -> Work:
    """Return the same step of the two convolutions alone."""
    network = CNN(model)
    images = torch.rand(batch, 1, 36, 36).contiguous(memory_format=torch.channels_last)
    weights = [*network.conv1.parameters(), *network.conv2.parameters()]
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        h = F.relu(network.conv1(images), inplace=True)
        network.conv2(h).square().mean().backward()
        optimizer.step()

    return step


def layer_pass(
    path: str,
    model: ModelParams,
    n_iter: int,
    gradient: str,
    batch: int,
    backward: bool = True,
    device: torch.device | str = "cpu",
) -> Work:
    """Return a pass through R1: forward and backward, by the fused, plain or broadcast layer."""
    in_caps, in_dim = 100 * model.primary_groups, model.primary_dim
    sizes = (in_caps, in_dim, model.cap1_capsules, model.capsule_dim)
    u = (0.3 * torch.rand(batch, in_caps, in_dim)).to(device).requires_grad_()
    if path == "broadcast":
        layer: Callable = BroadcastLayer(*sizes, n_iter).to(device)
    else:
        routed = CapsuleLayer(*sizes, n_iter, 1.0, gradient).to(device)
        layer = _forced(path, lambda u: routed(u)[0])

    def run() -> None:
        if not backward:
            with torch.no_grad():
                layer(u)
            return
        u.grad = None
        layer(u).sum().backward()

    return run


def trials_an_hour(
    workers: int, steps: int = 400, trials: int = 2, batch: int = 32, model: ModelParams = SMALL
) -> float:
    """Return how many trials of `steps` steps would end in an hour with so many workers."""
    os.environ["CAPS_WORKERS"] = str(workers)
    _train(1, trials, batch, model)  # processes, imports, compiled code: before the clock runs
    began = time.perf_counter()
    _train(steps, trials, batch, model)
    return trials / (time.perf_counter() - began) * 3600


def _train(steps: int, trials: int, batch: int, model: ModelParams) -> None:
    """Train CapsNets side by side."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (steps * batch, 36, 36), dtype=np.uint8)
    labels = np.stack([np.arange(len(images)) % 10, (np.arange(len(images)) + 1) % 10], axis=1)
    train = ImageSet(images, labels.astype(np.int64))
    params = TrainParams(
        seed=0,
        trials=trials,
        epochs=1,
        batch_size=batch,
        lr_capsnet=0.0005,
        lr_cnn=0.001,
        weight_decay=0.0,
        warmup=0.0,
        evaluations=2,
        fitness_memory=0.98,
    )
    arm, sets = CapsNetArm(3, 1.0, model="capsnet"), (train, train.of(np.arange(batch)))
    run_trainings(arm_trials("benchmark", arm, (model, CAPSULES), sets, params))


def with_capsules(model: ModelParams, capsules: int) -> ModelParams:
    """Return the sizes with another number J of Cap1 capsules."""
    return replace(model, cap1_capsules=capsules)


def _forced(path: str, function: Callable) -> Callable:
    def run(u: torch.Tensor) -> torch.Tensor:
        os.environ["CAPS_ROUTING"] = path
        try:
            return function(u)
        finally:
            del os.environ["CAPS_ROUTING"]

    return run


def _two_hot(batch: int) -> torch.Tensor:
    first = torch.arange(batch) % 10
    return F.one_hot(first, 10).float() + F.one_hot((first + 1) % 10, 10).float()
