"""Train the deeper networks of which transfer keeps layers, on each domain (paper 3.3)."""

from __future__ import annotations

from itertools import product

import typer

from capsnet_study.data.domains import in_domain
from capsnet_study.params import load_params
from capsnet_study.storage import EXACT, write_table
from capsnet_study.summary import history_table
from capsnet_study.trials import Training, run_trials
from stages.networks import Model, read_images, specification, write_networks
from stages.recording import recorded
from stages.resuming import resumable
from stages.splits import read_domains

HIDDEN = 2  # one layer more than in figure 1: three above the convolutions


def main(model: Model) -> None:
    """Write data/pretrained/MODEL: a network and its evaluations for each split and domain."""
    stage = f"pretrain_{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        params = load_params()
        spec = specification(model, params, HIDDEN)
        train, test = read_images()
        names, trainings = [], []
        for (split, domains), side in product(enumerate(read_domains()), "ab"):
            names.append(f"split{split}_{side.upper()}")
            parts = [
                images.of(in_domain(images.labels, getattr(domains, side)))
                for images in (train, test)
            ]
            name = f"{model} {names[-1]}"
            trainings.append(Training(name, spec, *parts, params.train, trial=split))
        trials = run_trials(trainings, checkpoints)
        write_networks(f"data/pretrained/{model}", spec, names, trials)
        history = history_table([trial.rows for trial in trials])
        write_table(f"data/pretrained/{model}/history.csv", history, EXACT)


if __name__ == "__main__":
    typer.run(main)
