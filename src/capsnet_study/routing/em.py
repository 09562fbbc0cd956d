"""EM routing: upper capsules are Gaussians that the votes are drawn from (Hinton et al. 2018)."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from capsnet_study.routing.steps import Bias, Lower, Routed, Votes, uniform
from capsnet_study.routing.vectors import at_least_single, direction, lengths

FINAL_LAMBDA = 0.01  # what the inverse temperature of the activations tends to
MASS = 100  # of an upper capsule on average, if all lower ones have the length 1
VARIANCE_FLOOR = 1e-4  # added to every variance: its inverse square is a factor of gradients
LEAST_MASS = 1e-12  # a capsule with less has mean 0 instead of 0 / 0


class Gaussians(NamedTuple):
    """Upper capsules after an M step.

    Attributes
    ----------
    mean, variance
        μ_jd and σ²_jd.
    evidence
        The activation α_j is its sigmoid.
    square
        (û_{j|i} - μ_j)², by dimension.
    """

    mean: Float[Tensor, "batch out_caps out_dim"]
    variance: Float[Tensor, "batch out_caps out_dim"]
    evidence: Float[Tensor, "batch out_caps"]
    square: Votes


def em(
    votes: Votes,
    u: Lower,
    n_iter: int,
    bias: Bias = None,
    *,
    beta_u: Float[Tensor, " out_caps"],
    beta_a: Float[Tensor, " out_caps"],
) -> Routed:
    """Fit Gaussians with diagonal covariance; the convention is that of `others`.

    c is the share r_ij of lower capsule i that Gaussian j accounts for, before the last M step.
    v_j = α_j (μ_j + bias_j) / |μ_j + bias_j|. Inverse variances are too large for half precision.
    """
    dtype = votes.dtype
    votes, u = at_least_single(votes), at_least_single(u)
    activation = lengths(u).unsqueeze(-1)
    c = uniform(votes)
    fitted = _m_step(votes, c * activation, beta_u, beta_a, 1)
    for iteration in range(2, n_iter + 1):
        c = _e_step(fitted)
        fitted = _m_step(votes, c * activation, beta_u, beta_a, iteration)
    mean = fitted.mean if bias is None else fitted.mean + bias
    v = fitted.evidence.sigmoid().unsqueeze(-1) * direction(mean)
    return v.to(dtype), c.to(dtype)


def _m_step(
    votes: Votes,
    weight: Float[Tensor, "batch in_caps out_caps"],
    beta_u: Float[Tensor, " out_caps"],
    beta_a: Float[Tensor, " out_caps"],
    iteration: int,
) -> Gaussians:
    """Fit each Gaussian to the votes for it."""
    in_caps, out_caps = weight.shape[1:]
    mass = weight.sum(dim=1)  # [batch, out_caps]
    share = weight / mass.clamp_min(LEAST_MASS).unsqueeze(1)
    mean = torch.einsum("bij,bijd->bjd", share, votes)
    square = (votes - mean.unsqueeze(1)).square()
    variance = torch.einsum("bij,bijd->bjd", share, square) + VARIANCE_FLOOR

    mass = mass * (MASS * out_caps / in_caps)
    cost = mass * (beta_u.unsqueeze(-1) + variance.log() / 2).sum(dim=-1)
    inverse_temperature = FINAL_LAMBDA * (1 - 0.95**iteration)
    return Gaussians(mean, variance, inverse_temperature * (beta_a - cost), square)


def _e_step(fitted: Gaussians) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return r_ij: proportional to α_j times the density of vote û_{j|i}."""
    distance = torch.einsum("bijd,bjd->bij", fitted.square, 1 / fitted.variance)
    prior = F.logsigmoid(fitted.evidence) - fitted.variance.log().sum(dim=-1) / 2
    return (prior.unsqueeze(1) - distance / 2).softmax(dim=-1)
