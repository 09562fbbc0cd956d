"""Make the manifold sets: one test digit fixed, one moved over the 9 x 9 grid of shifts."""

from __future__ import annotations

import typer

from capsnet_study.data.manifold import make_manifold
from capsnet_study.params import load_params
from capsnet_study.storage import read_arrays, write_arrays
from stages.recording import recorded


def main() -> None:
    """Write data/manifold.safetensors."""
    with recorded("manifold_images"):
        params = load_params()
        digits = read_arrays("data/digits.safetensors", "test_images", "test_labels")
        sets = make_manifold(
            digits["test_images"], digits["test_labels"], params.manifold.pairs, params.data.seed
        )
        arrays = {"images": sets.images, "offsets": sets.offsets, "digits": sets.digits}
        write_arrays("data/manifold.safetensors", arrays, {"pairs": sets.pairs})


if __name__ == "__main__":
    typer.run(main)
