"""Train a main model: the CapsNet of `routing`, the uniform CapsNet, or the CNN."""

from __future__ import annotations

from typing import Literal

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, write_arrays, write_json, write_table
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.spec import main_model
from capsnet_study.models.weights import pack
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import history_table, summarise_history
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import IMAGE_ARRAYS, image_sets, run_trainings, trials
from stages import run_command
from stages.recording import recorded


def main(model: Literal["capsnet", "uniform", "cnn"]) -> None:
    """Write data/models/MODEL and metrics/train_MODEL.json."""
    stage = f"train_{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        *sizes, train = load_blocks(
            model=ModelParams, capsules=CapsuleParams, routing=RoutingParams, train=TrainParams
        )
        spec = main_model(model, *sizes)
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        found = run_trainings(trials(model, spec, images, train), checkpoints)
        for number, trained in enumerate(found):
            weights = pack(initial=trained.initial, trained=trained.trained)
            write_arrays(f"data/models/{model}/trial{number}.safetensors", weights, spec.to_json())
        history = history_table([trained.rows for trained in found])
        write_table(f"data/models/{model}/history.csv", history)
        write_json(f"metrics/train_{model}.json", summarise_history(history))


if __name__ == "__main__":
    run_command(main)
