"""Split the 45 digit pairs in two domains, several times."""

from __future__ import annotations

from dataclasses import asdict

import typer

from capsnet_study.data.domains import in_domain, split_domains
from capsnet_study.params import load_params
from capsnet_study.seeding import numpy_generator
from capsnet_study.storage import read_arrays, write_json
from stages.recording import recorded
from stages.splits import write_domains


def main() -> None:
    """Write data/domains.json and metrics/domains.json."""
    with recorded("domains"):
        params = load_params()
        splits = split_domains(params.transfer.splits, numpy_generator(params.data.seed, "domains"))
        labels = read_arrays("data/multimnist.safetensors", "train_labels", "test_labels")
        counts = {
            str(split): {
                side.upper(): {"pairs": len(pairs)}
                | {
                    f"{part}_images": int(in_domain(labels[f"{part}_labels"], pairs).sum())
                    for part in ("train", "test")
                }
                for side, pairs in asdict(domains).items()
            }
            for split, domains in enumerate(splits)
        }
        write_domains(splits)
        write_json("metrics/domains.json", counts)


if __name__ == "__main__":
    typer.run(main)
