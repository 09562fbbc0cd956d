"""How accurate a trained network stays when the couplings of R1, R2 or both are changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from capsnet_study.common.seeding import torch_generator
from capsnet_study.interventions.changes import Change, Known, changes_of
from capsnet_study.interventions.means import Means, mean_couplings
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.capsnet import capsule_lengths
from capsnet_study.models.network import Network, as_images
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.models.weights import Weights, load_network
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.training.accuracy import exact_match
from capsnet_study.training.evaluation import BATCH, Examples
from capsnet_study.training.trials import ImageSet

LAYERS = ("r1", "r2", "both")  # that a change is made in
AHEAD = 2  # images after a batch that it is computed with: one for each layer that is shuffled

Row = dict[str, str | float]


def intervene(
    spec: NetworkSpec, weights: Weights, train: ImageSet, test: ImageSet, params: InterventionParams
) -> list[Row]:
    """Build a trained network and do what `measure_changes` does, on the device of this process."""
    network = load_network(spec, weights)
    network.set_routing(1.0, 1.0)
    return measure_changes(network, train.on_device(), test.on_device(), params)


def measure_changes(
    network: Network, train: Examples, test: Examples, params: InterventionParams
) -> list[Row]:
    """Measure how accurate a network is on test images, as it is and with each change.

    Returns
    -------
    One row for each of `changed_scores`: layer, change, value, exact_match.
    """
    return [
        {
            "layer": layer,
            "change": change,
            "value": value,
            "exact_match": exact_match(scores, test.labels).double().mean().item(),
        }
        for layer, change, value, scores in changed_scores(network, train, test, params)
    ]


@torch.no_grad()
def changed_scores(
    network: Network, train: Examples, test: Examples, params: InterventionParams
) -> list[tuple[str, str, float, Float[Tensor, "images classes"]]]:
    """Return class scores of test images, as the network is and with each change of couplings.

    What is changed in R2 are the couplings that it finds for the output of R1, changed or not.
    Mean couplings are those of the network as it is. Shuffled ones come from another test image,
    the same one in every layer: the next in an order that is drawn once.

    Parameters
    ----------
    network
        Has two routed layers.
    train, test
        Images; those of `train` give the mean couplings.

    Returns
    -------
    layer (``r1``, ``r2``, ``both``), change, value (NaN where there is none) and the scores. First
    comes the change ``none``, in ``both``.

    Raises
    ------
    ValueError
        The network has not two routed layers.
    """
    _check(network)
    means, changes = mean_couplings(network, train), changes_of(params)
    order = shuffled_order(len(test)).to(test.labels.device)
    found = []
    for start in range(0, len(test), BATCH):
        stop = min(start + BATCH, len(test))
        chosen = order[torch.arange(start, stop + AHEAD, device=order.device) % len(test)]
        u = network.lower(as_images(test.inputs[chosen]), 0)
        scores = torch.stack(list(scores_of(network, changes, u, means, test.labels[chosen])))
        found.append(scores[:, : stop - start])
    names = [("both", "none", math.nan)]
    names += [(layer, change.name, change.value) for change in changes for layer in LAYERS]
    scores = torch.cat(found, dim=1)[:, order.argsort()]
    return [(*name, one) for name, one in zip(names, scores, strict=True)]


def scores_of(
    network: Network,
    changes: Sequence[Change],
    u: Float[Tensor, "batch in_caps in_dim"],
    means: Sequence[Means],
    labels: Int[Tensor, "batch 2"],
) -> Iterator[Float[Tensor, "batch classes"]]:
    """Yield class scores of primary capsules: unchanged, then of each change in each of `LAYERS`.

    Shuffled couplings are right but for the last images of the batch, as many as `AHEAD`.
    """
    first, second = network.layers
    in_first, in_second = (Known(of_layer, labels) for of_layer in means)
    own, _ = first(u)
    yield capsule_lengths(second(own)[0])
    for change in changes:
        changed = change.output(first, u, in_first)
        yield capsule_lengths(second(changed)[0])
        yield capsule_lengths(change.output(second, own, in_second))
        yield capsule_lengths(change.output(second, changed, in_second))


def shuffled_order(images: int) -> Int[Tensor, " images"]:
    """Return the images in an order that depends on their number alone.

    Each gets the couplings of the next and the last those of the first: none gets its own.
    """
    return torch.randperm(images, generator=torch_generator(0, "shuffled couplings"))


def intervention_table(arm: str, trials: Sequence[Sequence[Row]]) -> pd.DataFrame:
    """Return the rows of all trials of an arm as one table that names both."""
    parts = [pd.DataFrame(rows).assign(arm=arm, trial=trial) for trial, rows in enumerate(trials)]
    table = pd.concat(parts, ignore_index=True)
    return table[["arm", "trial", *table.columns.drop(["arm", "trial"])]]


def _check(network: Network) -> None:
    """Refuse networks that R1 and R2 do not name the layers of."""
    routed = sum(isinstance(layer, CapsuleLayer) for layer in network.layers)
    if (routed, len(network.layers)) != (2, 2):
        raise ValueError(
            f"interventions need a network of two routed layers, R1 and R2; this one has {routed} "
            f"of them among {len(network.layers)} above its convolutions"
        )
