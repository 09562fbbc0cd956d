"""The optimizer: Adam, bit for bit, without weight decay, and with it AdamW."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from capsnet_study.common.storage import read_arrays
from capsnet_study.models.spec import build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.training.checkpoints import Checkpoint, Progress
from capsnet_study.training.evaluation import frozen_features
from capsnet_study.training.fit import Budget, fit, next_batch, rate_at

EPOCHS, BATCH, LR, WARMUP = 3, 16, 0.01, 0.25
BETAS, EPS = (0.9, 0.999), 1e-8


def budget(weight_decay: float = 0.0) -> Budget:
    return Budget(EPOCHS, BATCH, LR, evaluations=2, warmup=WARMUP, weight_decay=weight_decay)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=["capsnet", "cnn"])
def network(request, capsnet, cnn):
    """A network whose biases are not 0, so that their decay shows."""
    network = build_network({"capsnet": capsnet, "cnn": cnn}[request.param], seeded())
    for name, value in network.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(value, std=0.1, generator=seeded(1))
    return network


def test_without_decay_weights_and_moments_are_those_of_adam(network, examples, tmp_path):
    start = {name: value.clone() for name, value in network.state_dict().items()}
    checkpoint = Checkpoint(tmp_path / "training.safetensors")
    fit(network, *examples, budget(), seeded(2), checkpoint=checkpoint)
    found = read_arrays(checkpoint.path)

    network.load_state_dict(start)
    adam = torch.optim.Adam(network.parameters(), LR, BETAS, EPS, fused=True)
    progress, train, order = Progress(), examples[0], seeded(2)
    steps = EPOCHS * -(-len(train) // BATCH)
    for step in range(steps):
        chosen = next_batch(progress, len(train), BATCH, order)
        adam.param_groups[0]["lr"] = rate_at(step, steps, LR, WARMUP)
        adam.zero_grad()
        network.loss(train.run(network, chosen).scores, train.targets(chosen)).backward()
        adam.step()
        progress.samples += len(chosen)

    expected = {f"network/{name}": value for name, value in network.state_dict().items()}
    for index, moments in adam.state_dict()["state"].items():
        expected |= {f"adam/{index}/{name}": value for name, value in moments.items()}
    assert found.keys() == {*expected, "order", "losses", "generator"}
    for name, value in expected.items():
        assert torch.equal(torch.from_numpy(found[name]).reshape(value.shape), value), name


def decayed_adam(weights, gradients, rates, weight_decay):
    """Yield the weights after each step of Loshchilov and Hutter 2019, in float64."""
    w = weights.astype(np.float64)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, (g, lr) in enumerate(zip(gradients, rates, strict=True), start=1):
        w = w - lr * weight_decay * w
        m = BETAS[0] * m + (1 - BETAS[0]) * g
        v = BETAS[1] * v + (1 - BETAS[1]) * g.astype(np.float64) ** 2
        w = w - lr * (m / (1 - BETAS[0] ** t)) / (np.sqrt(v / (1 - BETAS[1] ** t)) + EPS)
        yield w


def test_decay_shrinks_every_weight_and_bias_before_the_step_of_adam(network, examples):
    """With the gradients of the training itself."""
    passed, gradients = [], []

    def watch(*_):
        passed.append(weights_of(network))
        found = {name: value.grad for name, value in network.named_parameters()}
        gradients.append({name: g.numpy().copy() for name, g in found.items() if g is not None})

    fit(network, *examples, budget(weight_decay=5.0), seeded(2), watch)
    steps = len(passed) - 1
    rates = [rate_at(step, steps, LR, WARMUP) for step in range(steps)]
    for name, start in passed[0].items():
        own = [found[name] for found in gradients[1:]]
        expected = decayed_adam(start, own, rates, 5.0)
        for after, weights in zip(passed[1:], expected, strict=True):
            np.testing.assert_allclose(after[name], weights, rtol=1e-4, atol=1e-6)
        if name.endswith("bias"):
            *_, plain = decayed_adam(start, own, rates, 0.0)
            assert np.abs(plain - weights).max() > 0.01


def test_frozen_layers_do_not_decay(network, examples):
    before = weights_of(network)
    features = [frozen_features(network, part, kept=1) for part in examples]
    fit(network, *features, budget(weight_decay=5.0), seeded(2))
    for name, value in weights_of(network).items():
        assert np.array_equal(value, before[name]) != name.startswith("layers.1."), name
