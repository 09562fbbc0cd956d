"""CapsNet, the CNN that matches it, and their parts."""

from dataclasses import replace
from itertools import product

import pytest
import torch
import yaml
from torch import nn

from capsnet_study.evaluation import DEAD_LENGTH, as_images
from capsnet_study.layer_table import layer_sizes
from capsnet_study.models import (
    NetworkSpec,
    build_network,
    margin_loss,
    multi_label_loss,
)
from capsnet_study.models.capsnet import PRIMARY_LENGTH, capsule_lengths
from capsnet_study.models.network import reset_he
from capsnet_study.params import RoutingParams, parse_params
from capsnet_study.routing import CapsuleLayer, squash
from tests.committed import committed

KINDS = ["capsnet", "cnn", "cnn160"]
ALL = list(product(KINDS, [1, 2]))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def make(model, capsules, routing):
    """Make a tiny network of a kind."""

    def make_network(kind, hidden=1, seed=0, **changed):
        routed = {"capsules": capsules, "routing": routing} if kind == "capsnet" else {}
        return build_network(
            NetworkSpec(kind, hidden=hidden, **{"model": model} | routed | changed), seeded(seed)
        ).eval()

    return make_network


@pytest.fixture(scope="module")
def batch(images):
    return as_images(torch.tensor(images[0].images[:4]))


class GivenMaps(nn.Module):
    """In place of the second convolution: whatever its input, the same maps."""

    def __init__(self, maps: torch.Tensor):
        super().__init__()
        self.maps = maps

    def forward(self, below: torch.Tensor) -> torch.Tensor:
        return self.maps


# Primary capsules


def changed_capsules(network, maps, perturbed, image) -> set[int]:
    network.conv2 = GivenMaps(maps)
    before = network.primary_capsules(image)
    network.conv2 = GivenMaps(perturbed)
    after = network.primary_capsules(image)
    return set((before != after).any(dim=2)[0].nonzero().flatten().tolist())


@torch.no_grad()
def test_a_site_of_the_second_convolution_feeds_its_own_capsules_and_no_others(make, batch):
    """Two groups of 4 channels: each of the 100 sites owns 2 capsules, shared with no other."""
    network = make("capsnet")
    maps = torch.randn(1, 8, 10, 10, generator=seeded())
    owned = set()
    for row, column in product(range(10), repeat=2):
        perturbed = maps.clone()
        perturbed[:, :, row, column] += 1
        found = changed_capsules(network, maps, perturbed, batch[:1])
        assert len(found) == 2
        assert not found & owned
        owned |= found
    assert owned == set(range(200))


@torch.no_grad()
def test_a_capsule_is_a_block_of_consecutive_channels(make, batch):
    network = make("capsnet")
    maps = torch.randn(1, 8, 10, 10, generator=seeded())
    found = {}
    for channel in range(8):
        perturbed = maps.clone()
        perturbed[:, channel, 6, 3] += 1
        (found[channel],) = changed_capsules(network, maps, perturbed, batch[:1])
    assert found[0] == found[1] == found[2] == found[3] != found[4]
    assert found[4] == found[5] == found[6] == found[7]

    network.conv2 = GivenMaps(maps)
    capsule = network.primary_capsules(batch[:1])[0, found[4]]
    torch.testing.assert_close(capsule, squash(maps[0, 4:, 6, 3]))


@torch.no_grad()
@pytest.mark.parametrize("row, column", [(0, 0), (0, 34), (34, 0), (34, 34)])
def test_a_corner_pixel_reaches_the_capsules_of_its_corner_alone(make, batch, row, column):
    """9 x 9 kernels, the second with stride 2: a corner pixel is seen by one site."""
    network = make("capsnet")
    image = batch[:1].clone()
    before = network.primary_capsules(image)
    image[..., row, column] += 5
    changed = (before != network.primary_capsules(image)).any(dim=2)[0]
    assert 1 <= changed.sum() <= 2
    (sites,) = changed.view(100, 2).any(dim=1).nonzero()
    assert sites.tolist() == [(99 if column else 90) if row else (9 if column else 0)]


