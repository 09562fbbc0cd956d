"""Transfer the networks trained on one domain to the other, in both directions (figure 7)."""

from __future__ import annotations

from itertools import product

import pandas as pd
import typer

from capsnet_study.data.domains import in_domain
from capsnet_study.params import load_params
from capsnet_study.storage import EXACT, write_json, write_table
from capsnet_study.transfer import Transfer, run_transfers, summarise_schemes
from stages.networks import Model, read_images, read_network
from stages.recording import recorded
from stages.resuming import resumable
from stages.splits import read_domains


def main(model: Model) -> None:
    """Write plots/transfer_MODEL.csv and metrics/transfer_MODEL.json."""
    stage = f"transfer_{model}"
    with recorded(stage), resumable(stage) as checkpoints:
        params = load_params()
        train, test = read_images()
        transfers = []
        for (split, domains), direction in product(enumerate(read_domains()), ("AB", "BA")):
            (spec, source), (_, target) = (
                read_network(f"data/pretrained/{model}/split{split}_{side}.safetensors")
                for side in direction
            )
            pairs = getattr(domains, direction[1].lower())
            parts = [images.of(in_domain(images.labels, pairs)) for images in (train, test)]
            transfers.append(Transfer(split, direction, source, target, *parts))
        rows = run_transfers(model, spec, transfers, params.train, params.transfer, checkpoints)
        table = pd.DataFrame(rows)
        write_table(f"plots/transfer_{model}.csv", table, EXACT)
        write_json(f"metrics/transfer_{model}.json", summarise_schemes(table))


if __name__ == "__main__":
    typer.run(main)
