"""Take the pixels of the manifold sets, and their principal components, as representations."""

from __future__ import annotations

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.common.workers import repeatable
from capsnet_study.models.params import ModelParams
from capsnet_study.representation.pixels import pca_activations, pixel_activations
from stages import run_command
from stages.recording import recorded


def main() -> None:
    """Write data/activations/pixels.safetensors and pca.safetensors."""
    with recorded("activations_pixels"), repeatable():
        (model,) = load_blocks(model=ModelParams)
        width = model.cap1_capsules * model.capsule_dim
        images = read_arrays("data/manifold.safetensors", "images")["images"]
        train = read_arrays("data/multimnist.safetensors", "train_images")["train_images"]
        facts = read_facts("data/manifold.safetensors")
        controls = {
            "pixels": pixel_activations(images),
            "pca": pca_activations(images, train, width),
        }
        for name, values in controls.items():
            write_arrays(
                f"data/activations/{name}.safetensors",
                {name: values[None]},  # [trials = 1, sets, 81, dim]
                facts | {"layer": name},
            )


if __name__ == "__main__":
    run_command(main)
