"""What a GPU would run, with tensors that only say that they are on one: no GPU is needed.

PyTorch refuses operations between devices for them, too, so that a tensor made on the CPU where the
others are not is found. Nothing is computed, and the backward pass needs a real device.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from capsnet_study.models.network import Network
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.training.accuracy import digit_recall, exact_match
from capsnet_study.training.coupling import coupling_sums
from capsnet_study.training.evaluation import Examples, frozen_features


def claimed_by_cuda(network: Network) -> Network:
    """Put parameters without contents, said to be on a GPU, in the places of its own."""
    for module in network.modules():
        for name, own in module.named_parameters(recurse=False):
            there = torch.empty_strided(own.shape, own.stride(), device="cuda")
            module.register_parameter(name, nn.Parameter(there))
    return network


@pytest.mark.parametrize("kind", ["capsnet", "cnn"])
def test_nothing_of_a_step_or_an_evaluation_is_left_on_the_cpu(
    kind, model, capsules, routing, monkeypatch
):
    parts = {"capsules": capsules, "routing": routing} if kind == "capsnet" else {}
    network = build_network(NetworkSpec(kind, model, 2, **parts), torch.Generator())
    monkeypatch.setattr(torch.Tensor, "item", lambda self: 0.0)  # a fake tensor has no value
    with FakeTensorMode():
        claimed_by_cuda(network)
        images = torch.empty(8, 36, 36, dtype=torch.uint8, device="cuda")
        labels = torch.empty(8, 2, dtype=torch.long, device="cuda")
        examples, chosen = Examples(images, labels), torch.arange(4).to(labels.device)
        output = examples.run(network, chosen)
        features = frozen_features(network, examples, 1)
        results = [
            network.loss(output.scores, examples.targets(chosen)),
            exact_match(output.scores, labels[chosen]),
            digit_recall(output.scores, labels[chosen]),
            features.run(network, slice(2)).scores,
            *output.activations.values(),
            *output.couplings,
            *(coupling_sums(c)[1] for c in output.couplings),
        ]
    assert {result.device.type for result in results} == {"cuda"}
