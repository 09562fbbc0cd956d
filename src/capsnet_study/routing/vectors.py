"""Squashed vectors, lengths and directions, over the whole range of a floating-point type.

Half precision is computed in float32. Vectors whose squares under- or overflow are brought to
another length first; all others are multiplied by exactly 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from capsnet_study.routing.modes import may_branch_on


def at_least_single(x: Tensor) -> Tensor:
    """Return half precision as float32, all other numbers as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def squash(s: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Shrink vectors to lengths below 1 (Sabour et al. 2017, eq. 1).

    v = |s|^2 / (1 + |s|^2) * s / |s|, with value and gradient 0 at s = 0.
    """
    x = at_least_single(s)
    square = (x * x).sum(dim=-1, keepdim=True)
    usual = (square >= torch.finfo(x.dtype).tiny) & (square < _longest(x) ** 2)
    if may_branch_on(usual) and usual.all():
        return (x * (square.sqrt() / (1 + square))).to(s.dtype)
    return _squash_any(x).to(s.dtype)


def _squash_any(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Return the same bits for usual lengths; very short vectors become s |s|."""
    tiny = torch.finfo(x.dtype).tiny
    y = _shortened(x)
    square = (y * y).sum(dim=-1, keepdim=True)
    short = square < tiny
    safe = torch.where(short, 1.0, square)
    # The slope of a direction is at right angles to x and adds nothing to that of <direction, x>.
    unit = F.normalize(x.detach() / _size(x).clamp_min(tiny), dim=-1)
    length = (unit * x).sum(dim=-1, keepdim=True)
    return y * torch.where(short, length, safe.sqrt() / (1 + safe))


def exponential_squash(s: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Shrink vectors to lengths below 1: v = (1 - exp(-|s|)) s / |s|, near 0 v = s."""
    x = _shortened(at_least_single(s))
    length = lengths(x).unsqueeze(-1)
    short = length < torch.finfo(x.dtype).tiny
    safe = torch.where(short, 1.0, length)
    return (x * torch.where(short, 1.0, -torch.expm1(-safe) / safe)).to(s.dtype)


def lengths(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch"]:
    """Return |x|, with gradient 0 at x = 0."""
    y, factor = _moderated(at_least_single(x))
    return (torch.linalg.vector_norm(y, dim=-1) / factor.squeeze(-1)).to(x.dtype)


def direction(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Return x / |x|, with value and gradient 0 at x = 0."""
    y, _ = _moderated(at_least_single(x))
    length = torch.linalg.vector_norm(y, dim=-1, keepdim=True)
    zero = length == 0
    return torch.where(zero, 0.0, y / torch.where(zero, 1.0, length)).to(x.dtype)


def _size(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch 1"]:
    """Return the largest magnitude of each vector, a constant to the gradient."""
    return x.detach().abs().amax(dim=-1, keepdim=True)


def _longest(x: Tensor) -> float:
    """Return a power of 2: squashed, a vector this long is its direction to the last digit."""
    return 2 / torch.finfo(x.dtype).eps


def _shortened(x: Float[Tensor, "*batch dim"]) -> Float[Tensor, "*batch dim"]:
    """Return vectors with the same directions and no larger entry than `_longest`."""
    return x * (_longest(x) / _size(x).clamp_min(_longest(x)))


def _moderated(
    x: Float[Tensor, "*batch dim"],
) -> tuple[Float[Tensor, "*batch dim"], Float[Tensor, "*batch 1"]]:
    """Return vectors whose squares can be added up, and the factors that made them so."""
    limits, size = torch.finfo(x.dtype), _size(x)
    usual = (size > limits.tiny**0.4) & (size < limits.max**0.4)
    factor = torch.where(usual, 1.0, 1 / size.clamp_min(limits.tiny))
    return x * factor, factor
