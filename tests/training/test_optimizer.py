"""The optimizer, against the equations of AdamW in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from capsnet_study.models.spec import build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.training.evaluation import frozen_features
from capsnet_study.training.fit import Budget, Progress, fit, next_batch, rate_at

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


def gradients_at(network, weights, train, chosen):
    """Return the gradients of the loss of the chosen examples."""
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    loss = network.loss(train.run(network, chosen).scores, train.targets(chosen))
    found = torch.autograd.grad(loss, list(network.parameters()))
    return {name: g.numpy() for name, g in zip(weights, found, strict=True)}


@pytest.mark.parametrize("weight_decay", [0.0, 5.0])
def test_weights_and_biases_take_the_steps_of_adam_with_decoupled_decay(
    network, examples, weight_decay
):
    """With the gradient of each batch alone, at the weights before its step."""
    passed = []
    watch = lambda *_: passed.append(weights_of(network))  # noqa: E731
    fit(network, *examples, budget(weight_decay), seeded(2), watch)
    rates = [rate_at(step, len(passed) - 1, LR, WARMUP) for step in range(len(passed) - 1)]
    progress, order, gradients = Progress(), seeded(2), []
    for weights in passed[:-1]:
        chosen = next_batch(progress, len(examples[0]), BATCH, order)
        gradients.append(gradients_at(network, weights, examples[0], chosen))
        progress.samples += len(chosen)
    for name, start in passed[0].items():
        own = [found[name] for found in gradients]
        expected = decayed_adam(start, own, rates, weight_decay)
        for after, weights in zip(passed[1:], expected, strict=True):
            np.testing.assert_allclose(after[name], weights, rtol=1e-4, atol=1e-6)


def test_frozen_layers_do_not_decay(network, examples):
    before = weights_of(network)
    features = [frozen_features(network, part, kept=1) for part in examples]
    fit(network, *features, budget(weight_decay=5.0), seeded(2))
    for name, value in weights_of(network).items():
        assert np.array_equal(value, before[name]) != name.startswith("layers.1."), name
