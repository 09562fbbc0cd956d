"""Routing with changed couplings, image by image in float64, as one would write it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from capsnet_study.routing.layer import CapsuleLayer

Couple = Callable[[list[np.ndarray]], Sequence[np.ndarray]]


def squash(s: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(s)
    return s * length / (1 + length**2)


class Oracle:
    """One layer: votes, couplings, and upper capsules of single images."""

    def __init__(self, layer: CapsuleLayer):
        self.weight = layer.weight.detach().double().numpy()
        self.bias = layer.bias.detach().double().numpy()
        self.n_iter, self.eta = layer.n_iter, layer.eta

    def votes(self, u: np.ndarray) -> np.ndarray:
        return np.stack([w @ one for w, one in zip(self.weight, u, strict=True)])

    def upper(self, u: np.ndarray, c: np.ndarray) -> np.ndarray:
        votes = self.votes(u)
        return np.stack(
            [squash(c[:, j] @ votes[:, j] + self.bias[j]) for j in range(votes.shape[1])]
        )

    def couplings(self, u: np.ndarray, n_iter: int | None = None) -> np.ndarray:
        votes = self.votes(u)
        b = np.zeros(votes.shape[:2])
        c = np.full_like(b, 1 / votes.shape[1])
        for _ in range((n_iter or self.n_iter) - 1):
            b += np.einsum("ijd,jd->ij", votes, self.upper(u, c))
            fresh = np.exp(b) / np.exp(b).sum(axis=1, keepdims=True)
            c = self.eta * fresh + (1 - self.eta) * c
        return c

    def run(self, us: Sequence[np.ndarray], change: Couple = list) -> list[np.ndarray]:
        """Return the upper capsules of all images for their own couplings, changed together."""
        changed = change([self.couplings(u) for u in us])
        return [self.upper(u, c) for u, c in zip(us, changed, strict=True)]

    def run_longer(self, us: Sequence[np.ndarray], n_iter: int) -> list[np.ndarray]:
        return [self.upper(u, self.couplings(u, n_iter)) for u in us]
