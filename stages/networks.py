"""The main models, files of trained networks and of the image sets they are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from capsnet_study.models import NetworkSpec
from capsnet_study.params import Params, RoutingParams
from capsnet_study.storage import read_arrays, read_facts, write_arrays
from capsnet_study.trials import ImageSet, Trial, Weights

Model = Literal["capsnet", "uniform", "cnn"]


def specification(model: Model, params: Params, hidden: int = 1) -> NetworkSpec:
    """Return what network a main model is; uniform coupling is routing with one iteration."""
    if model == "cnn":
        return NetworkSpec("cnn", params.model, hidden)
    routing = params.routing if model == "capsnet" else RoutingParams(n_iter=1, eta=0.0)
    return NetworkSpec("capsnet", params.model, hidden, params.capsules, routing)


def read_images(path: str = "data/multimnist.safetensors") -> tuple[ImageSet, ImageSet]:
    """Return the training and the test images."""
    arrays = read_arrays(path)
    train, test = (
        ImageSet(arrays[f"{part}_images"], arrays[f"{part}_labels"]) for part in ("train", "test")
    )
    return train, test


def write_networks(
    folder: str, spec: NetworkSpec, names: Sequence[str], trials: Sequence[Trial]
) -> None:
    """Write one file a trial: the specification, the weights before and after training."""
    for name, trial in zip(names, trials, strict=True):
        initial = {f"initial/{key}": value for key, value in trial.initial.items()}
        trained = {f"trained/{key}": value for key, value in trial.trained.items()}
        write_arrays(f"{folder}/{name}.safetensors", initial | trained, spec.to_json())


def read_network(path: str | Path, when: str = "trained") -> tuple[NetworkSpec, Weights]:
    """Return the specification and the weights ``initial``ly or once ``trained``."""
    prefix = f"{when}/"
    weights = {
        key.removeprefix(prefix): value
        for key, value in read_arrays(path).items()
        if key.startswith(prefix)
    }
    return NetworkSpec.from_json(read_facts(path)), weights
