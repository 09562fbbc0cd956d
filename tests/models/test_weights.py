"""Initial weights, and specifications of networks."""

from dataclasses import replace
from itertools import product

import pytest
import torch
import yaml
from torch import nn

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import write_arrays
from capsnet_study.models.capsnet import PRIMARY_LENGTH, capsule_lengths
from capsnet_study.models.network import reset_he
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import load_network, weights_of
from capsnet_study.params import parse_params
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.evaluation import DEAD_LENGTH, as_images
from stages.networks import read_network, read_trials, write_trials
from tests.project import text_of

KINDS = ["capsnet", "cnn", "cnn160"]
ALL = list(product(KINDS, [1, 2]))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind, hidden", ALL)
def test_the_generator_decides_all_weights(make, kind, hidden):
    first, again, other = (make(kind, hidden, seed).state_dict() for seed in (0, 0, 1))
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name]) or not value.any()


def test_the_same_generator_gives_all_kinds_the_same_convolutions(make):
    capsnet, *others = (make(kind).state_dict() for kind in KINDS)
    for other in others:
        for name in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"):
            assert torch.equal(capsnet[name], other[name])


def test_weights_do_not_depend_on_the_global_generator(make):
    torch.manual_seed(1)
    first = make("capsnet").state_dict()
    torch.manual_seed(2)
    second = make("capsnet").state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_one_layer_may_be_drawn_anew(make):
    for kind in KINDS:
        network = make(kind, 2)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        network.reset_layer(1, seeded(7))
        for name, value in network.state_dict().items():
            redrawn = name.startswith("layers.1.") and before[name].any()
            assert torch.equal(value, before[name]) != redrawn


def test_a_specification_survives_as_text(model, capsules):
    for spec in (
        NetworkSpec("cnn160", model, hidden=2),
        NetworkSpec("capsnet", model, 1, capsules, RoutingParams(6, 0.01, "last", 1.0)),
    ):
        assert NetworkSpec.from_json(spec.to_json()) == spec
    with pytest.raises(ValueError, match="kind"):
        NetworkSpec.from_json(spec.to_json().replace("capsnet", "transformer"))


def test_networks_come_back_from_their_files_in_the_order_of_trials(make, model, batch, tmp_path):
    spec = NetworkSpec("cnn", model)
    networks = [make("cnn", seed=seed) for seed in range(12)]
    write_trials(tmp_path, spec, map(weights_of, networks))
    found = read_trials(tmp_path)
    assert len(found) == len(networks)
    for network, (own, weights) in zip(networks, found, strict=True):
        assert own == spec and weights.keys() == network.state_dict().keys()
        assert torch.equal(load_network(own, weights)(batch).scores, network(batch).scores)
    with pytest.raises(FileError, match="none: there is no trained network"):
        read_trials(tmp_path / "none")


def test_what_is_no_network_is_refused_with_the_name_of_its_file(
    make, model, capsules, routing, tmp_path
):
    spec = NetworkSpec("capsnet", model, 1, capsules, routing)
    weights = weights_of(make("capsnet"))
    path = tmp_path / "trial0.safetensors"
    smaller = replace(spec, model=replace(spec.model, conv_channels=2))
    for facts, kept, words in (
        (spec.to_json().replace("capsnet", "transformer"), weights, "no kind of network"),
        ("{", weights, "whole file: Invalid JSON"),
        ('{"kind": "cnn"}', weights, "model: "),
        ({"step": 3}, weights, "whole file: "),
        (smaller.to_json(), weights, "are not those of its capsnet"),
        (spec.to_json(), dict(list(weights.items())[1:]), "are not those of its capsnet"),
    ):
        write_arrays(path, kept, facts)
        with pytest.raises(FileError, match=rf"^{path}: [^\n]*$") as refused:
            read_network(path)
        assert words in str(refused.value)


def test_parameters_reach_the_routed_layers(make, capsules):
    network = make(
        "capsnet",
        2,
        capsules=replace(capsules, bias=False, init_gain=2.0),
        routing=RoutingParams(4, 0.3, "last"),
    )
    for layer in network.layers:
        assert isinstance(layer, CapsuleLayer)
        assert (layer.n_iter, layer.eta, layer.gradient) == (4, 0.3, "last")
        assert layer.bias is None and layer.init_gain == 2.0


