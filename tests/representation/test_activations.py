"""Activations of the manifold sets, of networks and of controls without one."""

import numpy as np
import pytest
import torch

from capsnet_study.models.spec import build_network
from capsnet_study.representation.activations import layer_activations, stacked
from capsnet_study.representation.pixels import pca_activations, pixel_activations


@pytest.fixture(scope="module")
def sets():
    return np.random.default_rng(0).integers(0, 256, (2, 81, 36, 36), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["capsnet", "cnn"])
def test_activations_of_each_layer_are_flattened(capsnet, cnn, sets, kind):
    spec = {"capsnet": capsnet, "cnn": cnn}[kind]
    network = build_network(spec, torch.Generator().manual_seed(0))
    found = layer_activations(network, sets)
    images = torch.tensor(sets[1, 5:7, None] / 255, dtype=torch.float32)
    expected = network(images).activations
    assert list(found) == list(expected)
    for name, values in found.items():
        assert values.shape[:2] == (2, 81)
        wanted = expected[name].detach().flatten(1)
        np.testing.assert_allclose(values[1, 5:7], wanted, rtol=1e-3, atol=1e-5)


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


def test_trials_are_stacked_layer_by_layer():
    trials = [
        {"cap1": np.full((2, 81, 3), k), "classes": np.full((2, 81, 4), -k)} for k in (1.0, 2.0)
    ]
    found = stacked(iter(trials))
    assert found["cap1"].shape == (2, 2, 81, 3) and found["classes"].shape == (2, 2, 81, 4)
    assert (found["cap1"][1] == 2).all() and (found["classes"][0] == -1).all()
