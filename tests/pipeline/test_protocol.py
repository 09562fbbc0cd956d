"""What the stages hand on: which digits, weights, maps and domains each computation gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from capsnet_study import representation, transfer
from capsnet_study.activations import layer_activations
from capsnet_study.data import shift_grid
from capsnet_study.embedding import tsne_map
from capsnet_study.models import NetworkSpec, build_network
from capsnet_study.params import TransferParams, load_params
from capsnet_study.storage import read_arrays, read_json, write_arrays
from capsnet_study.transfer import Transfer, schemes, transfer_budget
from capsnet_study.trials import ImageSet, Trial, Weights, load_network, weights_of
from stages import activations, domains, embed, manifold, manifold_images, multimnist
from stages import pretrain as pretrain_stage
from stages import transfer as transfer_stage
from stages.networks import read_images, specification, write_networks
from tests.pipeline.conftest import tiny_params

TRAIN, TEST = 10, 100  # how bright the training and the test digits are
PERPLEXITIES = [20.0, 5.0]
SPLIT = "split0"


class Stop(Exception):
    """What a stage hands on is known."""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with parameters of more than one of everything, and digits that tell their part."""
    params = tiny_params()
    params["train"]["trials"] = 2
    params["manifold"] |= {"pairs": ["7-8", "3-5"], "tsne_seeds": 2}
    params["manifold"]["other_perplexities"] = PERPLEXITIES[1:]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    digits = {}
    for part, brightness in (("train", TRAIN), ("test", TEST)):
        digits[f"{part}_images"] = np.full((100, 28, 28), brightness, np.uint8)
        digits[f"{part}_labels"] = np.tile(np.arange(10, dtype=np.uint8), 10)
    write_arrays("data/digits.safetensors", digits, {"source": "marked", "checksums": {}})
    return tmp_path


def network_weights(spec: NetworkSpec, seed: int) -> Weights:
    return weights_of(build_network(spec, torch.Generator().manual_seed(seed)))


def same(found: Weights, expected: Weights) -> bool:
    return all(np.array_equal(found[name], expected[name]) for name in expected)


# Images


def test_training_images_are_made_of_training_digits_and_test_images_of_test_digits(study):
    multimnist.main()
    made = read_arrays("data/multimnist.safetensors")
    assert set(np.unique(made["train_images"])) == {0, TRAIN, 2 * TRAIN}
    assert set(np.unique(made["test_images"])) == {0, TEST, 2 * TEST}


def test_manifold_sets_are_made_of_test_digits(study):
    manifold_images.main()
    made = read_arrays("data/manifold.safetensors", "images")["images"]
    assert set(np.unique(made)) == {0, TEST, 2 * TEST}


# Activations and maps


@pytest.mark.parametrize("model, seed", [("capsnet", 10), ("random_capsnet", 0)])
def test_controls_are_the_networks_before_training(study, model, seed):
    spec = specification("capsnet", load_params())
    trials = [
        Trial([], initial=network_weights(spec, trial), trained=network_weights(spec, trial + 10))
        for trial in range(2)
    ]
    write_networks("data/models/capsnet", spec, ["trial0", "trial1"], trials)
    manifold_images.main()
    images = read_arrays("data/manifold.safetensors", "images")["images"]
    activations.main(model)
    found = read_arrays(f"data/activations/{model}.safetensors", "cap1")["cap1"]
    for trial in range(2):
        network = load_network(spec, network_weights(spec, seed + trial))
        np.testing.assert_array_equal(found[trial], layer_activations(network, images)["cap1"])


def write_activations(model: str) -> np.ndarray:
    """Write random activations: [trials, sets, 81, dim]."""
    drawn = np.random.default_rng(0).normal(size=(2, 2, 81, 4)).astype(np.float32)
    facts = {"layer": "cap1", "pairs": ["7-8", "3-5"]}
    write_arrays(f"data/activations/{model}.safetensors", {"cap1": drawn}, facts)
    return drawn


def test_each_map_lies_where_its_trial_set_perplexity_and_seed_say(study):
    drawn = write_activations("capsnet")
    embed.main("capsnet")
    maps = read_arrays("data/embeddings/capsnet.safetensors")["maps"]
    assert maps.shape == (2, 2, 2, 2, 81, 2)
    for trial, index, which, seed in ((0, 0, 0, 1), (1, 0, 1, 0), (0, 1, 0, 0)):
        alone = tsne_map(drawn[trial, index], PERPLEXITIES[which], seed, "random")
        np.testing.assert_array_equal(maps[trial, index, which, seed], alone)


