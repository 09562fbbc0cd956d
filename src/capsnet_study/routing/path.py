"""Which of the two implementations routes: the fused one, or plain PyTorch."""

from __future__ import annotations

import os
from typing import Literal

import torch
from torch import Tensor

try:
    from capsnet_study.routing.fused import fused_route
except ImportError:  # Numba cannot be had for this Python or processor
    fused_route = None

Path = Literal["fused", "plain"]


def routing_path(u: Tensor) -> Path:
    """Say how a layer routes the lower capsules `u`.

    ``CAPS_ROUTING`` decides if it is set. Otherwise ``fused`` (compiled by Numba) for float32 and
    float64 on the CPU where Numba is at hand, and ``plain`` (PyTorch) everywhere else.

    Raises
    ------
    ValueError
        ``CAPS_ROUTING`` names no path, or asks for the fused one where it cannot run.
    """
    able = (
        fused_route is not None
        and u.device.type == "cpu"
        and u.dtype in (torch.float32, torch.float64)
    )
    forced = os.environ.get("CAPS_ROUTING")
    if forced is None:
        return "fused" if able else "plain"
    if forced == "plain" or (forced == "fused" and able):
        return forced
    if forced == "fused":
        raise ValueError(
            f"CAPS_ROUTING = 'fused': {u.dtype} on {u.device.type} is not routed so; it takes "
            "float32 or float64 on the CPU, and Numba"
        )
    raise ValueError(f"CAPS_ROUTING = {forced!r}: 'fused' or 'plain' is needed")
