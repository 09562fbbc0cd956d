"""A tiny network that routes with some certainty, and images for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.network import Network
from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.training.evaluation import Examples


@pytest.fixture(scope="session")
def spec(capsnet: NetworkSpec) -> NetworkSpec:
    """Weights so large that couplings are neither uniform nor all the same."""
    return replace(capsnet, capsules=CapsuleParams(init_gain=3.0, bias=True))


@pytest.fixture(scope="module")
def network(spec: NetworkSpec) -> Network:
    """Capsules in float64; only the convolutions are in float32."""
    generator = torch.Generator().manual_seed(0)
    network = build_network(spec, generator).eval()
    for layer in network.layers:
        torch.nn.init.normal_(layer.bias, std=0.2, generator=generator)
    network.layers.double()
    lower = network.lower
    network.lower = lambda images, kept: lower(images, kept).double()
    return network


@pytest.fixture(scope="module")
def examples(images) -> tuple[Examples, Examples]:
    """40 training images, 11 test images."""
    train, test = (
        Examples(torch.tensor(part.images), torch.tensor(part.labels).long()) for part in images
    )
    return train, Examples(test.inputs[:11], test.labels[:11])


@pytest.fixture(scope="session")
def params() -> InterventionParams:
    return InterventionParams(["n3"], [1, 3, 5], [0.5, 1.0, 3.0])
