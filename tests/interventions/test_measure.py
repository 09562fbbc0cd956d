"""Trained networks with changed couplings, against image by image in float64."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from capsnet_study.interventions import measure
from capsnet_study.interventions.means import mean_couplings
from capsnet_study.interventions.measure import (
    LAYERS,
    changed_scores,
    intervention_table,
    measure_changes,
    scores_of,
    shuffled_order,
)
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.network import as_images
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.training.accuracy import exact_match
from capsnet_study.training.evaluation import Examples, evaluate
from tests.interventions.oracle import Oracle

VALUES = {"n_test": (1, 3, 5), "temperature": (0.5, 1.0, 3.0)}
NAMES = [(name, value) for name, values in VALUES.items() for value in values]
NAMES += [(name, None) for name in ("uniform", "mean", "pair_mean", "shuffled")]


def by_name(found) -> dict[tuple, np.ndarray]:
    """Return scores by layer, change and value (None where there is none)."""
    return {
        (layer, name, None if math.isnan(value) else value): scores.numpy()
        for layer, name, value, scores in found
    }


@pytest.fixture(scope="module")
def scores(network, examples, params) -> dict[tuple, np.ndarray]:
    return by_name(changed_scores(network, *examples, params))


def primary(network, examples) -> list[np.ndarray]:
    with torch.no_grad():
        return list(network.lower(as_images(examples.inputs), 0).double().numpy())


def pairs_of(examples) -> list[tuple[int, int]]:
    return [tuple(sorted(labels)) for labels in examples.labels.tolist()]


def donors(images: int) -> dict[int, int]:
    order = shuffled_order(images).tolist()
    return dict(zip(order, order[1:] + order[:1], strict=True))


def couple(name, value, trained, shown, wanted):
    """Return how all couplings of a layer change, given those of the training images."""
    overall = np.mean(trained, axis=0)

    def of_pair(pair):
        own = [c for c, other in zip(trained, shown, strict=True) if other == pair]
        return np.mean(own, axis=0) if own else overall

    return {
        "uniform": lambda cs: [np.full_like(c, 1 / c.shape[1]) for c in cs],
        "mean": lambda cs: [overall] * len(cs),
        "pair_mean": lambda cs: [of_pair(pair) for pair in wanted],
        "shuffled": lambda cs: [cs[donors(len(cs))[image]] for image in range(len(cs))],
        "temperature": lambda cs: [
            c ** (1 / value) / (c ** (1 / value)).sum(axis=1, keepdims=True) for c in cs
        ],
    }[name]


@pytest.mark.parametrize("name, value", NAMES)
def test_scores_are_those_of_loops_over_images(network, examples, scores, name, value):
    us, seen = (primary(network, part) for part in reversed(examples))
    layers, shown = [Oracle(layer) for layer in network.layers], pairs_of(examples[0])
    ran = []
    for layer in layers:  # over the training images, unchanged
        if name == "n_test":
            ran.append(lambda us, layer=layer: layer.run_longer(us, value))
        else:
            trained = [layer.couplings(u) for u in seen]
            change = couple(name, value, trained, shown, pairs_of(examples[1]))
            ran.append(lambda us, layer=layer, change=change: layer.run(us, change))
        seen = layer.run(seen)
    changed = ran[0](us)
    expected = {
        "r1": layers[1].run(changed),
        "r2": ran[1](layers[0].run(us)),
        "both": ran[1](changed),
    }
    for where in LAYERS:
        lengths = np.linalg.norm(expected[where], axis=-1)
        np.testing.assert_allclose(scores[where, name, value], lengths, rtol=1e-9, atol=1e-12)


def test_the_unchanged_network_is_what_it_was(network, examples, scores):
    own = np.linalg.norm(
        Oracle(network.layers[1]).run(Oracle(network.layers[0]).run(primary(network, examples[1]))),
        axis=-1,
    )
    np.testing.assert_allclose(scores["both", "none", None], own, rtol=1e-9, atol=1e-12)
    rows = measure_changes(network, *examples, InterventionParams(["n3"], [], []))
    assert rows[0]["exact_match"] == evaluate(network, examples[1])["exact_match"]


def test_the_iterations_of_training_change_no_bit(scores):
    for where in LAYERS:
        assert np.array_equal(scores[where, "n_test", 3], scores["both", "none", None])


def test_what_ought_to_change_nothing_changes_nothing_and_all_else_does(scores):
    own = scores["both", "none", None]
    for (where, name, value), found in scores.items():
        same = (name, value) in (("none", None), ("n_test", 3), ("temperature", 1.0))
        near = np.abs(found - own).max()
        assert near < 1e-9 if same else near > 1e-4, (where, name, value)


def test_no_routing_is_one_iteration(scores):
    for where in LAYERS:
        np.testing.assert_allclose(
            scores[where, "uniform", None], scores[where, "n_test", 1], atol=1e-9
        )


@pytest.mark.parametrize("batch", [1, 4, 10])
def test_the_size_of_batches_does_not_matter(network, examples, params, scores, batch, monkeypatch):
    monkeypatch.setattr(measure, "BATCH", batch)
    for name, found in by_name(changed_scores(network, *examples, params)).items():
        np.testing.assert_allclose(found, scores[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("images", [2, 3, 11, 200])
def test_couplings_are_shuffled_among_all_images_and_none_gets_its_own(images):
    found = donors(images)
    assert sorted(found) == sorted(found.values()) == list(range(images))
    assert all(image != other for image, other in found.items())
    assert found == donors(images)


def test_two_images_swap_their_couplings(network, examples, params):
    test = Examples(examples[1].inputs[:2], examples[1].labels[:2])
    found = by_name(changed_scores(network, examples[0], test, params))
    first, second = network.layers
    with torch.no_grad():
        u = network.lower(as_images(test.inputs), 0)
        v = first.with_couplings(u, first(u)[1].flip(0))
        scores = second(v)[0].norm(dim=-1)
    np.testing.assert_allclose(found["r1", "shuffled", None], scores, rtol=1e-4, atol=1e-6)


def test_rows_tell_where_what_and_how_accurate(network, examples, params):
    rows = measure_changes(network, *examples, params)
    found = by_name(changed_scores(network, *examples, params))
    assert len(rows) == len(found) == 1 + 3 * len(NAMES)
    for row in rows:
        assert list(row) == ["layer", "change", "value", "exact_match"]
        value = None if math.isnan(row["value"]) else row["value"]
        scores = torch.tensor(found[row["layer"], row["change"], value])
        hits = exact_match(scores, examples[1].labels)
        assert row["exact_match"] == pytest.approx(hits.double().mean().item())


def test_measuring_leaves_the_network_as_it_is(network, examples, params):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    measure_changes(network, *examples, params)
    assert torch.equal(torch.get_rng_state(), state)
    assert [layer.n_iter for layer in network.layers] == [3, 3]
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_convolutions_run_once_a_batch(network, examples, params, monkeypatch):
    means = mean_couplings(network, examples[0])
    monkeypatch.setattr(measure, "mean_couplings", lambda *_: means)
    monkeypatch.setattr(measure, "BATCH", 4)
    sizes, lower = [], network.lower
    monkeypatch.setattr(network, "lower", lambda x, kept: sizes.append(len(x)) or lower(x, kept))
    changed_scores(network, *examples, params)
    assert sizes == [4 + 2, 4 + 2, 3 + 2]


def test_scores_come_one_for_each_change_and_layer(network, examples):
    means = mean_couplings(network, examples[0])
    u = network.lower(as_images(examples[1].inputs), 0)
    assert len(list(scores_of(network, [], u, means, examples[1].labels))) == 1


@pytest.mark.parametrize("kind, hidden, routed", [("cnn", 1, 0), ("capsnet", 2, 3)])
def test_other_networks_are_refused(spec, examples, params, kind, hidden, routed):
    parts = {"capsules": spec.capsules, "routing": spec.routing} if kind == "capsnet" else {}
    network = build_network(NetworkSpec(kind, spec.model, hidden, **parts), torch.Generator())
    with pytest.raises(ValueError, match=f"two routed layers.* has {routed} of them"):
        measure_changes(network, *examples, params)


def test_a_table_names_arm_and_trial():
    row = {"layer": "r1", "change": "mean", "value": math.nan, "exact_match": 0.5}
    table = intervention_table("n3", [[row, row], [row | {"exact_match": 0.25}]])
    assert list(table) == ["arm", "trial", "layer", "change", "value", "exact_match"]
    expected = pd.DataFrame({"arm": "n3", "trial": [0, 0, 1], "exact_match": [0.5, 0.5, 0.25]})
    pd.testing.assert_frame_equal(table[list(expected)], expected)
