"""Trained networks with changed couplings, against loops over images in float64."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from capsnet_study.interventions import means as means_module
from capsnet_study.interventions import measure
from capsnet_study.interventions.changes import Known, with_temperature
from capsnet_study.interventions.measure import (
    LAYERS,
    changed_scores,
    intervention_table,
    measure_changes,
    shuffled_order,
)
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.network import Network, as_images
from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.route import couplings
from capsnet_study.training.accuracy import exact_match
from capsnet_study.training.evaluation import Examples, evaluate
from tests.routing import oracles

PARAMS = InterventionParams(["n3"], n_test=[1, 3, 5], temperatures=[0.5, 1.0, 3.0])
NAMES = [("n_test", n) for n in PARAMS.n_test] + [("temperature", t) for t in PARAMS.temperatures]
NAMES += [(name, None) for name in ("uniform", "mean", "pair_mean", "shuffled")]


@pytest.fixture(scope="module")
def network(capsnet: NetworkSpec) -> Network:
    """Weights so large that couplings are neither uniform nor all the same.

    Capsules are in float64; only the convolutions are in float32.
    """
    spec = replace(capsnet, capsules=CapsuleParams(init_gain=3.0, bias=True))
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


class Layer:
    """One routed layer, image by image: votes, couplings and upper capsules."""

    def __init__(self, layer):
        self.weight, self.bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        self.n_iter, self.eta = layer.n_iter, layer.eta

    def votes(self, u):
        return np.array([w @ one for w, one in zip(self.weight, u, strict=True)])

    def couplings(self, u, n_iter=None):
        return oracles.dynamic(self.votes(u), u, n_iter or self.n_iter, self.bias, self.eta)[1]

    def run(self, us, change=list):
        """Return the upper capsules of all images for their own couplings, changed together."""
        changed = change([self.couplings(u) for u in us])
        return [
            oracles.squashed(c, self.votes(u), self.bias) for u, c in zip(us, changed, strict=True)
        ]

    def changed_by(self, name, value, us, means, means_of_pairs):
        """Return the upper capsules with one change."""

        def at_temperature(c):
            power = c ** (1 / value)
            return power / power.sum(axis=1, keepdims=True)

        changes = {
            "n_test": lambda cs: [self.couplings(u, value) for u in us],
            "uniform": lambda cs: [np.full_like(c, 1 / c.shape[1]) for c in cs],
            "mean": lambda cs: [means] * len(cs),
            "pair_mean": lambda cs: means_of_pairs,
            "shuffled": lambda cs: [cs[donors(len(cs))[image]] for image in range(len(cs))],
            "temperature": lambda cs: [at_temperature(c) for c in cs],
        }
        return self.run(us, changes[name])


def donors(images: int) -> dict[int, int]:
    """Return whose couplings each image gets where they are shuffled."""
    order = shuffled_order(images).tolist()
    return dict(zip(order, order[1:] + order[:1], strict=True))


def by_name(found) -> dict[tuple, np.ndarray]:
    """Return scores by layer, change and value (None where there is none)."""
    return {
        (layer, name, None if math.isnan(value) else value): scores.numpy()
        for layer, name, value, scores in found
    }


@pytest.fixture(scope="module")
def scores(network, examples) -> dict[tuple, np.ndarray]:
    return by_name(changed_scores(network, *examples, PARAMS))


def primary(network, examples) -> list[np.ndarray]:
    with torch.no_grad():
        return list(network.lower(as_images(examples.inputs), 0).double().numpy())


def mean_couplings_by_loops(couplings, examples):
    """Return the mean over the training images, and those over the pairs of the test images."""
    train, test = ([tuple(sorted(pair)) for pair in part.labels.tolist()] for part in examples)
    overall = np.mean(couplings, axis=0)
    of_pairs = []
    for pair in test:
        own = [c for c, shown in zip(couplings, train, strict=True) if shown == pair]
        of_pairs.append(np.mean(own, axis=0) if own else overall)
    return overall, of_pairs


@pytest.fixture(scope="module")
def means(network, examples):
    """The mean couplings of both layers."""
    first, second = (Layer(layer) for layer in network.layers)
    us = primary(network, examples[0])
    of_first = [first.couplings(u) for u in us]
    of_second = [second.couplings(u) for u in first.run(us)]
    return [mean_couplings_by_loops(couplings, examples) for couplings in (of_first, of_second)]


@pytest.mark.parametrize("name, value", NAMES)
def test_scores_match_loops_over_images(network, examples, means, scores, name, value):
    first, second = (Layer(layer) for layer in network.layers)
    us = primary(network, examples[1])
    changed = first.changed_by(name, value, us, *means[0])
    expected = {
        "r1": second.run(changed),
        "r2": second.changed_by(name, value, first.run(us), *means[1]),
        "both": second.changed_by(name, value, changed, *means[1]),
    }
    for where in LAYERS:
        lengths = np.linalg.norm(expected[where], axis=-1)
        np.testing.assert_allclose(scores[where, name, value], lengths, rtol=1e-9, atol=1e-12)


def test_changes_that_change_nothing_do_so_and_all_others_matter(network, examples, scores):
    own = scores["both", "none", None]
    first, second = (Layer(layer) for layer in network.layers)
    unchanged = np.linalg.norm(second.run(first.run(primary(network, examples[1]))), axis=-1)
    np.testing.assert_allclose(own, unchanged, rtol=1e-9, atol=1e-12)
    for (where, name, value), found in scores.items():
        same = (name, value) in (("none", None), ("n_test", 3), ("temperature", 1.0))
        difference = np.abs(found - own).max()
        assert difference < 1e-9 if same else difference > 1e-4, (where, name, value)
    for where in LAYERS:
        assert np.array_equal(scores[where, "n_test", 3], own)
        uniform, once = scores[where, "uniform", None], scores[where, "n_test", 1]
        np.testing.assert_allclose(uniform, once, atol=1e-9)


@pytest.mark.parametrize("batch", [1, 4])
def test_batches_do_not_matter_and_convolutions_run_once_in_each(
    network, examples, scores, batch, monkeypatch
):
    for module in (measure, means_module):
        monkeypatch.setattr(module, "BATCH", batch)
    sizes, lower = [], network.lower
    monkeypatch.setattr(network, "lower", lambda x, kept: sizes.append(len(x)) or lower(x, kept))
    for name, found in by_name(changed_scores(network, *examples, PARAMS)).items():
        np.testing.assert_allclose(found, scores[name], rtol=1e-4, atol=1e-6)
    of_test = sizes[40 // batch :]  # the first ones are for the mean couplings
    assert of_test == {1: [1 + 2] * 11, 4: [4 + 2, 4 + 2, 3 + 2]}[batch]  # two images ahead


@pytest.mark.parametrize("path", ["fused", "plain"])
def test_small_couplings_keep_their_precision_at_a_high_temperature(path, monkeypatch):
    """In float32, whichever way the layer itself is routed."""
    monkeypatch.setenv("CAPS_ROUTING", path)
    layer = CapsuleLayer(50, 4, 5, 4, n_iter=3, eta=1.0, bias=True, init_gain=6.0)
    layer.reset_parameters(torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(20, 50, 4, generator=generator, dtype=torch.float64)
    found = with_temperature(4.0, layer, u.float(), Known(None, None))
    layer = layer.double()
    c = couplings(layer.votes(u), 3, 1.0, layer.bias) ** (1 / 4)
    assert c.min() < 1e-6
    expected = layer.with_couplings(u, c / c.sum(dim=-1, keepdim=True))
    torch.testing.assert_close(found, expected.float(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("images", [2, 3, 11, 200])
def test_couplings_are_shuffled_among_all_images_and_none_gets_its_own(images):
    found = donors(images)
    assert sorted(found) == sorted(found.values()) == list(range(images))
    assert all(image != other for image, other in found.items())
    assert found == donors(images)


def test_rows_hold_the_exact_match_and_the_network_stays_unchanged(network, examples, scores):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    rows = measure_changes(network, *examples, PARAMS)
    assert len(rows) == len(scores) == 1 + 3 * len(NAMES)
    assert rows[0]["exact_match"] == evaluate(network, examples[1])["exact_match"]
    for row in rows:
        assert list(row) == ["layer", "change", "value", "exact_match"]
        value = None if math.isnan(row["value"]) else row["value"]
        hits = exact_match(
            torch.tensor(scores[row["layer"], row["change"], value]), examples[1].labels
        )
        assert row["exact_match"] == pytest.approx(hits.double().mean().item())
    assert torch.equal(torch.get_rng_state(), state)
    assert [layer.n_iter for layer in network.layers] == [3, 3]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("kind, hidden, routed", [("cnn", 1, 0), ("capsnet", 2, 3)])
def test_networks_without_two_routed_layers_are_refused(
    capsnet, cnn, examples, kind, hidden, routed
):
    spec = replace({"capsnet": capsnet, "cnn": cnn}[kind], hidden=hidden)
    network = build_network(spec, torch.Generator())
    with pytest.raises(ValueError, match=f"two routed layers.* has {routed} of them"):
        measure_changes(network, *examples, PARAMS)


def test_a_table_names_arm_and_trial():
    row = {"layer": "r1", "change": "mean", "value": math.nan, "exact_match": 0.5}
    table = intervention_table("n3", [[row, row], [row | {"exact_match": 0.25}]])
    assert list(table) == ["arm", "trial", "layer", "change", "value", "exact_match"]
    expected = pd.DataFrame({"arm": "n3", "trial": [0, 0, 1], "exact_match": [0.5, 0.5, 0.25]})
    pd.testing.assert_frame_equal(table[list(expected)], expected)
