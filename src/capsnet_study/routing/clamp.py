"""Couplings of a given certainty: one temperature for a whole batch."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor

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
    """
    logits = c.clamp_min(torch.finfo(c.dtype).tiny).log()
    return (factor_for(logits.detach(), certainty) * logits).softmax(dim=-1)


def factor_for(logits: Float[Tensor, "batch in_caps out_caps"], certainty: float) -> float:
    """Return the factor on logits that gives H / log J = `certainty`; H falls as it grows."""
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
        return math.exp(HIGHEST)
    if excess(LOWEST) <= 0:
        return math.exp(LOWEST)
    return math.exp(brentq(excess, LOWEST, HIGHEST, xtol=PRECISION))
