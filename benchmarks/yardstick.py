"""Dynamic routing as public PyTorch code usually writes it: what the fused layer is measured by.

One broadcast product of weights and lower capsules per sample, temporaries as large as the votes in
every iteration, and autograd through all of it.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class BroadcastLayer(nn.Module):
    """A routed layer with the sizes of `CapsuleLayer`."""

    def __init__(self, in_caps: int, in_dim: int, out_caps: int, out_dim: int, n_iter: int):
        super().__init__()
        self.weight = nn.Parameter(0.05 * torch.randn(1, in_caps, out_caps, out_dim, in_dim))
        self.n_iter = n_iter

    def forward(
        self, u: Float[Tensor, "batch in_caps in_dim"]
    ) -> Float[Tensor, "batch out_caps out_dim"]:
        """Return the upper capsules."""
        u = u[:, :, None, :, None]  # [batch, in_caps, 1, in_dim, 1]
        votes = (self.weight @ u).squeeze(-1)  # [batch, in_caps, out_caps, out_dim]
        b = votes.new_zeros(*votes.shape[:3], 1)
        for iteration in range(self.n_iter):
            c = b.softmax(dim=2)
            s = (c * votes).sum(dim=1, keepdim=True)  # [batch, 1, out_caps, out_dim]
            square = (s * s).sum(dim=-1, keepdim=True)
            v = square / (1 + square) * s / (square.sqrt() + 1e-8)
            if iteration < self.n_iter - 1:
                b = b + (v * votes).sum(dim=-1, keepdim=True)
        return v.squeeze(1)
