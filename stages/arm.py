"""Train one arm: of the paper's sweep (figures 2 and 3), an ablation, or a yoked one."""

from __future__ import annotations

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_table, write_table
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.arms import Block, YokedArm
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import history_table
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import IMAGE_ARRAYS, arm_trials, image_sets, run_trainings
from stages.arms import load_arm
from stages.command import run_command
from stages.networks import write_trials
from stages.recording import recorded


def main(block: Block, name: str) -> None:
    """Write data/BLOCK/NAME.csv, one row per trial and evaluation; the sweep keeps its networks."""
    stage = f"{block}@{name}"
    with recorded(stage), resumable(stage) as checkpoints:
        arm = load_arm(f"{block}.{name}")
        model, capsules, train = load_blocks(
            model=ModelParams, capsules=CapsuleParams, train=TrainParams
        )
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        followed = None
        if isinstance(arm, YokedArm):
            followed = read_table(f"data/sweep/{arm.certainty_of}.csv")
        trainings = arm_trials(name, arm, (model, capsules), images, train, followed)
        found = run_trainings(trainings, checkpoints)
        write_table(f"data/{block}/{name}.csv", history_table([one.rows for one in found]))
        if block == "sweep":
            weights = [trained.weights for trained in found]
            write_trials(f"data/networks/{name}", trainings[0].spec, weights)


if __name__ == "__main__":
    run_command(main)
