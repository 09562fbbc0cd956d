"""Routing with plain loops over numbers, written from eq. 1-3 alone."""

import math

import numpy as np


def squash(s: np.ndarray) -> np.ndarray:
    square = sum(x * x for x in s)
    if square == 0:
        return np.zeros_like(s)
    return np.array([square / (1 + square) * x / math.sqrt(square) for x in s])


def softmax(b: np.ndarray) -> np.ndarray:
    powers = [math.exp(x - max(b)) for x in b]
    return np.array([power / sum(powers) for power in powers])


def route_sample(
    votes: np.ndarray, n_iter: int, eta: float, bias: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Route one sample: votes [in_caps, out_caps, out_dim] -> v, c."""
    in_caps, out_caps, dim = votes.shape
    b = np.zeros((in_caps, out_caps))
    c = np.full((in_caps, out_caps), 1 / out_caps)
    v = np.zeros((out_caps, dim))
    for iteration in range(n_iter):
        for j in range(out_caps):
            s = np.zeros(dim) if bias is None else bias[j].copy()
            for i in range(in_caps):
                s += c[i, j] * votes[i, j]
            v[j] = squash(s)
        if iteration == n_iter - 1:
            break
        for i in range(in_caps):
            for j in range(out_caps):
                b[i, j] += sum(v[j, k] * votes[i, j, k] for k in range(dim))
            target = softmax(b[i])
            for j in range(out_caps):
                c[i, j] = eta * target[j] + (1 - eta) * c[i, j]
    return v, c


def route_batch(votes: np.ndarray, *args) -> tuple[np.ndarray, np.ndarray]:
    """Route each sample on its own."""
    v, c = zip(*(route_sample(sample, *args) for sample in votes), strict=True)
    return np.stack(v), np.stack(c)
