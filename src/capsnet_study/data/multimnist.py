"""Multi-MNIST: two shifted digits of different class, overlaid (paper 3.1)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.sizes import IMAGE_SIZE, MAX_SHIFT


@dataclass(frozen=True)
class MultiMNIST:
    """Overlaid digits, their two classes, and which digits they were made of, how shifted."""

    images: UInt8[np.ndarray, "images 36 36"]
    labels: UInt8[np.ndarray, "images 2"]
    digits: Int[np.ndarray, "images 2"]
    shifts: Int[np.ndarray, "images 2 2"]


def make_multimnist(
    images: UInt8[np.ndarray, "digits 28 28"],
    labels: UInt8[np.ndarray, " digits"],
    count: int,
    rng: np.random.Generator,
) -> MultiMNIST:
    """Overlay `count` pairs of digits of different class (paper 3.1, after Sabour et al. 2017).

    Digits are drawn by walking through one random permutation after another, so that each is used
    before any is used again. Each digit of an image is shifted by an independent uniform
    (rows, columns) in [-4, 4]^2; the two are summed and clipped at 255.

    Raises
    ------
    ParameterError
        `count` exceeds the number of pairs of digits of different class.
    """
    possible = _pairs_of_different_class(labels)
    if count > possible:
        raise ParameterError(
            f"{count} images were asked for, but {len(labels)} digits give only {possible} pairs "
            "of different class"
        )
    digits = _walk_in_pairs(labels, count, rng)
    shifts = rng.integers(-MAX_SHIFT, MAX_SHIFT + 1, size=(count, 2, 2))
    overlaid = np.zeros((count, IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
    for row in range(count):
        first, second = digits[row]
        overlaid[row] = overlay(images[first], shifts[row, 0], images[second], shifts[row, 1])
    return MultiMNIST(overlaid, labels[digits], digits, shifts)


def overlay(
    first: UInt8[np.ndarray, "28 28"],
    first_shift: Int[np.ndarray, " 2"],
    second: UInt8[np.ndarray, "28 28"],
    second_shift: Int[np.ndarray, " 2"],
) -> UInt8[np.ndarray, "36 36"]:
    """Place two digits on one image, each shifted by (rows, columns) from the centre."""
    total = np.zeros((IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint16)
    for digit, (down, right) in ((first, first_shift), (second, second_shift)):
        top, left = MAX_SHIFT + down, MAX_SHIFT + right
        total[top : top + 28, left : left + 28] += digit
    return np.minimum(total, 255).astype(np.uint8)


def describe_images(made: MultiMNIST, available: int) -> dict[str, Any]:
    """Return counts of images and class pairs, and the share of `available` digits in use."""
    pairs = np.sort(made.labels, axis=1)
    counts = {
        f"{low}-{high}": int(((pairs[:, 0] == low) & (pairs[:, 1] == high)).sum())
        for low, high in combinations(range(10), 2)
    }
    return {
        "images": len(made.images),
        "pairs": counts,
        "pair_count_min": min(counts.values()),
        "pair_count_max": max(counts.values()),
        "distinct_digits_share": len(np.unique(made.digits)) / available,
    }


def _pairs_of_different_class(labels: UInt8[np.ndarray, " digits"]) -> int:
    sizes = np.bincount(labels).astype(int)
    return int((sizes.sum() ** 2 - (sizes**2).sum()) // 2)


def _walk_in_pairs(
    labels: UInt8[np.ndarray, " digits"], count: int, rng: np.random.Generator
) -> Int[np.ndarray, "images 2"]:
    classes = labels.tolist()
    queue: deque[int] = deque()
    pairs = np.empty((count, 2), dtype=np.int64)
    for row in range(count):
        while (partner := _first_of_other_class(queue, classes)) is None:
            queue.extend(rng.permutation(len(classes)).tolist())
        pairs[row] = queue[0], queue[partner]
        del queue[partner]
        queue.popleft()
    return pairs


def _first_of_other_class(queue: deque[int], classes: list[int]) -> int | None:
    return next((i for i, digit in enumerate(queue) if classes[digit] != classes[queue[0]]), None)
