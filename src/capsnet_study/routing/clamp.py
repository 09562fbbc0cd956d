"""Couplings of a given certainty: one temperature for a whole batch."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor

from capsnet_study.routing.vectors import at_least_single

LOWEST, HIGHEST = -12.0, 12.0  # of the logarithm of the factor on the logits
PRECISION = 1e-3  # of that logarithm


def clamp(
    c: Float[Tensor, "batch in_caps out_caps"], certainty: float
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Bring the mean entropy of couplings to a share of log J.

    The logits log c of the whole batch are multiplied by one factor, an inverse temperature, which
    is a constant to the gradient. Which upper capsules a lower one prefers, and which lower
    capsules are surer than others, stays as it is.

    Parameters
    ----------
    c
        Couplings of any softmax routing.
    certainty
        H / log J to reach, within (0, 1). Where no factor is enough (couplings that do not differ
        stay uniform at any), the strongest is taken.

    Raises
    ------
    ValueError
        `certainty` is out of range.
    """
    if not 0 < certainty < 1:
        raise ValueError(f"certainty = {certainty}: a share of log J within (0, 1) is needed")
    single = at_least_single(c)
    logits = single.clamp_min(torch.finfo(single.dtype).tiny).log()
    return (factor_for(logits.detach(), certainty) * logits).softmax(dim=-1).to(c.dtype)


@torch.library.custom_op(
    "capsnet_study::factor_for",
    mutates_args=(),
    schema="(Tensor logits, float certainty) -> Tensor",
)
def factor_for(logits: Tensor, certainty: float) -> Tensor:
    """Return the factor on logits that gives H / log J = `certainty`; H falls as it grows.

    An operator, since tracers would take the factor of the batch that they see for a constant.
    """
    uniform = math.log(logits.shape[-1])
    below = logits.flatten(0, 1).T.contiguous()  # [out_caps, batch * in_caps]: long inner loops
    below -= below.amax(dim=0)

    def excess(log_factor: float) -> float:
        scaled = math.exp(log_factor) * below
        power = scaled.exp()
        total = power.sum(dim=0)
        entropy = total.log() - (power * scaled).sum(dim=0) / total
        return entropy.mean().item() / uniform - certainty

    if excess(HIGHEST) >= 0:
        log_factor = HIGHEST
    elif excess(LOWEST) <= 0:
        log_factor = LOWEST
    else:
        log_factor = brentq(excess, LOWEST, HIGHEST, xtol=PRECISION)
    return logits.new_tensor(math.exp(log_factor))


@factor_for.register_fake
def _(logits: Tensor, certainty: float) -> Tensor:
    return logits.new_empty(())


factor_for.register_autograd(lambda ctx, gradient: (None, None))
