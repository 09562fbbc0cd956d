"""What routing refuses: parameters that mean nothing, tensors that do not fit each other."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def check_routing(
    n_iter: int, eta: float, gradient: str = "full", temperature: float = 1.0
) -> None:
    """Refuse routing parameters that mean nothing."""
    if not hasattr(n_iter, "__index__") or n_iter < 1:
        raise ValueError(f"n_iter = {n_iter}: a whole number of at least 1 is needed")
    if not 0 <= eta <= 1:
        raise ValueError(f"eta = {eta}: a rate within [0, 1] is needed")
    if gradient not in ("full", "last"):
        raise ValueError(f"gradient = {gradient!r}: 'full' or 'last' is needed")
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature = {temperature}: a positive number is needed")


def check_capsules(u: Tensor, weight: Tensor, bias: Tensor | None = None) -> None:
    """Refuse lower capsules, or a bias, that do not fit the weights."""
    in_caps, _, _, in_dim = weight.shape
    if u.shape[1:] != (in_caps, in_dim):
        raise ValueError(f"u is {list(u.shape)}: [batch, {in_caps}, {in_dim}] is needed")
    _check_type("u", u, "the weights", weight)
    if bias is not None:
        _check_type("bias", bias, "the weights", weight)


def check_votes(votes: Tensor, bias: Tensor | None) -> None:
    """Refuse votes that are no floating-point numbers, and a bias of another type."""
    if not votes.is_floating_point():
        raise ValueError(f"votes are {votes.dtype}: floating-point numbers are needed")
    if bias is not None:
        _check_type("bias", bias, "votes", votes)


def _check_type(name: str, x: Tensor, other_name: str, other: Tensor) -> None:
    """Refuse another type than that of `other`, unless `torch.autocast` converts both."""
    if x.dtype == other.dtype:
        return
    converted = {torch.float16, torch.bfloat16, torch.float32}
    if {x.dtype, other.dtype} <= converted and torch.is_autocast_enabled(x.device.type):
        return
    raise ValueError(
        f"{name}: {x.dtype} is not {other.dtype}, the type of {other_name}; convert one of them, "
        f"as by {name}.to({other.dtype})"
    )
