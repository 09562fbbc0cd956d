"""How much of the data each capsule of Cap1 is exposed to: in its couplings, in its gradient."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from capsnet_study.models.network import Network, as_images
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.training.evaluation import BATCH, Examples

PROBE = 256  # training images that it is measured on, the first ones


@torch.enable_grad()
def exposure(network: Network, examples: Examples) -> dict[str, float]:
    """Measure how R1 shares out its couplings and its learning among the capsules above.

    The paper explains the harm of early over-routing so: it can "deprive high-layer capsules the
    chance of being exposed to all data samples by forcing the high-layer capsules to focus only on
    a small subset of low-layer inputs" (3.1). Nothing of the network changes, no ``.grad`` either.

    Parameters
    ----------
    network
        As it stands in training.
    examples
        Training images, of which the first `PROBE` are used.

    Returns
    -------
    For each capsule j of Cap1: mass_j, its share of the couplings, over images and lower capsules
    (what leaks elsewhere does not count); gradient_j, its share of the Frobenius norms of the
    gradient of the mean loss with respect to the weights W_ij of R1, all 1/J where that is 0.
    effective_mass and effective_gradient: the exponential of the entropy of these shares, J where
    all capsules get the same and 1 where one gets all. Nothing where R1 is not trained: without
    routing, frozen, or on features.
    """
    layer = network.layers[0]
    if examples.kept is not None or not isinstance(layer, CapsuleLayer):
        return {}
    if not layer.weight.requires_grad:
        return {}
    count = min(PROBE, len(examples))
    mass = torch.zeros(layer.out_caps, dtype=torch.float64, device=layer.weight.device)
    gradient = torch.zeros_like(layer.weight, dtype=torch.float64)
    for start in range(0, count, BATCH):
        chosen = slice(start, min(start + BATCH, count))
        c, slope = _couplings_and_gradient(network, examples, chosen)
        mass += c[..., : layer.out_caps].sum(dim=(0, 1), dtype=torch.float64)
        gradient += slope.double() * (len(c) / count)
    shares = {
        "mass": _shares(mass),
        "gradient": _shares(gradient.square().sum(dim=(0, 2, 3)).sqrt()),
    }
    single = {
        f"{name}_{j}": value
        for name, values in shares.items()
        for j, value in enumerate(values.tolist())
    }
    return single | {f"effective_{name}": _effective(values) for name, values in shares.items()}


def _couplings_and_gradient(
    network: Network, examples: Examples, chosen: slice
) -> tuple[
    Float[Tensor, "batch in_caps couplings"], Float[Tensor, "in_caps out_caps out_dim in_dim"]
]:
    """Return the couplings of R1, and the gradient of the mean loss of its weights."""
    with torch.no_grad():
        u = network.lower(as_images(examples.inputs[chosen]), 0)
    output = network.upper(u, 0)
    loss = network.loss(output.scores, examples.targets(chosen))
    (gradient,) = torch.autograd.grad(loss, network.layers[0].weight)
    return output.couplings[0].detach(), gradient


def _shares(values: Float[Tensor, " capsules"]) -> Float[Tensor, " capsules"]:
    """Return values as shares of their sum, equal ones where that is 0."""
    total = values.sum()
    return values / total if total != 0 else torch.full_like(values, 1 / len(values))


def _effective(shares: Float[Tensor, " capsules"]) -> float:
    """Return how many equal shares have the entropy of these."""
    return torch.special.entr(shares).sum().exp().item()
