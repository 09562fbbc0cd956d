"""Which of the two implementations routes: the fused one, or plain PyTorch."""

from __future__ import annotations

import os
from typing import Literal

import torch

from capsnet_study.common.errors import ParameterError

try:
    from capsnet_study.routing.fused import fused_route
except ImportError:  # Numba cannot be had for this Python or processor
    fused_route = None

Path = Literal["fused", "plain"]


def routing_path(device: torch.device, dtype: torch.dtype) -> Path:
    """Say how a layer routes lower capsules of this kind on this device.

    ``CAPS_ROUTING`` decides if it is set. Otherwise ``fused`` (compiled by Numba) for float32 and
    float64 on the CPU where Numba is at hand, and ``plain`` (PyTorch) everywhere else.

    Raises
    ------
    ParameterError
        ``CAPS_ROUTING`` names no path, or asks for the fused one where it cannot run.
    """
    precise = dtype in (torch.float32, torch.float64)
    able = fused_route is not None and device.type == "cpu" and precise
    forced = os.environ.get("CAPS_ROUTING")
    if forced is None:
        return "fused" if able else "plain"
    if forced == "plain" or (forced == "fused" and able):
        return forced
    if forced == "fused":
        raise ParameterError(
            f"CAPS_ROUTING = 'fused': {dtype} on {device.type} is not routed so; it takes "
            "float32 or float64 on the CPU, and Numba"
        )
    raise ParameterError(f"CAPS_ROUTING = {forced!r}: 'fused' or 'plain' is needed")
