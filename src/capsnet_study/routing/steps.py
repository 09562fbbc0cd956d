"""What the other routings have in common: types, and the steps that they are made of."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

Votes = Float[Tensor, "batch in_caps out_caps out_dim"]
Lower = Float[Tensor, "batch in_caps in_dim"]
Bias = Float[Tensor, "out_caps out_dim"] | None
Routed = tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps entries"]]


def uniform(votes: Votes) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return the couplings 1/J."""
    return votes.new_full(votes.shape[:3], 1 / votes.shape[2])


def agreement(
    a: Float[Tensor, "batch out_caps out_dim"], votes: Votes
) -> Float[Tensor, "batch in_caps out_caps"]:
    """Return <û_{j|i}, a_j>."""
    return torch.einsum("bjd,bijd->bij", a, votes)
