"""Extract the activations of the manifold sets from trained or freshly initialised networks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import typer

from capsnet_study.activations import layer_activations
from capsnet_study.storage import read_arrays, read_facts, write_arrays
from capsnet_study.trials import load_network
from capsnet_study.workers import repeatable
from stages.networks import read_network
from stages.recording import recorded

Model = Literal["capsnet", "uniform", "cnn", "random_capsnet", "random_cnn"]


def main(model: Model) -> None:
    """Write data/activations/MODEL.safetensors: [trials, sets, 81, dim] for each layer."""
    with recorded(f"activations_{model}"), repeatable():
        when = "initial" if model.startswith("random_") else "trained"
        folder = Path("data/models") / model.removeprefix("random_")
        images = read_arrays("data/manifold.safetensors", "images")["images"]
        found = [
            layer_activations(load_network(*read_network(path, when)), images)
            for path in sorted(folder.glob("trial*.safetensors"), key=_trial_number)
        ]
        layers = {name: np.stack([trial[name] for trial in found]) for name in found[0]}
        facts = read_facts("data/manifold.safetensors")
        represented = "linear1" if "linear1" in layers else "cap1"
        write_arrays(
            f"data/activations/{model}.safetensors", layers, facts | {"layer": represented}
        )


def _trial_number(path: Path) -> int:
    return int(path.stem.removeprefix("trial"))


if __name__ == "__main__":
    typer.run(main)
