"""Transfer one model on new splits of the digit pairs, from pretraining to all schemes (X18)."""

from __future__ import annotations

import pandas as pd

from capsnet_study.common.params import load_blocks
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import read_arrays, write_table
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import IMAGE_ARRAYS, arm_spec, image_sets, with_own
from capsnet_study.transfer.new_splits import NewSplits, later_splits, run_new_splits
from capsnet_study.transfer.params import TransferParams
from stages.arms import load_arm
from stages.command import run_command
from stages.pretrain import HIDDEN
from stages.recording import recorded


def main(model: str, arm: str) -> None:
    """Write data/new_splits/MODEL.csv.

    ARM is the key of params.yaml that says how it is trained, as in `stages.pretrain`.
    """
    stage = f"new_splits@{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        trained_as = load_arm(arm)
        data, sizes, capsules, train, transfer, new = load_blocks(
            data=DataParams,
            model=ModelParams,
            capsules=CapsuleParams,
            train=TrainParams,
            transfer=TransferParams,
            new_splits=NewSplits,
        )
        spec = arm_spec(trained_as, sizes, capsules, HIDDEN)
        splits = later_splits(transfer.splits, new.splits, numpy_generator(data.seed, "domains"))
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        own = with_own(train, trained_as)
        rows = run_new_splits(model, spec, splits, images, own, transfer, checkpoints)
        write_table(f"data/new_splits/{model}.csv", pd.DataFrame(rows))


if __name__ == "__main__":
    run_command(main)
