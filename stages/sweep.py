"""Train one arm of the sweep (figures 2 and 3)."""

from __future__ import annotations

from dataclasses import replace

import typer

from capsnet_study.models import NetworkSpec
from capsnet_study.params import CapsNetArm, ParameterError, Params, load_params
from capsnet_study.storage import EXACT, write_table
from capsnet_study.summary import history_table
from capsnet_study.trials import Training, run_trials
from stages.networks import read_images
from stages.recording import recorded
from stages.resuming import resumable


def specification(name: str, params: Params) -> NetworkSpec:
    """Return what network an arm trains."""
    arm = params.sweep[name]
    if not isinstance(arm, CapsNetArm):
        return NetworkSpec(arm.model, params.model)
    capsules = params.capsules
    if arm.init_gain is not None:
        capsules = replace(capsules, init_gain=arm.init_gain)
    return NetworkSpec("capsnet", params.model, capsules=capsules, routing=arm.routing)


def main(name: str) -> None:
    """Write data/sweep/NAME.csv: one row a trial and evaluation."""
    stage = f"sweep_{name}"
    with recorded(stage), resumable(stage) as checkpoints:
        params = load_params()
        if name not in params.sweep:
            raise ParameterError(f"no arm {name!r} in sweep; there are {', '.join(params.sweep)}")
        spec = specification(name, params)
        training = Training(name, spec, *read_images(), params.train)
        trials = run_trials(training.each_trial(), checkpoints)
        history = history_table([trial.rows for trial in trials])
        write_table(f"data/sweep/{name}.csv", history, EXACT)


if __name__ == "__main__":
    typer.run(main)
