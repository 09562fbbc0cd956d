"""Problems for every routing: drawn ones, and degenerate ones that give NaN to careless code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.params import ONE_UPDATE
from capsnet_study.routing.route import route, squash
from tests.routing import oracles

ETA = 0.7  # of dynamic routing here; the other algorithms have no update rate
CASES = [
    (name, n_iter)
    for name in ALGORITHMS
    for n_iter in ((1, 2) if name in ONE_UPDATE else (1, 2, 4))
]


@dataclass(frozen=True)
class Problem:
    """Votes, lower capsules, biases or None, and the tensors of one algorithm."""

    name: str
    votes: Tensor
    u: Tensor
    bias: Tensor | None
    tensors: dict[str, Tensor]

    @property
    def leaves(self) -> list[Tensor]:
        """All tensors, in the order in which `changed` takes them."""
        leaves = [self.votes, self.u, self.bias, *self.tensors.values()]
        return [leaf for leaf in leaves if leaf is not None]

    def changed(self, change: Callable[[Tensor], Tensor]) -> Problem:
        """Return a copy with every tensor changed."""
        votes, u = change(self.votes), change(self.u)
        bias = None if self.bias is None else change(self.bias)
        tensors = {name: change(tensor) for name, tensor in self.tensors.items()}
        return Problem(self.name, votes, u, bias, tensors)

    def solve(self, n_iter: int) -> tuple[Tensor, Tensor]:
        if self.name == "dynamic":
            return route(self.votes, n_iter, ETA, bias=self.bias)
        algorithm = ALGORITHMS[self.name]
        return algorithm.route(self.votes, self.u, n_iter, self.bias, **self.tensors)

    def solve_by_oracle(self, n_iter: int) -> tuple[Tensor, Tensor]:
        """Return what the equations give, sample by sample."""
        bias = None if self.bias is None else self.bias.numpy()
        tensors = {name: tensor.numpy() for name, tensor in self.tensors.items()}
        if self.name == "dynamic":
            tensors["eta"] = ETA
        solve = getattr(oracles, self.name)
        samples = zip(self.votes.numpy(), self.u.numpy(), strict=True)
        solved = [solve(votes, u, n_iter, bias, **tensors) for votes, u in samples]
        v, c = (torch.tensor(np.stack(part)) for part in zip(*solved, strict=True))
        return v, c


def problem(name, shape=(2, 5, 4, 3), bias=True, seed=0, scale=1.0) -> Problem:
    """Draw a problem of a shape (batch, I, J, D); lower capsules have dimension 2."""
    batch, in_caps, out_caps, out_dim = shape
    sizes = SimpleNamespace(in_caps=in_caps, in_dim=2, out_caps=out_caps, out_dim=out_dim)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    algorithm = ALGORITHMS[name]
    tensors = {each: draw(*algorithm.shape(each, sizes)) for each in algorithm.tensors}
    biases = draw(out_caps, out_dim) if bias else None
    return Problem(name, scale * draw(*shape), squash(draw(batch, in_caps, 2)), biases, tensors)


def close(found, expected, tolerance=1e-9):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


def silent(given):
    return replace(given, votes=torch.zeros_like(given.votes), u=torch.zeros_like(given.u))


def partly_silent(given):
    votes, u = given.votes.clone(), given.u.clone()
    votes[:, :2], u[:, :2] = 0, 0
    return replace(given, votes=votes, u=u)


def all_equal(given):
    """Return a problem whose votes, and lower capsules, are all the same."""
    return replace(given, votes=torch.full_like(given.votes, 0.3), u=torch.full_like(given.u, 0.3))


def unanimous(given):
    """Return a problem whose lower capsules all vote the same, so that variances are 0."""
    return replace(given, votes=given.votes[:, :1].expand_as(given.votes))


def cancelling(given):
    """Return a problem whose votes add up to 0."""
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0, 0.0]).view(5, 1, 1)
    return replace(given, votes=given.votes[:, :1] * sign, u=torch.full_like(given.u, 0.3))


def scaled(factor):
    return lambda given: replace(given, votes=given.votes * factor, u=given.u * min(factor, 1))


DEGENERATE = {
    **{make.__name__: make for make in (silent, partly_silent, all_equal, unanimous, cancelling)},
    **{f"times {factor:g}": scaled(factor) for factor in (1e3, 1e-6, 1e-13, 1e-22, 1e-30)},
}
