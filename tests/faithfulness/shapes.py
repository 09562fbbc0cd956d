"""The grid of shifts, noise, and similarity transforms, for tests of measures of maps."""

import numpy as np

GRID = np.array([(dr, dc) for dr in range(-4, 5) for dc in range(-4, 5)], dtype=float)


def similar(points: np.ndarray, angle: float, scale: float, mirror: bool) -> np.ndarray:
    """Return the points turned, scaled, perhaps mirrored, and moved."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * (points * [1, -1] if mirror else points) @ turn + [3.0, -7.0]


def noise(seed: int, n: int = 81, dim: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim))
