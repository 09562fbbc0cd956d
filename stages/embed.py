"""Draw the t-SNE maps of one representation of the manifold sets."""

from __future__ import annotations

from itertools import product

import numpy as np

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, write_arrays
from capsnet_study.common.workers import parallel_map
from capsnet_study.representation.embedding import tsne_map
from capsnet_study.representation.params import ManifoldParams
from stages.command import run_command
from stages.recording import recorded


def main(model: str, network: str, layer: str) -> None:
    """Write data/embeddings/MODEL.safetensors: maps [trials, sets, perplexities, seeds, 81, 2].

    They are maps of the activations of LAYER in data/activations/NETWORK.safetensors.
    """
    with recorded(f"embed@{model}"):
        (params,) = load_blocks(manifold=ManifoldParams)
        activations = read_arrays(f"data/activations/{network}.safetensors", layer)[layer]
        perplexities = [params.perplexity, *params.other_perplexities]
        tasks = [
            (one_set, perplexity, seed, params.tsne_init)
            for one_set, perplexity, seed in product(
                activations.reshape(-1, *activations.shape[2:]),  # [trials * sets, 81, dim]
                perplexities,
                range(params.tsne_seeds),
            )
        ]
        maps = np.stack(parallel_map(tsne_map, tasks))
        shape = (*activations.shape[:2], len(perplexities), params.tsne_seeds, *maps.shape[1:])
        facts = {"perplexities": perplexities}
        write_arrays(f"data/embeddings/{model}.safetensors", {"maps": maps.reshape(shape)}, facts)


if __name__ == "__main__":
    run_command(main)
