"""Split the 45 digit pairs in two domains, several times."""

from __future__ import annotations

from dataclasses import asdict

from capsnet_study.common.params import load_blocks
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import read_arrays, write_json
from capsnet_study.data.domains import in_domain, split_domains
from capsnet_study.data.params import DataParams
from capsnet_study.transfer.params import TransferParams
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write data/domains.json and metrics/domains.json."""
    with recorded("domains"):
        data, transfer = load_blocks(data=DataParams, transfer=TransferParams)
        splits = split_domains(transfer.splits, numpy_generator(data.seed, "domains"))
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
        write_json("data/domains.json", [asdict(split) for split in splits])
        write_json("metrics/domains.json", counts)


if __name__ == "__main__":
    run_command(main)
