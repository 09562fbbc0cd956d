"""Manifold sets: one digit fixed, one moved over a 9 x 9 grid of shifts (paper 3.2, figure 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.sizes import IMAGE_SIZE, MAX_SHIFT
from capsnet_study.data.multimnist import overlay


@dataclass(frozen=True)
class ManifoldSets:
    """For each pair of digits the 81 images, in the order of `offsets` (rows, columns)."""

    pairs: list[str]
    images: UInt8[np.ndarray, "pairs 81 36 36"]
    offsets: Int[np.ndarray, "81 2"]
    digits: Int[np.ndarray, "pairs 2"]


def shift_grid() -> Int[np.ndarray, "81 2"]:
    """Return the 81 shifts (rows, columns) of [-4, 4]^2, row by row."""
    steps = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)


def make_manifold(
    images: UInt8[np.ndarray, "digits 28 28"],
    labels: UInt8[np.ndarray, " digits"],
    pairs: Sequence[str],
    seed: int,
) -> ManifoldSets:
    """Make one manifold set for each pair ``"fixed-moving"`` from randomly drawn digits.

    Parameters
    ----------
    images, labels
        The digits to draw from: test digits, unseen in training.
    pairs
        For instance ``["7-8", "3-5"]``.
    seed
        Decides which digit of each class is drawn for a pair, whatever other pairs there are.

    Raises
    ------
    ParameterError
        There is no pair, or no digit of a class that a pair names.
    """
    if not pairs:
        raise ParameterError("manifold.pairs is empty: at least one pair such as 7-8 is needed")
    grid = shift_grid()
    sets = np.empty((len(pairs), len(grid), IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    drawn = np.empty((len(pairs), 2), dtype=np.int64)
    centre = np.zeros(2, dtype=np.int64)
    for row, pair in enumerate(pairs):
        rng = numpy_generator(seed, "manifold", pair)
        drawn[row] = [_draw(labels, int(digit), rng) for digit in pair.split("-")]
        fixed, moving = images[drawn[row]]
        sets[row] = [overlay(fixed, centre, moving, shift) for shift in grid]
    return ManifoldSets(list(pairs), sets, grid, drawn)


def _draw(labels: UInt8[np.ndarray, " digits"], digit: int, rng: np.random.Generator) -> int:
    candidates = np.flatnonzero(labels == digit)
    if not len(candidates):
        raise ParameterError(f"no digit {digit} among the {len(labels)} digits to draw from")
    return int(rng.choice(candidates))
