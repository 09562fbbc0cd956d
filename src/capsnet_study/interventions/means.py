"""Mean couplings over the training images: what a network would route without looking."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from capsnet_study.common.sizes import CLASSES
from capsnet_study.models.network import Network
from capsnet_study.training.evaluation import BATCH, Examples

PAIRS = CLASSES**2  # places for pairs of classes; those of the lower class first are in use


class Means(NamedTuple):
    """Mean couplings of one layer over images, in float64.

    Attributes
    ----------
    overall
        Over all images.
    by_pair
        Over the images of each class pair, at its place of `pair_of`; a pair without an image has
        the mean over all.
    """

    overall: Float[Tensor, "in_caps out_caps"]
    by_pair: Float[Tensor, "pairs in_caps out_caps"]


def pair_of(labels: Int[Tensor, "images 2"]) -> Int[Tensor, " images"]:
    """Return the place of each image's class pair, whichever of its digits is named first."""
    return labels.amin(dim=1) * CLASSES + labels.amax(dim=1)


@torch.no_grad()
def mean_couplings(network: Network, examples: Examples) -> list[Means]:
    """Return the mean couplings of each routed layer, R1 first, over `examples`."""
    options = {"dtype": torch.float64, "device": examples.labels.device}
    sums = [torch.zeros(PAIRS, each.in_caps, each.out_caps, **options) for each in network.layers]
    pairs = pair_of(examples.labels)
    for start in range(0, len(examples), BATCH):
        chosen = slice(start, start + BATCH)
        for total, c in zip(sums, examples.run(network, chosen).couplings, strict=True):
            _add(total, c, pairs[chosen])
    counts = pairs.bincount(minlength=PAIRS)
    return [_means(total, counts) for total in sums]


def _add(
    total: Float[Tensor, "pairs in_caps out_caps"],
    c: Float[Tensor, "batch in_caps out_caps"],
    pairs: Int[Tensor, " batch"],
) -> None:
    """Add the couplings of a batch to the sums of its pairs, in an order that no device changes."""
    for pair in pairs.unique().tolist():
        total[pair] += c[pairs == pair].sum(dim=0, dtype=torch.float64)


def _means(sums: Float[Tensor, "pairs in_caps out_caps"], counts: Int[Tensor, " pairs"]) -> Means:
    overall = sums.sum(dim=0) / counts.sum()
    images = counts[:, None, None]
    return Means(overall, torch.where(images > 0, sums / images, overall))
