"""What the stages hand on: which digits, weights, maps and domains each computation gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pytest import MonkeyPatch
from threadpoolctl import threadpool_info, threadpool_limits

from capsnet_study.common.storage import read_arrays, read_json, write_arrays
from capsnet_study.data.manifold import shift_grid
from capsnet_study.faithfulness.measures import linear_cka
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import Weights, load_network, weights_of
from capsnet_study.params import load_params
from capsnet_study.representation.activations import layer_activations
from capsnet_study.training import trials
from capsnet_study.training.arms import main_arm
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, Trained, Training, arm_spec, image_sets
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import Transfer, run_transfers, schemes
from stages import (
    activations,
    activations_controls,
    arm,
    domains,
    embed,
    faithfulness,
    manifold,
    manifold_images,
    multimnist,
    pretrain,
)
from stages import train as train_stage
from stages import transfer as transfer_stage
from stages.networks import write_network, write_trials
from stages.tables import REPRESENTATIONS
from tests.pipeline.conftest import tiny_params

TRAIN, TEST = 10, 100  # how bright the training and the test digits are
PERPLEXITIES = [20.0, 5.0]
NAMES = ["split0_A", "split0_B", "split1_A", "split1_B"]

Pairs = set[tuple[int, ...]]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: MonkeyPatch) -> Path:
    """A folder with parameters of more than one of everything, and digits that show their part."""
    params = tiny_params()
    params["train"]["trials"] = params["transfer"]["splits"] = 2
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


@pytest.fixture
def threads_of(monkeypatch: MonkeyPatch) -> Callable[[ModuleType, str], list[int]]:
    """Watch how many threads a function of a stage may use, in a process that has two."""
    torch.set_num_threads(2)

    def watch(stage: ModuleType, name: str) -> list[int]:
        function, used = getattr(stage, name), []

        def watched(*arguments: object) -> object:
            pools = [pool["num_threads"] for pool in threadpool_info()]
            used.append(max(torch.get_num_threads(), *pools))
            return function(*arguments)

        monkeypatch.setattr(stage, name, watched)
        return used

    with threadpool_limits(limits=2):
        yield watch
    torch.set_num_threads(1)


def cnn_spec(hidden: int = 1) -> NetworkSpec:
    return NetworkSpec("cnn", load_params().model, hidden)


def network_weights(spec: NetworkSpec, seed: int) -> Weights:
    return weights_of(build_network(spec, torch.Generator().manual_seed(seed)))


def test_models_of_transfer_differ_in_their_routing_alone(study: Path) -> None:
    params = load_params()
    arms = main_arm(params.routing), params.sweep["n1"], params.sweep["cnn"]
    capsnet, uniform, cnn = (arm_spec(one, params.model, params.capsules, 2) for one in arms)
    assert capsnet.routing == params.routing and uniform.routing.is_uniform
    assert uniform == replace(capsnet, routing=uniform.routing)
    assert (cnn.kind, cnn.hidden, cnn.routing) == ("cnn", 2, None)


def test_each_set_is_made_of_its_own_digits(study: Path) -> None:
    multimnist.main()
    made = read_arrays("data/multimnist.safetensors")
    assert set(np.unique(made["train_images"])) == {0, TRAIN, 2 * TRAIN}
    assert set(np.unique(made["test_images"])) == {0, TEST, 2 * TEST}
    manifold_images.main()
    made = read_arrays("data/manifold.safetensors", "images")["images"]
    assert set(np.unique(made)) == {0, TEST, 2 * TEST}


def test_activations_are_those_of_each_trained_network(study: Path, threads_of: Callable) -> None:
    spec = cnn_spec()
    weights = [network_weights(spec, trial) for trial in range(11)]  # trial10 is after trial9
    write_trials("data/networks/cnn", spec, weights)
    manifold_images.main()
    images = read_arrays("data/manifold.safetensors", "images")["images"]
    threads = threads_of(activations, "layer_activations")
    activations.main("cnn", "data/networks/cnn")
    assert set(threads) == {1}
    found = read_arrays("data/activations/cnn.safetensors", "linear1")["linear1"]
    for trial in (0, 2, 10):
        expected = layer_activations(load_network(spec, weights[trial]), images)["linear1"]
        np.testing.assert_allclose(found[trial], expected, rtol=1e-5)


def test_untrained_controls_are_the_networks_that_trainings_start_from(
    study: Path, threads_of: Callable
) -> None:
    multimnist.main()
    manifold_images.main()
    images = read_arrays("data/manifold.safetensors", "images")["images"]
    threads = threads_of(activations_controls, "pca_activations")
    activations_controls.main()
    assert set(threads) == {1}
    params = load_params()
    sets = image_sets(read_arrays("data/multimnist.safetensors"))
    for name, kind, layer in (
        ("random_cnn", params.sweep["cnn"], "linear1"),
        ("random_capsnet", main_arm(params.routing), "cap1"),
    ):
        found = read_arrays(f"data/activations/{name}.safetensors", layer)[layer]
        sizes = params.model, params.capsules
        trainings = trials.arm_trials(name, kind, sizes, sets, params.train)
        assert len(found) == len(trainings) == 2
        for values, training in zip(found, trainings, strict=True):
            network = trials.starting_network(training).eval()
            expected = layer_activations(network, images)[layer]
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6)


def write_activations(model: str) -> dict[str, np.ndarray]:
    """Write random activations of two layers: [trials, sets, 81, dim]."""
    drawn, pre = np.random.default_rng(0).normal(size=(2, 2, 2, 81, 4)).astype(np.float32)
    layers = {"linear1": drawn, "linear1_pre": pre}
    write_arrays(f"data/activations/{model}.safetensors", layers)
    return layers


@pytest.mark.parametrize(("model", "layer"), [("capsnet", "linear1"), ("cnn_pre", "linear1_pre")])
def test_each_map_lies_where_its_trial_set_perplexity_and_seed_say(
    model: str, layer: str, study: Path, monkeypatch: MonkeyPatch
) -> None:
    def marked(points: np.ndarray, perplexity: float, seed: int, init: str) -> np.ndarray:
        return np.stack([points[:, 0], points[:, 1] + 10 * perplexity + 1000 * seed], axis=1)

    monkeypatch.setattr(embed, "tsne_map", marked)
    drawn = write_activations("network")[layer]
    embed.main(model, "network", layer)
    maps = read_arrays(f"data/embeddings/{model}.safetensors")["maps"]
    assert maps.shape == (2, 2, 2, 2, 81, 2)
    for trial, index, which, seed in product(range(2), repeat=4):
        expected = marked(drawn[trial, index], PERPLEXITIES[which], seed, "")
        np.testing.assert_array_equal(maps[trial, index, which, seed], expected)


def test_claims_rest_on_the_maps_of_the_main_perplexity(study: Path, threads_of: Callable) -> None:
    manifold_images.main()
    grid = shift_grid().astype(np.float32)
    noise = np.random.default_rng(1).normal(size=grid.shape).astype(np.float32)
    maps = np.broadcast_to(np.stack([grid, noise])[:, None], (2, 2, 2, 2, 81, 2))
    drawn = write_activations("cnn")["linear1"]
    for model in REPRESENTATIONS:
        arrays, facts = {"maps": maps.copy()}, {"perplexities": PERPLEXITIES}
        write_arrays(f"data/embeddings/{model}.safetensors", arrays, facts)
        faithfulness.main(model, "cnn", "linear1_pre" if model == "cnn_pre" else "linear1")
    threads = threads_of(manifold, "null_bands")
    manifold.main()
    assert set(threads) == {1}
    models = read_json("metrics/manifold.json")["models"]
    for model in models.values():
        assert model["procrustes_disparity"]["mean"] == pytest.approx(0, abs=1e-6)
    expected = np.mean(
        [linear_cka(shift_grid().astype(float), one) for one in drawn.reshape(4, 81, 4)]
    )
    assert models["cnn"]["raw_cka"]["mean"] == pytest.approx(expected, abs=1e-5)
    assert models["cnn_pre"]["raw_cka"]["mean"] != models["cnn"]["raw_cka"]["mean"]


@pytest.fixture
def sides(study: Path) -> list[Pairs]:
    """The digit pairs of each of `NAMES`."""
    multimnist.main()
    domains.main()
    splits = read_json("data/domains.json")
    return [{tuple(pair) for pair in split[side]} for split in splits for side in "ab"]


class Stop(Exception):
    """What a stage hands on is known."""


def handed_to(stage: ModuleType, name: str, monkeypatch: MonkeyPatch) -> list[Any]:
    """Run a stage of the CNN until it calls `name`; return what it calls it with."""
    seen: list[Any] = []

    def stop(*arguments: object) -> None:
        seen.extend(arguments)
        raise Stop

    monkeypatch.setattr(stage, name, stop)
    with pytest.raises(Stop):
        stage.main("cnn", "sweep.cnn")
    return seen


def shows_only(part: Training | Transfer, pairs: Pairs) -> bool:
    """Return whether training and test images are all those of the study that show these pairs."""
    whole_sets = image_sets(read_arrays("data/multimnist.safetensors"))
    for given, whole in zip((part.train, part.test), whole_sets, strict=True):
        shown = [tuple(sorted(labels)) in pairs for labels in whole.labels.tolist()]
        assert 0 < sum(shown) < len(shown)
        for found, made in ((given.labels, whole.labels), (given.images, whole.images)):
            if not np.array_equal(found, made[shown]):
                return False
    return True


def test_the_images_of_each_domain_are_counted(sides: list[Pairs]) -> None:
    counts = read_json("metrics/domains.json")
    sets = image_sets(read_arrays("data/multimnist.safetensors"))
    for (split, side), pairs in zip(product("01", "AB"), sides, strict=True):
        shown = [sum(tuple(sorted(one)) in pairs for one in part.labels.tolist()) for part in sets]
        expected = dict(zip(("train_images", "test_images"), shown, strict=True))
        assert counts[split][side] == {"pairs": len(pairs)} | expected


def test_networks_are_pretrained_on_their_domain(
    sides: list[Pairs], monkeypatch: MonkeyPatch
) -> None:
    trainings = handed_to(pretrain, "run_trainings", monkeypatch)[0]
    assert [training.name for training in trainings] == [f"cnn {name}" for name in NAMES]
    assert [training.order for training in trainings] == [("order", k) for k in (0, 0, 1, 1)]
    assert all(map(shows_only, trainings, sides))


@pytest.mark.parametrize(
    ("stage", "arguments", "folder"),
    [
        (train_stage, (), "models/capsnet"),
        (pretrain, ("cnn", "sweep.cnn"), "pretrained/cnn"),
        (arm, ("sweep", "n1"), "networks/n1"),
    ],
)
def test_networks_are_kept_as_training_left_them(
    stage: ModuleType,
    arguments: tuple[str, ...],
    folder: str,
    sides: list[Pairs],
    monkeypatch: MonkeyPatch,
) -> None:
    def run_trainings(trainings: list[Training], checkpoints: object) -> list[Trained]:
        rows = [{"step": step, "exact_match": 0.0} for step in (0, 1)]
        return [Trained(rows, {"w": np.full(1, k)}) for k in range(len(trainings))]

    monkeypatch.setattr(stage, "run_trainings", run_trainings)
    stage.main(*arguments)
    for k, file in enumerate(NAMES if stage is pretrain else ["trial0", "trial1"]):
        assert read_arrays(f"data/{folder}/{file}.safetensors")["w"].tolist() == [k]


def test_transfers_go_from_one_domain_to_the_other(
    sides: list[Pairs], monkeypatch: MonkeyPatch
) -> None:
    spec = cnn_spec(hidden=2)
    weights = [network_weights(spec, seed) for seed in range(4)]
    for name, trained in zip(NAMES, weights, strict=True):
        write_network(f"data/pretrained/cnn/{name}.safetensors", spec, trained)
    transfers = handed_to(transfer_stage, "run_transfers", monkeypatch)[2]
    where = [(part.split, part.direction) for part in transfers]
    assert where == [(0, "AB"), (0, "BA"), (1, "AB"), (1, "BA")]
    for part in transfers:
        source, target = (NAMES.index(f"split{part.split}_{side}") for side in part.direction)
        assert shows_only(part, sides[target])
        np.testing.assert_equal([part.source, part.target], [weights[source], weights[target]])


def test_all_schemes_see_the_images_in_the_same_order(
    cnn: NetworkSpec,
    images: tuple[ImageSet, ImageSet],
    train_params: TrainParams,
    monkeypatch: MonkeyPatch,
) -> None:
    orders: list[tuple[int, ...]] = []

    def draw(*arguments: Any) -> list[dict[str, float]]:
        orders.append(tuple(torch.randperm(40, generator=arguments[4]).tolist()))
        return [{"exact_match": 0.0}]

    monkeypatch.setattr(trials, "fit", draw)
    spec = NetworkSpec("cnn", cnn.model, 2)
    weights = network_weights(spec, 0)
    parts = [
        Transfer(split, direction, weights, weights, *images)
        for split, direction in product((0, 1), ("AB", "BA"))
    ]
    run_transfers("cnn", spec, parts, train_params, TransferParams(splits=1, epochs=1))
    count = len(list(schemes()))
    assert len(set(orders)) == 4
    assert orders == [first for first in orders[::count] for _ in range(count)]
