"""Represent the manifold sets without training: untrained networks, pixels, their PCA."""

from __future__ import annotations

from capsnet_study.common.devices import deterministic
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.representation.activations import layer_activations, stacked
from capsnet_study.representation.pixels import pca_activations, pixel_activations
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import untrained
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write data/activations/{random_capsnet,random_cnn,pixels,pca}.safetensors."""
    with recorded("activations_controls"), deterministic():
        model, capsules, routing, train = load_blocks(
            model=ModelParams, capsules=CapsuleParams, routing=RoutingParams, train=TrainParams
        )
        images = read_arrays("data/manifold.safetensors", "images")["images"]
        specs = {
            "random_capsnet": NetworkSpec("capsnet", model, capsules=capsules, routing=routing),
            "random_cnn": NetworkSpec("cnn", model),
        }
        controls = {
            name: stacked(layer_activations(network, images) for network in untrained(spec, train))
            for name, spec in specs.items()
        }
        seen = read_arrays("data/multimnist.safetensors", "train_images")["train_images"]
        width = model.cap1_capsules * model.capsule_dim
        controls["pixels"] = stacked([{"pixels": pixel_activations(images)}])
        controls["pca"] = stacked([{"pca": pca_activations(images, seen, width)}])
        facts = read_facts("data/manifold.safetensors")
        for name, layers in controls.items():
            write_arrays(f"data/activations/{name}.safetensors", layers, facts)


if __name__ == "__main__":
    run_command(main)
