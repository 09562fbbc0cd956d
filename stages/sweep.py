"""Train one arm of the sweep (figures 2 and 3)."""

from __future__ import annotations

import typer

from capsnet_study.models import NetworkSpec
from capsnet_study.params import CapsNetArm, ParameterError, load_params
from capsnet_study.storage import write_table
from capsnet_study.summary import history_table
from capsnet_study.trials import run_trials
from stages.networks import read_images
from stages.recording import recorded


def main(name: str) -> None:
    """Write data/sweep/NAME.csv: one row a trial and evaluation."""
    with recorded(f"sweep_{name}"):
        params = load_params()
        if name not in params.sweep:
            raise ParameterError(f"no arm {name!r} in sweep; there are {', '.join(params.sweep)}")
        arm = params.sweep[name]
        if isinstance(arm, CapsNetArm):
            spec = NetworkSpec(
                "capsnet", params.model, capsules=params.capsules, routing=arm.routing
            )
        else:
            spec = NetworkSpec(arm.model, params.model)
        trials = run_trials(name, spec, *read_images(), params.train)
        write_table(f"data/sweep/{name}.csv", history_table([trial.rows for trial in trials]))


if __name__ == "__main__":
    typer.run(main)
