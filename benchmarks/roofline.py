"""What the fused passes must do at least: operations and bytes, counted from their loops."""

from __future__ import annotations

from dataclasses import dataclass

from capsnet_study.models.params import ModelParams

FLOAT = 4  # bytes
EXP = 20  # operations of one exponential and its share of the softmax


@dataclass(frozen=True)
class Cost:
    """Floating-point operations, and bytes that have to cross the memory bus."""

    flops: float
    bytes: float

    def seconds(self, peak_flops: float, bandwidth: float) -> float:
        """Return the time below which a machine with these peaks cannot be."""
        return max(self.flops / peak_flops, self.bytes / bandwidth)


def forward_and_backward(model: ModelParams, n_iter: int, gradient: str, batch: int) -> Cost:
    """Count a pass through R1, forward and backward.

    Bytes: each pass over the lower capsules reads the weights, the capsules and the couplings once
    (votes and sums stay in cache); the last one also writes the gradients of weights and capsules.
    """
    in_caps, in_dim = 100 * model.primary_groups, model.primary_dim
    out = model.cap1_capsules * model.capsule_dim
    pairs = in_caps * batch
    product = 2 * in_dim * out  # votes, or one of the two gradients that they pull back
    vector = 2 * out  # inner products with, or a scaled sum of, the votes of one lower capsule
    softmax = EXP * model.cap1_capsules
    again = n_iter - 1  # iterations after the first
    flops = n_iter * (product + vector) + again * (vector + softmax)
    flops += 2 * product + vector
    if gradient == "full":
        flops += again * (product + 2 * vector + softmax) + again * 2 * vector
    weights = in_caps * in_dim * out
    capsules, couplings = pairs * in_dim, pairs * model.cap1_capsules
    passes = n_iter + 1 + (again if gradient == "full" else 0)
    numbers = passes * (weights + capsules) + weights + capsules
    numbers += couplings * (2 * n_iter + (4 * again if gradient == "full" else 1))
    return Cost(float(pairs * flops), float(FLOAT * numbers))
