"""Train the deeper networks of which transfer keeps layers, on each domain (paper 3.3)."""

from __future__ import annotations

from itertools import product

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_json, write_table
from capsnet_study.data.domains import in_domain, splits_of
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import history_table
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import (
    IMAGE_ARRAYS,
    arm_spec,
    image_sets,
    run_trainings,
    trial,
    with_own,
)
from stages.arms import load_arm
from stages.command import run_command
from stages.networks import write_network
from stages.recording import recorded

HIDDEN = 2  # one layer more than in figure 1: three above the convolutions


def main(model: str, arm: str) -> None:
    """Write data/pretrained/MODEL: a network and its evaluations for each split and domain.

    ARM is the key of params.yaml that says what is trained: routing, or an arm such as sweep.cnn.
    """
    stage = f"pretrain_{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        trained_as = load_arm(arm)
        sizes, capsules, train = load_blocks(
            model=ModelParams, capsules=CapsuleParams, train=TrainParams
        )
        spec, train = arm_spec(trained_as, sizes, capsules, HIDDEN), with_own(train, trained_as)
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        names, trainings = [], []
        for (split, domains), side in product(
            enumerate(splits_of(read_json("data/domains.json"))), "ab"
        ):
            names.append(f"split{split}_{side.upper()}")
            sets = [part.of(in_domain(part.labels, getattr(domains, side))) for part in images]
            trainings.append(trial(f"{model} {names[-1]}", spec, sets, train, split))
        found = run_trainings(trainings, checkpoints)
        for name, trained in zip(names, found, strict=True):
            write_network(f"data/pretrained/{model}/{name}.safetensors", spec, trained.weights)
        history = history_table([trained.rows for trained in found])
        write_table(f"data/pretrained/{model}/history.csv", history)


if __name__ == "__main__":
    run_command(main)
