"""Train the main CapsNet, that of the block ``routing``."""

from __future__ import annotations

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, write_json, write_table
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import main_arm
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import history_table, summarise_history
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import IMAGE_ARRAYS, arm_trials, image_sets, run_trainings
from stages.command import run_command
from stages.networks import write_trials
from stages.recording import recorded

FOLDER = "data/models/capsnet"


def main() -> None:
    """Write data/models/capsnet and metrics/train_capsnet.json."""
    with recorded("train_capsnet"), resumable("train_capsnet") as checkpoints:
        model, capsules, routing, train = load_blocks(
            model=ModelParams, capsules=CapsuleParams, routing=RoutingParams, train=TrainParams
        )
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        sizes = model, capsules
        trainings = arm_trials("capsnet", main_arm(routing), sizes, images, train)
        found = run_trainings(trainings, checkpoints)
        write_trials(FOLDER, trainings[0].spec, [trained.weights for trained in found])
        history = history_table([trained.rows for trained in found])
        write_table(f"{FOLDER}/history.csv", history)
        write_json("metrics/train_capsnet.json", summarise_history(history))


if __name__ == "__main__":
    run_command(main)
