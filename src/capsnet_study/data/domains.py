"""Domains: the 45 digit pairs split in two halves that both know all ten digits (paper 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8
from pydantic import TypeAdapter

from capsnet_study.common.storage import reading

Pair = tuple[int, int]

PAIRS: list[Pair] = list(combinations(range(10), 2))
SIZE_A = 22


@dataclass(frozen=True)
class DomainSplit:
    """The digit pairs of S_A (22) and of S_B (23)."""

    a: list[Pair]
    b: list[Pair]


def split_domains(count: int, rng: np.random.Generator) -> list[DomainSplit]:
    """Return `count` random splits; splits in which a side lacks a digit are drawn again."""
    return [_split(rng) for _ in range(count)]


def splits_of(document: Any) -> list[DomainSplit]:
    """Return the splits of data/domains.json, in their order.

    Raises
    ------
    FileError
        The document is no list of splits: it names the place, and what is wrong there.
    """
    with reading("data/domains.json"):
        return TypeAdapter(list[DomainSplit]).validate_python(document)


def in_domain(
    labels: UInt8[np.ndarray, "images 2"], pairs: Sequence[Pair]
) -> Bool[np.ndarray, " images"]:
    """Tell which images show one of the `pairs`, in either order."""
    codes = np.sort(labels, axis=1) @ np.array([10, 1])
    return np.isin(codes, [10 * low + high for low, high in pairs])


def _split(rng: np.random.Generator) -> DomainSplit:
    while True:
        order = rng.permutation(len(PAIRS))
        a, b = (sorted(PAIRS[i] for i in part) for part in (order[:SIZE_A], order[SIZE_A:]))
        if all(len({digit for pair in side for digit in pair}) == 10 for side in (a, b)):
            return DomainSplit(a, b)
