"""Train the deeper networks from scratch on each domain of each split (paper 3.3)."""

from __future__ import annotations

from itertools import product

import typer

from capsnet_study.data.domains import in_domain
from capsnet_study.models import NetworkSpec
from capsnet_study.params import Params, load_params
from capsnet_study.storage import write_table
from capsnet_study.summary import history_table
from capsnet_study.trials import run_trial
from capsnet_study.workers import run_side_by_side
from stages.networks import read_images, write_networks
from stages.recording import recorded
from stages.splits import read_domains

HIDDEN = 2  # one layer more than in figure 1: three above the convolutions


def specification(model: str, params: Params) -> NetworkSpec:
    """Return the deeper form of ``capsnet`` or ``cnn``."""
    if model == "cnn":
        return NetworkSpec("cnn", params.model, HIDDEN)
    return NetworkSpec("capsnet", params.model, HIDDEN, params.capsules, params.routing)


def main(model: str) -> None:
    """Write data/pretrained/MODEL: a network and its evaluations for each split and domain."""
    with recorded(f"pretrain_{model}"):
        params = load_params()
        spec = specification(model, params)
        train, test = read_images()
        names, tasks = [], []
        for (split, domains), side in product(enumerate(read_domains()), "ab"):
            names.append(f"split{split}_{side.upper()}")
            parts = [
                images.of(in_domain(images.labels, getattr(domains, side)))
                for images in (train, test)
            ]
            tasks.append((f"{model} {names[-1]}", spec, *parts, params.train, split))
        trials = run_side_by_side(run_trial, tasks)
        write_networks(f"data/pretrained/{model}", spec, names, trials)
        history = history_table([trial.rows for trial in trials])
        write_table(f"data/pretrained/{model}/history.csv", history)


if __name__ == "__main__":
    typer.run(main)
