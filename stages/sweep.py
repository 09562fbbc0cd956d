"""Train one arm: of the paper's sweep (figures 2 and 3), of the interventions, or a yoked one."""

from __future__ import annotations

from typing import Annotated

import typer

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_table, write_arrays, write_table
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.weights import pack
from capsnet_study.training.arms import BLOCKS, Block, YokedArm
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import EVALUATED, history_table
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import IMAGE_ARRAYS, arm_trials, image_sets, run_trainings
from stages import run_command
from stages.recording import recorded


def main(arm: str, block: Annotated[Block, typer.Argument()] = "sweep") -> None:
    """Write data/BLOCK/ARM.csv, one row a trial and evaluation; the sweep keeps its networks."""
    stage = f"{block}@{arm}"
    with recorded(stage), resumable(stage) as checkpoints:
        model, capsules, train, arms = load_blocks(
            model=ModelParams, capsules=CapsuleParams, train=TrainParams, **{block: BLOCKS[block]}
        )
        if arm not in arms:
            raise ParameterError(f"no arm {arm!r} in {block}; there are {', '.join(arms)}")
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        followed = None
        if isinstance(arms[arm], YokedArm):
            path = f"data/sweep/{arms[arm].certainty_of}.csv"
            followed = read_table(path, *EVALUATED, "entropy_share_r1")
        trainings = arm_trials(arm, arms[arm], (model, capsules), images, train, followed)
        found = run_trainings(trainings, checkpoints)
        write_table(f"data/{block}/{arm}.csv", history_table([trained.rows for trained in found]))
        if block == "sweep":
            for number, (training, trained) in enumerate(zip(trainings, found, strict=True)):
                path = f"data/networks/{arm}/trial{number}.safetensors"
                write_arrays(path, pack(trained=trained.trained), training.spec.to_json())


if __name__ == "__main__":
    run_command(main)
