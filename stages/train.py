"""Train a main model: the CapsNet of `routing`, the uniform CapsNet, or the CNN."""

from __future__ import annotations

from enum import StrEnum

import typer

from capsnet_study.models import NetworkSpec
from capsnet_study.params import Params, RoutingParams, load_params
from capsnet_study.storage import write_json, write_table
from capsnet_study.summary import history_table, summarise_history
from capsnet_study.trials import run_trials
from stages.networks import read_images, write_networks
from stages.recording import recorded


class Model(StrEnum):
    """The main models."""

    capsnet = "capsnet"
    uniform = "uniform"
    cnn = "cnn"


def specification(model: Model, params: Params) -> NetworkSpec:
    """Return what network a main model is; uniform coupling is routing with one iteration."""
    if model is Model.cnn:
        return NetworkSpec("cnn", params.model)
    routing = params.routing if model is Model.capsnet else RoutingParams(n_iter=1, eta=0.0)
    return NetworkSpec("capsnet", params.model, capsules=params.capsules, routing=routing)


def main(model: Model) -> None:
    """Write data/models/MODEL and metrics/train_MODEL.json."""
    with recorded(f"train_{model}"):
        params = load_params()
        spec = specification(model, params)
        trials = run_trials(model, spec, *read_images(), params.train)
        history = history_table([trial.rows for trial in trials])
        names = [f"trial{index}" for index in range(len(trials))]
        write_networks(f"data/models/{model}", spec, names, trials)
        write_table(f"data/models/{model}/history.csv", history)
        write_json(f"metrics/train_{model}.json", summarise_history(history))


if __name__ == "__main__":
    typer.run(main)