@pytest.mark.parametrize("kind, hidden", ALL)
def test_weights_with_relu_are_normal_with_the_deviation_of_he(make, kind, hidden):
    """sqrt(2 / fan_in), whatever PyTorch would draw; biases start at 0."""
    network = make(kind, hidden)
    layers = [network.conv1, network.conv2, *(network.layers if kind != "capsnet" else [])]
    for layer in layers:
        deviation = (2 / layer.weight[0].numel()) ** 0.5
        standardised = (layer.weight.detach().flatten() / deviation).sort().values
        ranks = (torch.arange(len(standardised)) + 0.5) / len(standardised)
        distance = (torch.special.ndtr(standardised) - ranks).abs().max()
        assert distance < 2 / len(standardised) ** 0.5  # Kolmogorov-Smirnov, p about 0.0007
        assert not layer.bias.any()


def test_a_layer_with_relu_keeps_the_scale_of_its_inputs():
    """On average over units, of standard normal inputs that passed a ReLU before."""
    layer = nn.Linear(500, 2000)
    reset_he(layer, seeded())
    inputs = torch.randn(20, 500, generator=seeded(1))
    kept = layer(inputs * 2**0.5 * (inputs > 0)).square().mean()  # mean square of the input: 1
    assert kept.item() == pytest.approx(2, rel=0.1)


@pytest.fixture(scope="module")
def committed_network():
    """Make the CapsNet of the committed parameters, as at the start of training."""
    params = parse_params(yaml.safe_load(text_of("params.yaml")))

    def make_network(hidden=1, seed=0):
        spec = NetworkSpec("capsnet", params.model, hidden, params.capsules, params.routing)
        return build_network(spec, seeded(seed))

    return make_network


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
def test_primary_capsules_start_at_the_length_that_the_next_layer_counts_on(
    committed_network, images, seed
):
    network = committed_network(seed=seed)
    lengths = network.primary_capsules(as_images(torch.tensor(images[0].images))).norm(dim=2)
    assert lengths.mean().item() == pytest.approx(PRIMARY_LENGTH, abs=0.1)
    assert lengths.mean(dim=0).min() > 0.1
    assert network.layers[0].in_length == PRIMARY_LENGTH


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hidden", [1, 2])
def test_no_capsule_is_saturated_at_the_start_and_none_stays_dead(
    committed_network, images, hidden, seed
):
    """The classes of the deeper network start as short as dead capsules; a few steps wake them."""
    network = committed_network(hidden, seed)
    learn = images[0].on_device()
    inputs, targets = as_images(learn.inputs), learn.targets(slice(None))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.005)
    for step in range(20):
        output = network(inputs)
        if step == 0:
            assert all(v.norm(dim=2).mean() < 0.9 for v in output.activations.values())
        optimizer.zero_grad()
        network.loss(output.scores, targets).backward()
        optimizer.step()
    activations = network(inputs).activations
    assert len(activations) == hidden + 1
    for name, v in activations.items():
        assert v.norm(dim=2).amax(dim=0).min() > 10 * DEAD_LENGTH, name


def test_upper_layers_count_on_capsules_of_full_length_whatever_the_gain(make, capsules):
    """Weights sized for short capsules would saturate the couplings once capsules have grown."""
    for gain in (0.1, 2.0):
        network = make("capsnet", 2, capsules=replace(capsules, init_gain=gain))
        assert [layer.in_length for layer in network.layers] == [PRIMARY_LENGTH, 1.0, 1.0]


@pytest.mark.parametrize("hidden", [1, 2])
def test_the_loss_reaches_every_weight(make, batch, hidden):
    targets = torch.eye(10)[[0, 1, 2, 3]] + torch.eye(10)[[4, 5, 6, 7]]
    for kind in KINDS:
        network = make(kind, hidden)
        network.loss(network(batch).scores, targets).backward()
        for name, parameter in network.named_parameters():
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.any(), name


def test_the_length_of_a_silent_capsule_has_a_finite_gradient():
    silent = torch.zeros(1, 2, 3, requires_grad=True)
    capsule_lengths(silent).sum().backward()
    assert torch.isfinite(silent.grad).all()
