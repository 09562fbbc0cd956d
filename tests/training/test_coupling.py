"""Entropy and information of couplings, against their definitions and in exact cases."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.training.coupling import (
    coupling_entropy,
    coupling_summary,
    coupling_sums,
)


def couplings(seed: int, shape=(5, 4, 3), sharpness: float = 2.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (sharpness * torch.randn(shape, dtype=torch.float64, generator=generator)).softmax(-1)


def entropy_of(rows: np.ndarray) -> float:
    """Return the mean over rows of -sum c log c, term by term."""
    return sum(-c * math.log(c) for row in rows for c in row if c > 0) / len(rows)


@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(0.0, 50.0), st.integers(1, 5))
def test_summaries_match_their_definitions_whatever_the_batches(seed, out_caps, sharpness, size):
    c = couplings(seed, (5, 4, out_caps), sharpness)
    found = coupling_summary([coupling_sums(batch) for batch in c.split(size)])
    entropy = entropy_of(c.flatten(0, 1).numpy())
    assert found.entropy == pytest.approx(entropy, abs=1e-12)
    assert found.share == pytest.approx(entropy / math.log(out_caps), abs=1e-12)
    assert found.information == pytest.approx(entropy_of(c.mean(0).numpy()) - entropy, abs=1e-12)
    assert -1e-12 <= found.information <= math.log(out_caps) - found.entropy + 1e-12


LOG_3 = math.log(3)


@pytest.mark.parametrize(
    "c, entropy, share, information",
    [
        (torch.full((2, 4, 3), 1 / 3), LOG_3, 1, 0),
        (torch.eye(3).expand(2, 3, 3), 0, 0, 0),  # certain, and the same for every sample
        (torch.eye(3)[:, None].expand(3, 5, 3), 0, 0, LOG_3),  # certain, and all used equally
        (torch.ones(2, 3, 1), 0, 0, 0),  # nothing to choose
    ],
)
def test_exact_cases(c, entropy, share, information):
    found = coupling_summary([coupling_sums(c.clone().requires_grad_())])
    expected = (entropy, share, information)
    assert (found.entropy, found.share, found.information) == pytest.approx(expected, abs=1e-6)
    assert coupling_entropy(c) == found.entropy


def test_no_sample_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        coupling_summary([])