def test_claims_rest_on_the_maps_of_the_main_perplexity(study):
    manifold_images.main()
    grid = shift_grid().astype(np.float32)
    noise = np.random.default_rng(1).normal(size=grid.shape).astype(np.float32)
    maps = np.broadcast_to(np.stack([grid, noise])[:, None], (2, 2, 2, 2, 81, 2))
    facts = {"layer": "cap1", "pairs": ["7-8", "3-5"], "perplexities": PERPLEXITIES}
    for model in representation.MODELS:
        write_activations(model)
        write_arrays(f"data/embeddings/{model}.safetensors", {"maps": maps.copy()}, facts)
    manifold.main()
    for model in read_json("metrics/manifold.json")["models"].values():
        assert model["procrustes_disparity"]["mean"] == pytest.approx(0, abs=1e-6)


# Domains


def pairs_in(images: ImageSet) -> set[tuple[int, ...]]:
    return {tuple(sorted(labels)) for labels in images.labels.tolist()}


def stopping_at(seen: list) -> Callable:
    """A function that keeps what it is called with and stops the stage."""

    def stop(*arguments):
        seen.extend(arguments)
        raise Stop

    return stop


@pytest.fixture
def sides(study: Path) -> dict[str, set[tuple[int, ...]]]:
    """The digit pairs of either domain, which both have images."""
    multimnist.main()
    domains.main()
    (split,) = read_json("data/domains.json")
    return {side: {tuple(pair) for pair in split[side.lower()]} for side in "AB"}


def shows_only(parts: Sequence[ImageSet], pairs: set[tuple[int, ...]]) -> bool:
    """Whether training and test images are all those of the study that show these pairs."""
    return all(
        pairs_in(part) == pairs & pairs_in(whole)
        and len(part.labels) == sum(tuple(sorted(one)) in pairs for one in whole.labels.tolist())
        for part, whole in zip(parts, read_images(), strict=True)
    )


def test_a_network_is_pretrained_on_its_own_domain(sides, monkeypatch):
    seen: list = []
    monkeypatch.setattr(pretrain_stage, "run_trials", stopping_at(seen))
    with pytest.raises(Stop):
        pretrain_stage.main("cnn")
    trainings = seen[0]
    assert [training.name for training in trainings] == [f"cnn {SPLIT}_A", f"cnn {SPLIT}_B"]
    for training, side in zip(trainings, "AB", strict=True):
        assert shows_only((training.train, training.test), sides[side])


def test_a_network_is_transferred_to_the_domain_that_its_direction_ends_in(sides, monkeypatch):
    spec = specification("cnn", load_params(), hidden=2)
    weights = {side: network_weights(spec, seed) for seed, side in enumerate("AB")}
    trials = [Trial([], initial=network_weights(spec, 9), trained=weights[side]) for side in "AB"]
    write_networks("data/pretrained/cnn", spec, [f"{SPLIT}_A", f"{SPLIT}_B"], trials)
    seen: list = []
    monkeypatch.setattr(transfer_stage, "run_transfers", stopping_at(seen))
    with pytest.raises(Stop):
        transfer_stage.main("cnn")
    assert [part.direction for part in seen[2]] == ["AB", "BA"]
    for part in seen[2]:
        source, target = part.direction
        assert shows_only((part.train, part.test), sides[target])
        assert same(part.source, weights[source]) and same(part.target, weights[target])


def test_all_schemes_see_the_images_in_the_same_order(cnn, images, train_params, monkeypatch):
    orders: dict[tuple[int, str], list[bytes]] = {}
    spec = NetworkSpec("cnn", cnn.model, 2)
    weights = network_weights(spec, 0)
    budget = transfer_budget(train_params, TransferParams(splits=1, epochs=1), spec)
    for split, direction in product((0, 1), ("AB", "BA")):
        found = orders.setdefault((split, direction), [])

        def keep(network, train, test, budget, generator, *rest, found=found):
            found.append(generator.get_state().numpy().tobytes())
            return [{"exact_match": 0.0}]

        monkeypatch.setattr(transfer, "fit", keep)
        task = Transfer(split, direction, weights, weights, *images)
        transfer.run_transfer("cnn", spec, task, budget, seed=0)
    assert all(len(found) == len(list(schemes())) for found in orders.values())
    assert all(len(set(found)) == 1 for found in orders.values())
    assert len({found[0] for found in orders.values()}) == len(orders)
