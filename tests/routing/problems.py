"""Inputs of a routed layer, and what the fused and the plain routing make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from capsnet_study.routing.fused import fused_route
from capsnet_study.routing.route import route, squash, votes_of


@dataclass(frozen=True)
class Problem:
    """Lower capsules [batch, I, K], weights [I, J, D, K], biases [J, D] or None, and a routing."""

    u: Tensor
    weight: Tensor
    bias: Tensor | None
    n_iter: int
    eta: float
    gradient: str = "full"

    def to(self, dtype: torch.dtype) -> Problem:
        bias = None if self.bias is None else self.bias.to(dtype)
        return replace(self, u=self.u.to(dtype), weight=self.weight.to(dtype), bias=bias)


def problem(
    batch: int,
    lower: tuple[int, int],
    upper: tuple[int, int],
    n_iter: int = 3,
    eta: float = 0.7,
    gradient: str = "full",
    *,
    bias: bool = True,
    seed: int = 0,
    scale: float = 1.0,
    dtype: torch.dtype = torch.float64,
) -> Problem:
    """Draw lower capsules of lengths below `scale`, and weights that keep lengths on average."""
    generator = torch.Generator().manual_seed(seed)
    u = scale * squash(torch.randn(batch, *lower, generator=generator, dtype=torch.float64))
    biases = torch.randn(upper, generator=generator, dtype=torch.float64) / 4 if bias else None
    shape = (lower[0], *upper, lower[1])
    weight = torch.randn(shape, generator=generator, dtype=torch.float64) / upper[1] ** 0.5
    return Problem(u, weight, biases, n_iter, eta, gradient).to(dtype)


def leaves_of(given: Problem) -> list[Tensor]:
    """Return copies of all tensors that require gradients."""
    parts = (given.u, given.weight, given.bias)
    return [part.clone().requires_grad_() for part in parts if part is not None]


def by_fused(given: Problem, u: Tensor, weight: Tensor, bias: Tensor | None = None):
    return fused_route(u, weight, given.n_iter, given.eta, given.gradient, bias)


def by_plain(given: Problem, u: Tensor, weight: Tensor, bias: Tensor | None = None):
    return route(votes_of(u, weight), given.n_iter, given.eta, given.gradient, bias)


def results(given: Problem, way=by_fused) -> dict[str, Tensor]:
    """Return v, c, and the gradients of a weighted sum of v (and of c, if it has one)."""
    leaves = leaves_of(given)
    v, c = way(given, *leaves)
    total = (v * _coefficients(v)).sum()
    if c.requires_grad:
        total = total + (c * _coefficients(c)).sum()
    grads = torch.autograd.grad(total, leaves)
    names = ["du", "dweight", "dbias"][: len(grads)]
    return {"v": v.detach(), "c": c.detach()} | dict(zip(names, grads, strict=True))


def _coefficients(values: Tensor) -> Tensor:
    """Return another coefficient for each element of a sample, the same for all samples."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(values.shape[1:], generator=generator, dtype=torch.float64).to(values)
