"""What is done to the couplings of a layer at test time, each change to all images of a batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from capsnet_study.interventions.means import Means, pair_of
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.route import couplings


class Known(NamedTuple):
    """What a change may use beside the couplings: means of their layer, labels of the images."""

    means: Means
    labels: Int[Tensor, "batch 2"]


class Change(NamedTuple):
    """One change of a layer.

    Attributes
    ----------
    name, value
        What it is called; how many iterations or which temperature, else NaN.
    output
        Gives the upper capsules of the changed layer for lower capsules [batch, in_caps, in_dim].
    """

    name: str
    value: float
    output: Callable[[CapsuleLayer, Tensor, Known], Tensor]


def changes_of(params: InterventionParams) -> list[Change]:
    """Return all changes that the parameters name."""
    of_couplings = {
        "uniform": uniform,
        "mean": mean,
        "pair_mean": pair_mean,
        "shuffled": of_the_next,
    }
    return [
        *(Change("n_test", float(n), partial(with_iterations, n)) for n in params.n_test),
        *(Change(name, math.nan, partial(with_changed, how)) for name, how in of_couplings.items()),
        *(Change("temperature", t, partial(with_temperature, t)) for t in params.temperatures),
    ]


def with_iterations(
    n_iter: int, layer: CapsuleLayer, u: Float[Tensor, "batch in_caps in_dim"], known: Known
) -> Float[Tensor, "batch out_caps out_dim"]:
    """Return the upper capsules after another number of iterations; the layer stays as it is."""
    changed = copy(layer)  # with the same weights
    changed.n_iter = n_iter
    v, _ = changed(u)
    return v


def with_changed(
    how: Callable[[Tensor, Known], Tensor],
    layer: CapsuleLayer,
    u: Float[Tensor, "batch in_caps in_dim"],
    known: Known,
) -> Float[Tensor, "batch out_caps out_dim"]:
    """Return the upper capsules for the layer's own couplings, changed."""
    _, c = layer(u)
    return layer.with_couplings(u, how(c, known).to(c.dtype))


def with_temperature(
    temperature: float, layer: CapsuleLayer, u: Float[Tensor, "batch in_caps in_dim"], known: Known
) -> Float[Tensor, "batch out_caps out_dim"]:
    """Return the upper capsules for the layer's own couplings at a temperature.

    They are computed by `couplings`: a root makes much of the smallest ones, which the fused path
    gives to about 1e-8 only where eta is below 1.
    """
    c = couplings(layer.votes(u), layer.n_iter, layer.eta, layer.bias, layer.temperature)
    return layer.with_couplings(u, at_temperature(c, temperature))


def uniform(
    c: Float[Tensor, "batch in_caps out_caps"], known: Known
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return the couplings 1/J: no routing."""
    return torch.full_like(c, 1 / c.shape[-1])


def mean(
    c: Float[Tensor, "batch in_caps out_caps"], known: Known
) -> Float[Tensor, "in_caps out_caps"]:
    """Return the mean over the training images: couplings as fixed as weights are."""
    return known.means.overall


def pair_mean(
    c: Float[Tensor, "batch in_caps out_caps"], known: Known
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return the mean over the training images that show the two digits of the image.

    It looks at the labels of the images that it is measured on: couplings that depend on the
    classes of an image, as they are known to be, and on nothing else of it. For a pair without a
    training image it is the mean over all.
    """
    return known.means.by_pair[pair_of(known.labels)]


def of_the_next(
    c: Float[Tensor, "batch in_caps out_caps"], known: Known
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return for each image those of the next one in the batch; the last has those of the first."""
    return c.roll(-1, dims=0)


def at_temperature(
    c: Float[Tensor, "batch in_caps out_caps"], temperature: float
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return c^(1 / temperature), normalised: softmax(b / temperature) where c is softmax(b)."""
    return (c.log() / temperature).softmax(dim=-1)