# The record


@pytest.mark.parametrize("kind, hidden", ALL)
def test_the_record_names_its_activations(make, batch, model, kind, hidden):
    output = make(kind, hidden)(batch)
    assert output.scores.shape == (4, 10)
    below = [f"{'cap' if kind == 'capsnet' else 'linear'}{layer + 1}" for layer in range(hidden)]
    assert list(output.activations) == [*below, "classes"]
    for name in below:
        assert output.activations[name].shape[1:].numel() == 12
        assert output.activations[name].shape == ((4, 3, 4) if kind == "capsnet" else (4, 12))


@pytest.mark.parametrize("hidden", [1, 2])
def test_the_record_of_a_capsnet_holds_the_couplings_of_each_routed_layer(make, batch, hidden):
    output = make("capsnet", hidden)(batch)
    assert [c.shape for c in output.couplings] == [
        (4, 200, 3),
        *[(4, 3, 3)] * (hidden - 1),
        (4, 3, 10),
    ]
    for c in output.couplings:
        torch.testing.assert_close(c.sum(dim=2), torch.ones(c.shape[:2]))
    assert not make("cnn", hidden)(batch).couplings


def test_scores_are_lengths_of_class_capsules_or_plain_logits(make, batch):
    capsnet, cnn, control = (make(kind)(batch) for kind in KINDS)
    torch.testing.assert_close(capsnet.scores, capsnet.activations["classes"].norm(dim=2))
    assert torch.equal(cnn.scores, cnn.activations["classes"])
    outputs = control.activations["classes"].view(4, 10, 4)
    torch.testing.assert_close(control.scores, squash(outputs).norm(dim=2))
    assert (control.scores < 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_does_not_depend_on_its_batch_mates(make, batch, kind):
    network = make(kind)
    together = network(batch).scores
    for index in range(4):
        alone = network(batch[index : index + 1]).scores
        torch.testing.assert_close(alone[0], together[index], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind, hidden", ALL)
def test_a_network_may_be_cut_above_any_layer(make, batch, kind, hidden):
    network = make(kind, hidden)
    whole = network(batch)
    for kept in range(hidden + 1):
        cut = network.upper(network.lower(batch, kept), kept)
        assert torch.equal(cut.scores, whole.scores)
        assert list(cut.activations) == list(whole.activations)[kept:]
        for name, values in cut.activations.items():
            assert torch.equal(values, whole.activations[name])
        for found, expected in zip(cut.couplings, whole.couplings[kept:], strict=kind == "capsnet"):
            assert torch.equal(found, expected)


def test_eta_is_set_in_all_routed_layers_and_ignored_elsewhere(make, batch):
    network = make("capsnet", 2)
    network.set_eta(0.0)
    for c in network(batch).couplings:
        assert (c == c[0, 0, 0]).all()
    make("cnn").set_eta(float("nan"))


# Matching


def sizes(network) -> dict[str, tuple[int, int]]:
    return {size.name: (size.neurons, size.parameters) for size in layer_sizes(network)}


@pytest.mark.parametrize("hidden", [1, 2])
def test_intermediate_layers_match_in_neurons_and_weights(make, hidden):
    capsnet, cnn = (list(sizes(make(kind, hidden)).values()) for kind in ("capsnet", "cnn"))
    assert capsnet[:-1] == cnn[:-1]
    assert len(capsnet) == 3 + hidden


@pytest.mark.parametrize("hidden", [1, 2])
def test_the_control_matches_in_the_last_layer_too(make, hidden):
    capsnet, cnn, control = (sizes(make(kind, hidden))["Classes"] for kind in KINDS)
    assert capsnet == control
    assert capsnet[0] == 40 and cnn[0] == 10


def test_the_layer_table_by_hand(make):
    assert sizes(make("capsnet")) == {
        "Conv1": (4 * 28 * 28, 4 * 81 + 4),
        "PrimaryCaps": (8 * 100, 8 * 4 * 81 + 8),
        "Cap1": (12, 800 * 12 + 12),
        "Classes": (40, 12 * 40 + 40),
    }
    assert [size.shape for size in layer_sizes(make("capsnet"))][-2:] == ["3 × 4", "10 × 4"]
    assert [size.name for size in layer_sizes(make("cnn", 2))] == [
        *("Conv1", "Conv2", "Linear1", "Linear2", "Classes")
    ]


def test_the_parameters_of_the_table_are_all_there_are(make):
    for kind, hidden in ALL:
        network = make(kind, hidden)
        counted = sum(parameters for _, parameters in sizes(network).values())
        assert counted == sum(parameter.numel() for parameter in network.parameters())


# Weights


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
    params = parse_params(yaml.safe_load(committed("params.yaml")))

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


# Precision of the convolutions


@pytest.fixture(scope="module")
def half(model):
    return replace(model, conv_precision="bfloat16")


@pytest.mark.parametrize("kind, hidden", ALL)
def test_half_precision_of_the_convolutions_changes_outputs_slightly(
    make, batch, half, kind, hidden
):
    """bfloat16 keeps 8 bits of each factor; all that the networks return is float32."""
    full = make(kind, hidden)(batch)
    found = make(kind, hidden, model=half)(batch)
    pairs = [(found.scores, full.scores)]
    pairs += [(found.activations[name], full.activations[name]) for name in full.activations]
    pairs += zip(found.couplings, full.couplings, strict=True)
    for one, other in pairs:
        assert one.dtype == torch.float32
        assert 0 < (one - other).norm() < 0.02 * other.norm()


def test_weights_and_gradients_stay_in_single_precision(make, batch, half):
    targets = torch.eye(10)[[0, 1, 2, 3]] + torch.eye(10)[[4, 5, 6, 7]]
    for kind in KINDS:
        networks = [make(kind, model=half), make(kind)]
        for network in networks:
            network.loss(network(batch).scores, targets).backward()
        for one, other in zip(*(network.parameters() for network in networks), strict=True):
            assert one.dtype == one.grad.dtype == torch.float32
            assert (one.grad - other.grad).norm() < 0.25 * other.grad.norm()


def test_only_the_convolutions_compute_in_half_precision(make, batch, half):
    """What lies above takes the same maps to the same scores."""
    for kind in KINDS:
        full, found = make(kind), make(kind, model=half)
        features = full.lower(batch, 0)
        assert torch.equal(found.upper(features, 0).scores, full.upper(features, 0).scores)


def test_precision_is_no_part_of_the_initial_weights(make, half):
    full, found = make("capsnet").state_dict(), make("capsnet", model=half).state_dict()
    assert all(torch.equal(found[name], full[name]) for name in full)


# Losses


def test_margin_loss_by_hand():
    lengths = torch.tensor([[0.5, 0.95, 0.3, 0.05], [0.9, 0.1, 0.0, 1.0]])
    targets = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
    first = 0.4**2 + 0 + 0.5 * 0.2**2 + 0  # the second image costs nothing
    assert margin_loss(lengths, targets).item() == pytest.approx(first / 2, rel=1e-5)


def test_multi_label_loss_by_hand():
    logits = torch.tensor([[0.0, 2.0], [0.0, -1.0]])
    targets = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    likelihoods = torch.tensor([0.5, 1, 0.5, 1]) * torch.sigmoid(
        torch.tensor([0.0, 2, 0, 1.0])
    ).pow(torch.tensor([0.0, 1, 0, 1]))
    assert multi_label_loss(logits, targets).item() == pytest.approx(
        -likelihoods.log().sum().item() / 2, rel=1e-5
    )


def test_each_kind_has_its_loss(make):
    scores, targets = torch.rand(3, 10), torch.eye(10)[[1, 2, 3]]
    margin, multi_label = margin_loss(scores, targets), multi_label_loss(scores, targets)
    for kind, expected in zip(KINDS, (margin, multi_label, margin), strict=True):
        assert torch.equal(make(kind).loss(scores, targets), expected)
