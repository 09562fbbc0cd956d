"""How code runs: at once, recorded by a tracer, or under a transform of PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual


def may_branch_on(x: Tensor) -> bool:
    """Return whether values of `x` may decide which code runs, at little cost.

    They may where code runs at once on the CPU. A tracer would record one branch for all values,
    a transform refuses to look at them, and a GPU would have to be waited for.
    """
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return False
    recorded = torch._C._len_torch_dispatch_stack() or torch._C._are_functorch_transforms_active()
    return type(x) is Tensor and x.device.type == "cpu" and not recorded


def is_transformed(*tensors: Tensor) -> bool:
    """Return whether a transform of `torch.func` or forward-mode differentiation is under way."""
    return torch._C._are_functorch_transforms_active() or any(
        unpack_dual(tensor).tangent is not None for tensor in tensors
    )
