"""Make the manifold sets: one test digit fixed, one moved over the 9 x 9 grid of shifts."""

from __future__ import annotations

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, write_arrays
from capsnet_study.data.manifold import make_manifold
from capsnet_study.data.params import DataParams
from capsnet_study.representation.params import ManifoldParams
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write data/manifold.safetensors."""
    with recorded("manifold_images"):
        data, manifold = load_blocks(data=DataParams, manifold=ManifoldParams)
        digits = read_arrays("data/digits.safetensors", "test_images", "test_labels")
        sets = make_manifold(
            digits["test_images"], digits["test_labels"], manifold.pairs, data.seed
        )
        arrays = {"images": sets.images, "offsets": sets.offsets, "digits": sets.digits}
        write_arrays("data/manifold.safetensors", arrays, {"pairs": sets.pairs})


if __name__ == "__main__":
    run_command(main)
