"""The stage that changes the couplings of trained networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.storage import read_table, write_arrays
from capsnet_study.interventions.measure import measure_changes
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import load_network, weights_of
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.evaluation import evaluate
from capsnet_study.training.trials import ImageSet
from stages import interventions
from stages.networks import write_trials
from tests.pipeline.conftest import tiny_params

CHANGED = {"n_test": [1, 3], "temperatures": [2.0]}


@pytest.fixture(autouse=True)
def study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: tuple[ImageSet, ImageSet]
) -> None:
    """A working directory with parameters and images."""
    params = tiny_params() | {"interventions": {"arms": ["n1"], **CHANGED}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    arrays = {}
    for part, made in zip(("train", "test"), images, strict=True):
        arrays |= {f"{part}_images": made.images, f"{part}_labels": made.labels}
    write_arrays("data/multimnist.safetensors", arrays)


def write_networks(spec: NetworkSpec, arm: str, trials: int = 1) -> None:
    generators = (torch.Generator().manual_seed(trial) for trial in range(trials))
    weights = [weights_of(build_network(spec, generator)) for generator in generators]
    write_trials(f"data/networks/{arm}", spec, weights)


def test_each_trial_is_changed_and_measured_on_test_images(
    capsnet: NetworkSpec, images: tuple[ImageSet, ImageSet]
) -> None:
    write_networks(capsnet, "n1", 11)  # so that trial10 comes after trial9
    interventions.main("n1")
    table = read_table("data/interventions/n1.csv")
    assert list(table) == ["arm", "trial", "layer", "change", "value", "exact_match"]
    train, test = (part.on_device() for part in images)
    params = InterventionParams(["n1"], **CHANGED)
    for trial in (0, 2, 10):
        weights = weights_of(build_network(capsnet, torch.Generator().manual_seed(trial)))
        network = load_network(capsnet, weights)
        rows = table[table["trial"] == trial].drop(columns=["arm", "trial"])
        found = measure_changes(network, train, test, params)
        np.testing.assert_equal(rows.to_dict("records"), found)
        assert rows["exact_match"].iloc[0] == evaluate(network, test)["exact_match"]


def test_routing_is_as_it_was_at_the_end_of_training(capsnet: NetworkSpec) -> None:
    tables = []
    for arm, eta, eta_max in (("end", 0.9, None), ("fitness", 0.1, 0.9)):
        write_networks(replace(capsnet, routing=RoutingParams(3, eta, eta_max=eta_max)), arm)
        interventions.main(arm)
        tables.append(read_table(f"data/interventions/{arm}.csv").drop(columns="arm"))
    assert tables[0].equals(tables[1])


def test_an_arm_that_cannot_be_changed_is_named(capsnet: NetworkSpec, cnn: NetworkSpec) -> None:
    write_networks(cnn, "cnn")
    with pytest.raises(ParameterError, match=r"interventions\.arms: 'cnn': a cnn has no couplings"):
        interventions.main("cnn")
    write_networks(replace(capsnet, routing=RoutingParams(3, 1.0, algorithm="em")), "em")
    with pytest.raises(ParameterError, match=r"'em': algorithm = 'em': 'dynamic' is needed"):
        interventions.main("em")
