"""Routing as the paper writes it: the readable reference, for any dtype and device."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from capsnet_study.routing.checks import check_capsules, check_routing, check_votes
from capsnet_study.routing.vectors import squash


def votes_of(
    u: Float[Tensor, "batch in_caps in_dim"],
    weight: Float[Tensor, "in_caps out_caps out_dim in_dim"],
) -> Float[Tensor, "batch in_caps out_caps out_dim"]:
    """Return û_{j|i} = W_ij u_i: one matrix product for each lower capsule."""
    check_capsules(u, weight)
    in_caps, out_caps, out_dim, _ = weight.shape
    maps = weight.flatten(1, 2).transpose(1, 2)  # [in_caps, in_dim, out_caps * out_dim]
    flat = torch.bmm(u.transpose(0, 1), maps)  # [in_caps, batch, out_caps * out_dim]
    votes = flat.view(in_caps, u.shape[0], out_caps, out_dim)
    # In memory [batch, out_caps, in_caps, out_dim]: both sums of routing then need no copy.
    return votes.permute(1, 2, 0, 3).contiguous().transpose(1, 2)


def total_input(
    c: Float[Tensor, "*batch in_caps out_caps"],
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    bias: Float[Tensor, "out_caps out_dim"] | None,
) -> Float[Tensor, "batch out_caps out_dim"]:
    """Return s_j = sum_i c_ij û_{j|i} (+ bias); couplings may be the same for the whole batch."""
    s = torch.einsum("...ij,...ijd->...jd", c, votes)
    return s if bias is None else s + bias


def couplings(
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    n_iter: int,
    eta: float,
    bias: Float[Tensor, "out_caps out_dim"] | None = None,
    temperature: float = 1.0,
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return the coupling coefficients c_ij of the last of `n_iter` iterations (eq. 1-3).

    Parameters
    ----------
    votes
        û_{j|i}, what lower capsule i predicts for upper capsule j.
    n_iter
        Iterations; 1 leaves the couplings uniform.
    eta
        Update rate of eq. 3: 0 leaves the couplings uniform, 1 is routing by agreement.
    bias
        Added to every s_j.
    temperature
        Divides the logits of eq. 2: above 1 couplings are less certain.

    Raises
    ------
    ValueError
        `n_iter`, `eta` or `temperature` is out of range, or `votes` and `bias` differ in type.
    """
    check_routing(n_iter, eta, temperature=temperature)
    check_votes(votes, bias)
    batch, in_caps, out_caps, _ = votes.shape
    b = votes.new_zeros(batch, in_caps, out_caps)
    c = votes.new_full((batch, in_caps, out_caps), 1 / out_caps)
    for _ in range(n_iter - 1):
        v = squash(total_input(c, votes, bias))
        b = b + torch.einsum("bjd,bijd->bij", v, votes)  # eq. 1
        c = eta * (b / temperature).softmax(dim=-1) + (1 - eta) * c  # eq. 2 and 3
    return c


def route(
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    n_iter: int,
    eta: float,
    gradient: Literal["full", "last"] = "full",
    bias: Float[Tensor, "out_caps out_dim"] | None = None,
    temperature: float = 1.0,
) -> tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps out_caps"]]:
    """Route votes to the upper capsules (eq. 1-3).

    Parameters
    ----------
    votes
        û_{j|i}, what lower capsule i predicts for upper capsule j.
    n_iter
        Iterations, at least 1.
    eta
        Update rate of eq. 3, within [0, 1].
    gradient
        ``full`` differentiates through every iteration, ``last`` takes the couplings as constants.
    bias
        Added to every s_j.
    temperature
        As in `couplings`.

    Returns
    -------
    v
        Upper capsules.
    c
        The couplings they were computed with; each row i sums to 1 over j.

    Raises
    ------
    ValueError
        `n_iter`, `eta`, `gradient` or `temperature` is out of range, or `votes` and `bias` differ
        in type.
    """
    s, c = last_input(votes, n_iter, eta, gradient, bias, temperature)
    return squash(s), c


def last_input(
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    n_iter: int,
    eta: float,
    gradient: Literal["full", "last"],
    bias: Float[Tensor, "out_caps out_dim"] | None,
    temperature: float = 1.0,
) -> tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps out_caps"]]:
    """Return the total input of the last iteration and its couplings, arguments as in `route`."""
    check_routing(n_iter, eta, gradient, temperature)
    if gradient == "full":
        c = couplings(votes, n_iter, eta, bias, temperature)
    else:
        with torch.no_grad():
            c = couplings(votes, n_iter, eta, bias, temperature)
        c = c.detach()  # tracers and forward-mode derivatives do not heed no_grad
    return total_input(c, votes, bias), c
