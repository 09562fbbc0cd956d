"""Other routings of the same votes than the paper's; EM has a file of its own.

One convention for all: ``(votes, u, n_iter, bias, **tensors) -> (v, c)``.

- `n_iter` counts as in `route`: the first iteration has the couplings of the start, each further
  one comes after an update, and n_iter = 1 is the start alone.
- `tensors` are those that `algorithms.ALGORITHMS` names: learnt ones, 0 at first, or drawn ones.
- The lengths of v are class scores below 1. Each row of c is a distribution, the one that entropy
  is measured of; not all weigh the votes with c itself.

S_j is sum_i c_ij û_{j|i} + bias, and J the number of upper capsules.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from capsnet_study.routing.route import total_input
from capsnet_study.routing.steps import Bias, Lower, Routed, Votes, agreement, uniform
from capsnet_study.routing.vectors import direction, exponential_squash, lengths, squash

Upper = Float[Tensor, "batch out_caps out_dim"]
Couplings = Float[Tensor, "batch in_caps out_caps"]


def attention(votes: Votes, u: Lower, n_iter: int, bias: Bias = None) -> Routed:
    """Inverted dot-product attention: b_ij = <û_{j|i}, LayerNorm(S_j)> / sqrt(D)."""
    scale = 1 / math.sqrt(votes.shape[-1])
    return _not_accumulated(votes, n_iter, bias, lambda s: scale * F.layer_norm(s, s.shape[-1:]))


def kmeans(votes: Votes, u: Lower, n_iter: int, bias: Bias = None) -> Routed:
    """K-means: b_ij = <û_{j|i}, S_j / |S_j|>."""
    return _not_accumulated(votes, n_iter, bias, direction)


def self_attention(
    votes: Votes,
    u: Lower,
    n_iter: int,
    bias: Bias = None,
    *,
    beta: Float[Tensor, "in_caps out_caps"],
) -> Routed:
    """One update: b_ij = <û_{j|i}, sum_k û_{j|k}> / sqrt(D), and votes weigh c_ij + β_ij.

    The sum is over all lower capsules, i too. v_j = (1 - exp(-|s_j|)) s_j / |s_j|.
    """
    c = uniform(votes)
    if n_iter > 1:
        a = votes.sum(dim=1) / math.sqrt(votes.shape[-1])
        c = agreement(a, votes).softmax(dim=-1)
    return exponential_squash(total_input(c + beta, votes, bias)), c


def self_routing(
    votes: Votes,
    u: Lower,
    n_iter: int,
    bias: Bias = None,
    *,
    route_weight: Float[Tensor, "in_caps out_caps in_dim"],
    route_bias: Float[Tensor, "in_caps out_caps"],
) -> Routed:
    """Each lower capsule chooses alone: c_i = softmax_j(w_ij u_i + β_ij).

    v_j = squash(sum_i |u_i| c_ij û_{j|i} + bias).
    """
    c = uniform(votes)
    if n_iter > 1:
        c = (torch.einsum("ijk,bik->bij", route_weight, u) + route_bias).softmax(dim=-1)
    return squash(total_input(lengths(u).unsqueeze(-1) * c, votes, bias)), c


def max_min(votes: Votes, u: Lower, n_iter: int, bias: Bias = None) -> Routed:
    """Logits brought to [0, 1]: (b_ij - min_j b_ij) / (max_j b_ij - min_j b_ij), 1 at first.

    c is that over its sum.
    """
    v, b = _accumulated(votes, n_iter, bias, _scaled_to_unit)
    weight = _scaled_to_unit(b)
    return v, weight / weight.sum(dim=-1, keepdim=True)


def leaky(votes: Votes, u: Lower, n_iter: int, bias: Bias = None) -> Routed:
    """Leaky softmax: exp b_ij / (1 + sum_k exp b_ik).

    c has J + 1 entries; the last is the leak, what goes to no upper capsule.
    """
    v, b = _accumulated(votes, n_iter, bias, lambda b: (b + _log_leak(b)).exp())
    return v, (F.pad(b, (0, 1)) + _log_leak(b)).exp()


def over_lower(votes: Votes, u: Lower, n_iter: int, bias: Bias = None) -> Routed:
    """Softmax over the lower capsules, times I/J: 1/J at first.

    c is that over its sum over j.
    """
    in_caps, out_caps = votes.shape[1:3]
    v, b = _accumulated(votes, n_iter, bias, lambda b: b.softmax(dim=1) * (in_caps / out_caps))
    return v, b.log_softmax(dim=1).softmax(dim=-1)


def fixed_random(
    votes: Votes,
    u: Lower,
    n_iter: int,
    bias: Bias = None,
    *,
    route_logits: Float[Tensor, "in_caps out_caps"],
) -> Routed:
    """Couplings softmax_j of logits that were drawn once: the same for every sample."""
    c = uniform(votes)
    if n_iter > 1:
        c = route_logits.softmax(dim=-1).expand_as(c)
    return squash(total_input(c, votes, bias)), c


def _not_accumulated(
    votes: Votes, n_iter: int, bias: Bias, compared_with: Callable[[Upper], Upper]
) -> Routed:
    """Route by b_ij = <û_{j|i}, a_j> with a_j made of the last S_j alone, c = softmax_j(b)."""
    c = uniform(votes)
    for _ in range(n_iter - 1):
        a = compared_with(total_input(c, votes, bias))
        c = agreement(a, votes).softmax(dim=-1)
    return squash(total_input(c, votes, bias)), c


def _accumulated(
    votes: Votes, n_iter: int, bias: Bias, weight_of: Callable[[Couplings], Couplings]
) -> tuple[Upper, Couplings]:
    """Route with the logits of eq. 1 and another rule for what weighs the votes; return v and b."""
    b = votes.new_zeros(votes.shape[:3])
    v = squash(total_input(weight_of(b), votes, bias))
    for _ in range(n_iter - 1):
        b = b + agreement(v, votes)  # eq. 1
        v = squash(total_input(weight_of(b), votes, bias))
    return v, b


def _scaled_to_unit(b: Couplings) -> Couplings:
    """Bring each row to [0, 1]; one whose entries are all equal, as at the start, is 1."""
    low, high = b.amin(dim=-1, keepdim=True), b.amax(dim=-1, keepdim=True)
    differ = high - low > torch.finfo(b.dtype).tiny  # below it 1 / (high - low) overflows
    return torch.where(differ, (b - low) / torch.where(differ, high - low, 1.0), 1.0)


def _log_leak(b: Couplings) -> Float[Tensor, "batch in_caps 1"]:
    """Return log 1 / (1 + sum_k exp b_ik)."""
    return F.logsigmoid(-b.logsumexp(dim=-1, keepdim=True))
