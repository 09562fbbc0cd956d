"""Independent random streams from one seed and a name, the same on every machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed that belongs to `seed` and the path of `names` alone.

    Streams with different names are independent: adding an arm, a trial or a split never shifts
    the numbers that another one draws.
    """
    path = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a NumPy generator for the stream `names` of `seed`."""
    return np.random.default_rng(derive_seed(seed, *names))


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """Return a CPU generator of PyTorch for the stream `names` of `seed`."""
    import torch  # takes a second, and data sets need none

    return torch.Generator().manual_seed(derive_seed(seed, *names))
