"""Routing as the paper writes it: the readable reference, for any dtype and device."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor


def squash(s: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Shrink vectors to lengths below 1 (Sabour et al. 2017, eq. 1).

    v = |s|^2 / (1 + |s|^2) * s / |s|, with value and gradient 0 at s = 0.
    """
    square = (s * s).sum(dim=-1, keepdim=True)
    # The root's slope is infinite at 0, so it is taken elsewhere and its result set to 0.
    nonzero = square > 0
    length = torch.where(nonzero, torch.where(nonzero, square, 1.0).sqrt(), 0.0)
    return s * (length / (1 + square))


def total_input(
    c: Float[Tensor, "batch in_caps out_caps"],
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    bias: Float[Tensor, "out_caps out_dim"] | None,
) -> Float[Tensor, "batch out_caps out_dim"]:
    """Return s_j = sum_i c_ij û_{j|i} (+ bias)."""
    s = torch.einsum("bij,bijd->bjd", c, votes)
    return s if bias is None else s + bias


def couplings(
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    n_iter: int,
    eta: float,
    bias: Float[Tensor, "out_caps out_dim"] | None = None,
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
    """
    batch, in_caps, out_caps, _ = votes.shape
    b = votes.new_zeros(batch, in_caps, out_caps)
    c = votes.new_full((batch, in_caps, out_caps), 1 / out_caps)
    for _ in range(n_iter - 1):
        v = squash(total_input(c, votes, bias))
        b = b + torch.einsum("bjd,bijd->bij", v, votes)  # eq. 1
        c = eta * b.softmax(dim=-1) + (1 - eta) * c  # eq. 2 and 3
    return c


def route(
    votes: Float[Tensor, "batch in_caps out_caps out_dim"],
    n_iter: int,
    eta: float,
    gradient: Literal["full", "last"] = "full",
    bias: Float[Tensor, "out_caps out_dim"] | None = None,
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

    Returns
    -------
    v
        Upper capsules.
    c
        The couplings they were computed with; each row i sums to 1 over j.

    Raises
    ------
    ValueError
        `n_iter`, `eta` or `gradient` is out of range.
    """
    check_routing(n_iter, eta, gradient)
    if gradient == "full":
        c = couplings(votes, n_iter, eta, bias)
    else:
        with torch.no_grad():
            c = couplings(votes, n_iter, eta, bias)
    return squash(total_input(c, votes, bias)), c


def check_routing(n_iter: int, eta: float, gradient: str) -> None:
    """Refuse routing parameters that mean nothing."""
    if n_iter < 1:
        raise ValueError(f"n_iter = {n_iter}: at least 1 is needed")
    if not 0 <= eta <= 1:
        raise ValueError(f"eta = {eta}: a rate within [0, 1] is needed")
    if gradient not in ("full", "last"):
        raise ValueError(f"gradient = {gradient!r}: 'full' or 'last' is needed")
