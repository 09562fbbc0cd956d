"""What a network is measured to do."""

import math

import numpy as np
import pytest
import torch

from capsnet_study.models.network import Network, NetworkOutput
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.representation.activations import layer_activations
from capsnet_study.representation.pixels import pca_activations, pixel_activations
from capsnet_study.training import evaluation
from capsnet_study.training.evaluation import Examples, evaluate, frozen_features


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Told(Network):
    """Answers what its features say: 10 scores, 1 + 2 capsules of dimension 2, 2 x 2 couplings."""

    def lower(self, images, kept):
        raise NotImplementedError

    def upper(self, features, kept):
        scores, capsules, couplings = features.split([10, 6, 4], dim=1)
        below, above = capsules.view(-1, 3, 2).split([1, 2], dim=1)
        activations = {"cap1": below, "classes": above}
        return NetworkOutput(scores, activations, [couplings.view(-1, 2, 2)])

    def loss(self, scores, targets):
        raise NotImplementedError

    def reset_layer(self, index, generator):
        raise NotImplementedError


@pytest.fixture
def told(model) -> tuple[Network, Examples]:
    """Five examples: three exact matches, a half one and a wrong one."""
    labels = torch.tensor([[0, 1], [1, 0], [2, 9], [0, 1], [0, 1]])
    highest = [(0, 1), (0, 1), (9, 2), (0, 5), (5, 6)]
    features = torch.zeros(5, 20)
    for row, classes in enumerate(highest):
        features[row, list(classes)] = torch.tensor([0.9, 0.8])
    features[:, 10:16] = 1e-4  # all capsules are short ...
    features[4, 12:14] = torch.tensor([0.0, 2e-3])  # ... but the second, on one example
    features[:, 16:20] = torch.tensor([0.5, 0.5, 1.0, 0.0])
    return Told(model), Examples(features, labels, kept=0)


@pytest.mark.parametrize("batch", [1, 2, 128])
def test_measures_by_hand(told, monkeypatch, batch):
    monkeypatch.setattr(evaluation, "BATCH", batch)
    found = evaluate(*told)
    assert found["exact_match"] == pytest.approx(3 / 5)
    assert found["recall_0"] == pytest.approx(3 / 4)
    assert found["recall_1"] == pytest.approx(2 / 4)
    assert found["recall_2"] == found["recall_9"] == 1.0
    assert math.isnan(found["recall_5"])
    assert found["entropy_r1"] == pytest.approx(math.log(2) / 2)
    assert found["entropy_share_r1"] == pytest.approx(1 / 2)
    assert found["mi_r1"] == pytest.approx(0, abs=1e-6)
    assert found["dead_share"] == pytest.approx(2 / 3)


def test_couplings_that_change_with_the_sample_carry_information(told):
    network, examples = told
    examples.inputs[:, 16:20] = torch.tensor([1.0, 0.0, 1.0, 0.0])
    examples.inputs[3:, 16:18] = torch.tensor([0.0, 1.0])
    mixed = -(0.6 * math.log(0.6) + 0.4 * math.log(0.4))
    found = evaluate(network, examples)
    assert found["entropy_r1"] == 0
    assert found["mi_r1"] == pytest.approx(mixed / 2, rel=1e-5)


@pytest.mark.parametrize("kind", ["capsnet", "cnn"])
def test_the_size_of_batches_does_not_matter(kind, capsnet, cnn, images, monkeypatch):
    network = build_network(capsnet if kind == "capsnet" else cnn, seeded())
    examples = images[0].on_device()
    found = []
    for batch in (7, 40, 128):
        monkeypatch.setattr(evaluation, "BATCH", batch)
        found.append(evaluate(network, examples))
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-4, abs=1e-6, nan_ok=True)


def test_a_cnn_has_no_measures_of_routing(cnn, images):
    found = evaluate(build_network(cnn, seeded()), images[1].on_device())
    assert list(found) == ["exact_match", *[f"recall_{digit}" for digit in range(10)]]


def test_evaluating_leaves_the_network_and_no_gradient(capsnet, images):
    network = build_network(capsnet, seeded())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    evaluate(network, images[1].on_device())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_targets_are_multi_hot():
    examples = Examples(torch.zeros(2, 3), torch.tensor([[0, 9], [4, 2]]))
    assert len(examples) == 2
    expected = torch.zeros(2, 10)
    expected[0, [0, 9]] = expected[1, [2, 4]] = 1
    assert torch.equal(examples.targets(slice(None)), expected)
    assert torch.equal(examples.targets(torch.tensor([1])), expected[1:])


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("kind", ["capsnet", "cnn"])
def test_frozen_features_stand_for_the_images(
    kind, kept, model, capsules, routing, images, monkeypatch
):
    monkeypatch.setattr(evaluation, "BATCH", 16)
    routed = {"capsules": capsules, "routing": routing} if kind == "capsnet" else {}
    network = build_network(NetworkSpec(kind, model, 2, **routed), seeded())
    examples = images[0].on_device()
    features = frozen_features(network, examples, kept)
    assert features.kept == kept and len(features) == 40
    assert not features.inputs.requires_grad
    assert torch.equal(features.labels, examples.labels)
    chosen = torch.tensor([3, 39, 17])
    torch.testing.assert_close(
        features.run(network, chosen).scores,
        examples.run(network, chosen).scores,
        rtol=1e-4,
        atol=1e-6,
    )


# Activations of the manifold sets


@pytest.fixture(scope="module")
def sets():
    return np.random.default_rng(0).integers(0, 256, (2, 81, 36, 36), dtype=np.uint8)


def test_activations_are_those_of_each_layer_laid_end_to_end(capsnet, cnn, sets):
    network = build_network(capsnet, seeded())
    found = layer_activations(network, sets)
    assert {name: values.shape for name, values in found.items()} == {
        "cap1": (2, 81, 12),
        "classes": (2, 81, 40),
    }
    output = network(torch.tensor(sets[1, 5:6, None] / 255, dtype=torch.float32))
    expected = output.activations["cap1"].detach().numpy().ravel()
    np.testing.assert_allclose(found["cap1"][1, 5], expected, rtol=1e-3, atol=1e-6)
    of_cnn = layer_activations(build_network(cnn, seeded()), sets)
    assert list(of_cnn) == ["linear1_pre", "linear1", "classes"]


def test_pixels_are_grey_values(sets):
    found = pixel_activations(sets)
    assert found.shape == (2, 81, 1296) and found.dtype == np.float32
    assert found[1, 7, 36 * 2 + 3] == pytest.approx(sets[1, 7, 2, 3] / 255)


def test_principal_components_are_a_linear_code_of_the_pixels(sets, images):
    train = images[0].images
    found = pca_activations(sets, train, 12)
    assert found.shape == (2, 81, 12) and found.dtype == np.float32
    flat = train.reshape(len(train), -1) / 255
    _, _, axes = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    expected = (sets.reshape(162, -1) / 255 - flat.mean(axis=0)) @ axes[:12].T
    np.testing.assert_allclose(np.abs(found.reshape(162, 12)), np.abs(expected), atol=1e-3)
