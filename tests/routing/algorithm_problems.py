"""Problems for every routing: drawn ones, and degenerate ones that give NaN to careless code.

A problem is a mapping of votes, lower capsules `u`, biases, and the tensors of its algorithm.
"""

from __future__ import annotations

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


def problem(name, shape=(2, 5, 4, 3), bias=True, seed=0, scale=1.0) -> dict[str, Tensor]:
    """Draw a problem of a shape (batch, I, J, D); lower capsules have dimension 2."""
    batch, in_caps, out_caps, out_dim = shape
    sizes = SimpleNamespace(in_caps=in_caps, in_dim=2, out_caps=out_caps, out_dim=out_dim)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    given = {"votes": scale * draw(*shape), "u": squash(draw(batch, in_caps, 2))}
    if bias:
        given["bias"] = draw(out_caps, out_dim)
    algorithm = ALGORITHMS[name]
    return given | {each: draw(*algorithm.shape(each, sizes)) for each in algorithm.tensors}


def solve(name: str, given: dict[str, Tensor], n_iter: int) -> tuple[Tensor, Tensor]:
    if name == "dynamic":
        return route(given["votes"], n_iter, ETA, bias=given.get("bias"))
    return ALGORITHMS[name].route(**given, n_iter=n_iter)


def solve_by_oracle(name: str, given: dict[str, Tensor], n_iter: int) -> tuple[Tensor, Tensor]:
    """Return what the equations give, sample by sample."""
    rest = {key: value.numpy() for key, value in given.items()}
    votes, u = rest.pop("votes"), rest.pop("u")
    rest = {"bias": None} | rest | ({"eta": ETA} if name == "dynamic" else {})
    oracle = getattr(oracles, name)
    solved = [oracle(*sample, n_iter, **rest) for sample in zip(votes, u, strict=True)]
    v, c = (torch.tensor(np.stack(part)) for part in zip(*solved, strict=True))
    return v, c


def close(found, expected, tolerance=1e-9):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


SIGNS = torch.tensor([1.0, -1.0, 1.0, -1.0, 0.0]).view(5, 1, 1)
DEGENERATE = {
    "silent": lambda votes, u: (0 * votes, 0 * u),
    "all equal": lambda votes, u: (torch.full_like(votes, 0.3), torch.full_like(u, 0.3)),
    "unanimous": lambda votes, u: (votes[:, :1].expand_as(votes), u),  # variances are 0
    "cancelling": lambda votes, u: (votes[:, :1] * SIGNS, torch.full_like(u, 0.3)),
    "huge": lambda votes, u: (1e3 * votes, u),
    "tiny": lambda votes, u: (1e-13 * votes, 1e-13 * u),
    "squares underflow": lambda votes, u: (1e-30 * votes, 1e-30 * u),
}
