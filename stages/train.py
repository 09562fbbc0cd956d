"""Train a main model: the CapsNet of `routing`, the uniform CapsNet, or the CNN."""

from __future__ import annotations

import typer

from capsnet_study.params import load_params
from capsnet_study.storage import EXACT, write_json, write_table
from capsnet_study.summary import history_table, summarise_history
from capsnet_study.trials import Training, run_trials
from stages.networks import Model, read_images, specification, write_networks
from stages.recording import recorded
from stages.resuming import resumable


def main(model: Model) -> None:
    """Write data/models/MODEL and metrics/train_MODEL.json."""
    stage = f"train_{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        params = load_params()
        spec = specification(model, params)
        training = Training(model, spec, *read_images(), params.train)
        trials = run_trials(training.each_trial(), checkpoints)
        history = history_table([trial.rows for trial in trials])
        names = [f"trial{index}" for index in range(len(trials))]
        write_networks(f"data/models/{model}", spec, names, trials)
        write_table(f"data/models/{model}/history.csv", history, EXACT)
        write_json(f"metrics/train_{model}.json", summarise_history(history))


if __name__ == "__main__":
    typer.run(main)
