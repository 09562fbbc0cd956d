"""CapsNet, the CNN that matches it, and their parts."""

from itertools import product

import pytest
import torch
from torch import nn

from capsnet_study.models.losses import margin_loss, multi_label_loss
from capsnet_study.report.layers import layer_sizes
from capsnet_study.routing.params import RoutingParams
from capsnet_study.routing.route import squash

KINDS = ["capsnet", "cnn", "cnn160"]
ALL = list(product(KINDS, [1, 2]))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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
    names = ["cap{}"] if kind == "capsnet" else ["linear{}_pre", "linear{}"]
    below = [name.format(layer + 1) for layer in range(hidden) for name in names]
    assert list(output.activations) == [*below, "classes"]
    for name in below:
        assert output.activations[name].shape[1:].numel() == 12
        assert output.activations[name].shape == ((4, 3, 4) if kind == "capsnet" else (4, 12))


@pytest.mark.parametrize("kind", ["cnn", "cnn160"])
@pytest.mark.parametrize("hidden", [1, 2])
def test_the_relu_of_what_stands_before_it_is_the_layer(make, batch, kind, hidden):
    """Bit for bit; and the layer itself is that of the weights and of nothing done in place."""
    network = make(kind, hidden)
    activations = network(batch).activations
    h = network.lower(batch, 0)
    for number, layer in enumerate(network.layers[:-1], start=1):
        pre, after = activations[f"linear{number}_pre"], activations[f"linear{number}"]
        assert torch.equal(pre, layer(h)) and torch.equal(pre.relu(), after)
        assert (pre < 0).any() and (after >= 0).all()
        h = after
    assert torch.equal(activations["classes"], network.layers[-1](h))


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
        a_layer = 1 if kind == "capsnet" else 2  # before and after its ReLU
        assert list(cut.activations) == list(whole.activations)[a_layer * kept :]
        for name, values in cut.activations.items():
            assert torch.equal(values, whole.activations[name])
        for found, expected in zip(cut.couplings, whole.couplings[kept:], strict=kind == "capsnet"):
            assert torch.equal(found, expected)


def test_what_is_in_force_is_set_in_each_routed_layer_and_ignored_elsewhere(make, batch):
    network = make("capsnet", 2)
    network.routing = RoutingParams(4, 0.0, eta_max=1.0, routed_from=0.5)
    network.set_routing(share=0.4, fitness=1.0)
    assert [(layer.n_iter, layer.eta) for layer in network.layers] == [(1, 1.0)] * 3
    network.set_routing(share=0.5, fitness=0.0)
    assert [(layer.n_iter, layer.eta) for layer in network.layers] == [(4, 0.0)] * 3
    for c in network(batch).couplings:
        assert (c == c[0, 0, 0]).all()
    make("cnn").set_routing(share=0.5, fitness=float("nan"))


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
