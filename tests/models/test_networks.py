"""CapsNet, the CNN that matches it, and their parts."""

from itertools import product

import pytest
import torch

from capsnet_study.models.losses import margin_loss, multi_label_loss
from capsnet_study.report.layers import layer_sizes
from capsnet_study.routing.params import RoutingParams
from capsnet_study.routing.route import squash

KINDS = ["capsnet", "cnn", "cnn160"]
EACH = pytest.mark.parametrize("kind, hidden", list(product(KINDS, [1, 2])))


# Primary capsules


@torch.no_grad()
def test_a_capsule_is_a_block_of_consecutive_channels_of_one_site(make, batch, monkeypatch):
    network = make("capsnet")
    maps = torch.randn(1, 8, 10, 10, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(network.conv2, "forward", lambda below: maps)
    u = network.primary_capsules(batch[:1]).view(10, 10, 2, 4)
    for row, column, group in product(range(10), range(10), range(2)):
        block = maps[0, 4 * group : 4 * group + 4, row, column]
        torch.testing.assert_close(u[row, column, group], squash(block))


@torch.no_grad()
@pytest.mark.parametrize("row, column", [(0, 0), (0, 34), (34, 0), (34, 34)])
def test_a_corner_pixel_reaches_the_capsules_of_its_corner_alone(make, batch, row, column):
    """9 x 9 kernels, the second with stride 2: one site sees a corner pixel."""
    network, image = make("capsnet"), batch[:1].clone()
    before = network.primary_capsules(image)
    image[..., row, column] += 5
    changed = (before != network.primary_capsules(image)).any(dim=2)[0]
    (sites,) = changed.view(100, 2).any(dim=1).nonzero()
    assert sites.tolist() == [(99 if column else 90) if row else (9 if column else 0)]


# The record of a network's output


@EACH
def test_the_record_holds_named_activations_and_the_couplings_of_each_routed_layer(
    make, batch, kind, hidden
):
    output = make(kind, hidden)(batch)
    assert output.scores.shape == (4, 10)
    names = ["cap{}"] if kind == "capsnet" else ["linear{}_pre", "linear{}"]
    below = [name.format(layer + 1) for layer in range(hidden) for name in names]
    assert list(output.activations) == [*below, "classes"]
    for name in below:
        assert output.activations[name].shape == ((4, 3, 4) if kind == "capsnet" else (4, 12))
    shapes = [(4, 200, 3), *[(4, 3, 3)] * (hidden - 1), (4, 3, 10)] if kind == "capsnet" else []
    assert [c.shape for c in output.couplings] == shapes
    for c in output.couplings:
        torch.testing.assert_close(c.sum(dim=2), torch.ones(c.shape[:2]))


@pytest.mark.parametrize("kind", ["cnn", "cnn160"])
@pytest.mark.parametrize("hidden", [1, 2])
def test_linear_layers_are_recorded_before_and_after_their_relu(make, batch, kind, hidden):
    """Bit for bit."""
    network = make(kind, hidden)
    activations, h = network(batch).activations, network.lower(batch, 0)
    for number, layer in enumerate(network.layers[:-1], start=1):
        pre, after = activations[f"linear{number}_pre"], activations[f"linear{number}"]
        assert torch.equal(pre, layer(h)) and torch.equal(pre.relu(), after)
        assert (pre < 0).any()
        h = after
    assert torch.equal(activations["classes"], network.layers[-1](h))


def test_scores_are_lengths_of_class_capsules_or_plain_logits(make, batch):
    capsnet, cnn, control = (make(kind)(batch) for kind in KINDS)
    torch.testing.assert_close(capsnet.scores, capsnet.activations["classes"].norm(dim=2))
    assert torch.equal(cnn.scores, cnn.activations["classes"])
    outputs = control.activations["classes"].view(4, 10, 4)
    torch.testing.assert_close(control.scores, squash(outputs).norm(dim=2))


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_a_batch_do_not_depend_on_each_other(make, batch, kind):
    network = make(kind)
    together = network(batch).scores
    for index in range(4):
        alone = network(batch[index : index + 1]).scores
        torch.testing.assert_close(alone[0], together[index], rtol=1e-4, atol=1e-5)


@EACH
def test_a_network_may_be_cut_above_any_layer(make, batch, kind, hidden):
    network = make(kind, hidden)
    whole = network(batch)
    for kept in range(hidden + 1):
        cut = network.upper(network.lower(batch, kept), kept)
        assert torch.equal(cut.scores, whole.scores)
        per_layer = 1 if kind == "capsnet" else 2  # before and after its ReLU
        assert list(cut.activations) == list(whole.activations)[per_layer * kept :]
        for name, values in cut.activations.items():
            assert torch.equal(values, whole.activations[name])
        for found, expected in zip(cut.couplings, whole.couplings[kept:], strict=kind == "capsnet"):
            assert torch.equal(found, expected)


def test_each_layer_routes_as_is_in_force_for_it(make):
    network = make("capsnet", 2)
    network.routing = RoutingParams(4, 0.0, eta_max=0.5, routed="r2", routed_from=0.5)
    for share, n_iters in ((0.4, [1, 1, 1]), (0.5, [1, 4, 1])):
        network.set_routing(share, fitness=1.0)
        assert [(layer.n_iter, layer.eta) for layer in network.layers] == [
            (n_iter, 0.5 if index == 1 else 0.0) for index, n_iter in enumerate(n_iters)
        ]


# Matching


@pytest.mark.parametrize("hidden", [1, 2])
def test_intermediate_layers_match_and_the_control_matches_in_the_last_one_too(make, hidden):
    networks = [make(kind, hidden) for kind in KINDS]
    tables = [layer_sizes(network) for network in networks]
    capsnet, cnn, control = ([(one.neurons, one.parameters) for one in table] for table in tables)
    assert (
        capsnet
        == control
        == [
            (4 * 28 * 28, 4 * 81 + 4),
            (8 * 100, 8 * 4 * 81 + 8),
            (12, 800 * 12 + 12),
            *[(12, 12 * 12 + 12)] * (hidden - 1),
            (40, 12 * 40 + 40),
        ]
    )
    assert cnn == [*capsnet[:-1], (10, 12 * 10 + 10)]
    linear = [f"Linear{number}" for number in range(1, hidden + 1)]
    assert [size.name for size in tables[1]] == ["Conv1", "Conv2", *linear, "Classes"]
    for network, table in zip(networks, tables, strict=True):
        counted = sum(parameter.numel() for parameter in network.parameters())
        assert counted == sum(size.parameters for size in table)


# Losses


def test_margin_loss_by_hand():
    lengths = torch.tensor([[0.5, 0.95, 0.3, 0.05], [0.9, 0.1, 0.0, 1.0]])
    targets = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
    first = 0.4**2 + 0 + 0.5 * 0.2**2 + 0  # the second image costs nothing
    assert margin_loss(lengths, targets).item() == pytest.approx(first / 2, rel=1e-5)


def test_multi_label_loss_by_hand():
    logits = torch.tensor([[0.0, 2.0], [0.0, -1.0]])
    targets = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    probabilities = logits.sigmoid()
    likelihoods = torch.where(targets == 1, probabilities, 1 - probabilities)
    expected = -likelihoods.log().sum().item() / 2
    assert multi_label_loss(logits, targets).item() == pytest.approx(expected, rel=1e-5)


def test_each_kind_has_its_loss(make):
    scores, targets = torch.rand(3, 10), torch.eye(10)[[1, 2, 3]]
    margin, multi_label = margin_loss(scores, targets), multi_label_loss(scores, targets)
    for kind, expected in zip(KINDS, (margin, multi_label, margin), strict=True):
        assert torch.equal(make(kind).loss(scores, targets), expected)
