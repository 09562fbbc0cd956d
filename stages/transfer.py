"""Transfer the networks trained on one domain to the other, in both directions (figure 7)."""

from __future__ import annotations

from itertools import product

import pandas as pd

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import (
    read_arrays,
    read_json,
    write_json,
    write_table,
)
from capsnet_study.data.domains import in_domain, splits_of
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import IMAGE_ARRAYS, image_sets, with_own
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import Transfer, run_transfers, summarise_schemes
from stages.arms import load_arm
from stages.command import run_command
from stages.networks import read_network
from stages.recording import recorded


def main(model: str, arm: str) -> None:
    """Write plots/transfer_MODEL.csv and metrics/transfer_MODEL.json.

    ARM is the key of params.yaml that says how it is trained, as in `stages.pretrain`.
    """
    stage = f"transfer_{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        train, params = load_blocks(train=TrainParams, transfer=TransferParams)
        train = with_own(train, load_arm(arm))
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        splits = splits_of(read_json("data/domains.json"))
        transfers = []
        for (split, domains), direction in product(enumerate(splits), ("AB", "BA")):
            files = [
                f"data/pretrained/{model}/split{split}_{side}.safetensors" for side in direction
            ]
            (spec, source), (_, target) = map(read_network, files)
            pairs = getattr(domains, direction[1].lower())
            sets = [part.of(in_domain(part.labels, pairs)) for part in images]
            transfers.append(Transfer(split, direction, source, target, *sets))
        table = pd.DataFrame(run_transfers(model, spec, transfers, train, params, checkpoints))
        write_table(f"plots/transfer_{model}.csv", table)
        write_json(f"metrics/transfer_{model}.json", summarise_schemes(table))


if __name__ == "__main__":
    run_command(main)
