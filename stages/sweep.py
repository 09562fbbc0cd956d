"""Train one arm of the sweep (figures 2 and 3)."""

from __future__ import annotations

import typer

from capsnet_study.common.params import ParameterError, load_blocks
from capsnet_study.common.storage import read_arrays, write_table
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.arms import Sweep
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import history_table
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import arm_spec, image_sets, run_trainings, trials
from stages.recording import recorded


def main(arm: str) -> None:
    """Write data/sweep/ARM.csv: one row a trial and evaluation."""
    stage = f"sweep@{arm}"
    with recorded(stage), resumable(stage) as checkpoints:
        model, capsules, train, sweep = load_blocks(
            model=ModelParams, capsules=CapsuleParams, train=TrainParams, sweep=Sweep
        )
        if arm not in sweep:
            raise ParameterError(f"no arm {arm!r} in sweep; there are {', '.join(sweep)}")
        spec = arm_spec(sweep[arm], model, capsules)
        images = image_sets(read_arrays("data/multimnist.safetensors"))
        found = run_trainings(trials(arm, spec, images, train), checkpoints)
        history = history_table([trained.rows for trained in found])
        write_table(f"data/sweep/{arm}.csv", history)


if __name__ == "__main__":
    typer.run(main)
