"""Initial weights, specifications of networks, and files of trained ones."""

from dataclasses import replace
from itertools import product

import pytest
import torch
import yaml

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import write_arrays
from capsnet_study.models.capsnet import PRIMARY_LENGTH, capsule_lengths
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import load_network, weights_of
from capsnet_study.params import parse_params
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.evaluation import DEAD_LENGTH, as_images
from stages.networks import read_network, read_trials, write_trials
from tests.project import text_of

KINDS = ["capsnet", "cnn", "cnn160"]


@pytest.mark.parametrize("kind, hidden", list(product(KINDS, [1, 2])))
def test_the_generator_alone_determines_all_weights(make, kind, hidden):
    found = []
    for seed, global_seed in ((0, 1), (0, 2), (1, 1)):
        torch.manual_seed(global_seed)
        found.append(make(kind, hidden, seed).state_dict())
    first, again, other = found
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name]) or not value.any()


@pytest.mark.parametrize("kind", KINDS)
def test_weights_below_a_relu_have_the_deviation_of_he(make, kind):
    """sqrt(2 / fan_in), which is not what PyTorch draws by itself; biases start at 0."""
    network = make(kind, 2)
    for layer in (network.conv1, network.conv2, *(network.layers if kind != "capsnet" else [])):
        deviation = (2 / layer.weight[0].numel()) ** 0.5
        assert layer.weight.std().item() == pytest.approx(deviation, rel=0.15)
        assert not layer.bias.any()


def test_parameters_reach_the_routed_layers(make, capsules):
    """Upper layers count on capsules of full length: smaller ones would saturate routing later."""
    changed = replace(capsules, bias=False, init_gain=2.0)
    network = make("capsnet", 2, capsules=changed, routing=RoutingParams(4, 0.3, "last"))
    for layer in network.layers:
        assert (layer.n_iter, layer.eta, layer.gradient) == (4, 0.3, "last")
        assert layer.bias is None and layer.init_gain == 2.0
    assert [layer.in_length for layer in network.layers] == [PRIMARY_LENGTH, 1.0, 1.0]


# How networks of the committed parameters start


@pytest.mark.parametrize("hidden", [1, 2])
def test_no_capsule_starts_saturated_and_none_stays_dead(images, hidden):
    """Classes of the deeper network start as short as dead capsules; a few steps wake them."""
    params = parse_params(yaml.safe_load(text_of("params.yaml")))
    spec = NetworkSpec("capsnet", params.model, hidden, params.capsules, params.routing)
    network = build_network(spec, torch.Generator().manual_seed(0))
    learn = images[0].on_device()
    inputs, targets = as_images(learn.inputs), learn.targets(slice(None))
    with torch.no_grad():
        primary = network.primary_capsules(inputs).norm(dim=2)
        started = network(inputs).activations.values()
    assert primary.mean().item() == pytest.approx(PRIMARY_LENGTH, abs=0.1)
    assert primary.mean(dim=0).min() > 0.1
    assert all(v.norm(dim=2).mean() < 0.9 for v in started)

    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
    for _ in range(15):
        optimizer.zero_grad()
        network.loss(network(inputs).scores, targets).backward()
        optimizer.step()
    activations = network(inputs).activations
    assert len(activations) == hidden + 1
    for name, v in activations.items():
        assert v.norm(dim=2).amax(dim=0).min() > 10 * DEAD_LENGTH, name


@pytest.mark.parametrize("kind, hidden", list(product(KINDS, [1, 2])))
def test_the_loss_reaches_every_weight(make, batch, kind, hidden):
    targets = torch.eye(10)[[0, 1, 2, 3]] + torch.eye(10)[[4, 5, 6, 7]]
    network = make(kind, hidden)
    network.loss(network(batch).scores, targets).backward()
    for name, parameter in network.named_parameters():
        assert torch.isfinite(parameter.grad).all() and parameter.grad.any(), name


def test_the_length_of_a_silent_capsule_has_a_finite_gradient():
    silent = torch.zeros(1, 2, 3, requires_grad=True)
    capsule_lengths(silent).sum().backward()
    assert torch.isfinite(silent.grad).all()


# Files


def test_networks_come_back_from_their_files_in_the_order_of_trials(make, model, batch, tmp_path):
    spec = NetworkSpec("cnn", model)
    networks = [make("cnn", seed=seed) for seed in range(12)]
    write_trials(tmp_path, spec, map(weights_of, networks))
    for network, (own, weights) in zip(networks, read_trials(tmp_path), strict=True):
        assert own == spec
        assert torch.equal(load_network(own, weights)(batch).scores, network(batch).scores)
    with pytest.raises(FileError, match="none: there is no trained network"):
        read_trials(tmp_path / "none")


def test_files_that_hold_no_such_network_are_refused(make, model, capsules, routing, tmp_path):
    spec = NetworkSpec("capsnet", model, 1, capsules, routing)
    weights = weights_of(make("capsnet"))
    path = tmp_path / "trial0.safetensors"
    smaller = replace(spec, model=replace(spec.model, conv_channels=2))
    for facts, kept, words in (
        (spec.to_json().replace("capsnet", "transformer"), weights, "no kind of network"),
        ("{", weights, "whole file: Invalid JSON"),
        ('{"kind": "cnn"}', weights, "model: "),
        (smaller.to_json(), weights, "are not those of its capsnet"),
        (spec.to_json(), dict(list(weights.items())[1:]), "are not those of its capsnet"),
    ):
        write_arrays(path, kept, facts)
        with pytest.raises(FileError, match=rf"^{path}: [^\n]*{words}[^\n]*$"):
            read_network(path)
