"""Compose the Multi-MNIST training and test images from training and test digits."""

from __future__ import annotations

from capsnet_study.common.params import load_blocks
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import read_arrays, read_facts, write_arrays, write_json
from capsnet_study.data.multimnist import describe_images, make_multimnist
from capsnet_study.data.params import DataParams
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write data/multimnist.safetensors and metrics/data.json."""
    with recorded("multimnist"):
        (params,) = load_blocks(data=DataParams)
        names = [f"{part}_{kind}" for part in ("train", "test") for kind in ("images", "labels")]
        digits = read_arrays("data/digits.safetensors", *names)
        counts = {"train": params.train_images, "test": params.test_images}
        arrays, described = {}, {}
        for part, count in counts.items():
            images, labels = digits[f"{part}_images"], digits[f"{part}_labels"]
            rng = numpy_generator(params.seed, "multimnist", part)
            made = make_multimnist(images, labels, count, rng)
            arrays |= {f"{part}_images": made.images, f"{part}_labels": made.labels}
            described[part] = describe_images(made, available=len(labels))
        write_arrays("data/multimnist.safetensors", arrays)
        sizes = {part: len(digits[f"{part}_labels"]) for part in counts}
        facts = read_facts("data/digits.safetensors")
        write_json("metrics/data.json", facts | {"digits": sizes, "multimnist": described})


if __name__ == "__main__":
    run_command(main)
