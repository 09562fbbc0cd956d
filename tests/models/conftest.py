"""Tiny networks of every kind."""

import pytest
import torch

from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.training.evaluation import as_images


@pytest.fixture
def make(model, capsules, routing):
    """Make a tiny network of a kind."""

    def make_network(kind, hidden=1, seed=0, **changed):
        routed = {"capsules": capsules, "routing": routing} if kind == "capsnet" else {}
        return build_network(
            NetworkSpec(kind, hidden=hidden, **{"model": model} | routed | changed),
            torch.Generator().manual_seed(seed),
        ).eval()

    return make_network


@pytest.fixture(scope="module")
def batch(images):
    return as_images(torch.tensor(images[0].images[:4]))
