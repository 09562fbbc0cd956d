"""On what device computations run, and how, so that they can be repeated bit by bit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from capsnet_study.common.errors import ParameterError

if TYPE_CHECKING:
    import torch


def device() -> torch.device:
    """Return the device of ``CAPS_DEVICE``, else CUDA where there is one, else the CPU."""
    import torch

    named = os.environ.get("CAPS_DEVICE")
    if not named:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(named)
    except RuntimeError as error:
        raise ParameterError(f"CAPS_DEVICE = {named!r}: {error}") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ParameterError(f"CAPS_DEVICE = {named!r}: PyTorch finds no GPU here")
    return chosen


@contextmanager
def deterministic() -> Iterator[None]:
    """Compute on one thread, and on a GPU with repeatable kernels in full float32.

    Sums that threads share are rounded in another order. On a GPU, cuDNN would choose among its
    kernels by timing them, some add in any order, and TF32 keeps 10 bits of each factor; what is
    set here stays set in this process.
    """
    with threadpool_limits(limits=1):
        if "torch" not in sys.modules:  # whoever computes with it has loaded it
            yield
            return
        import torch

        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
