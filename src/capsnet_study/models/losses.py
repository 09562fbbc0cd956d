"""Losses of images that hold two digits; targets are multi-hot rows."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def margin_loss(
    lengths: Float[Tensor, "batch classes"],
    targets: Float[Tensor, "batch classes"],
    m_plus: float = 0.9,
    m_minus: float = 0.1,
    down_weight: float = 0.5,
) -> Float[Tensor, ""]:
    """Return the margin loss, summed over classes and averaged over the batch.

    Classes that are present are pushed to lengths above `m_plus`, absent ones below `m_minus`
    with the weight lambda = `down_weight` (Sabour et al. 2017, eq. 4).
    """
    present = targets * F.relu(m_plus - lengths).square()
    absent = (1 - targets) * F.relu(lengths - m_minus).square()
    return (present + down_weight * absent).sum(dim=1).mean()


def multi_label_loss(
    logits: Float[Tensor, "batch classes"], targets: Float[Tensor, "batch classes"]
) -> Float[Tensor, ""]:
    """Return the binary cross-entropy, summed over classes and averaged over the batch."""
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()
