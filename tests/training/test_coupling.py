"""Entropy and information of couplings, against their definitions and in exact cases."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.training.coupling import (
    CouplingSummary,
    coupling_entropy,
    coupling_summary,
    coupling_sums,
)


def couplings(seed: int, shape=(5, 4, 3), sharpness: float = 2.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (sharpness * torch.randn(shape, dtype=torch.float64, generator=generator)).softmax(-1)


def summary(c: torch.Tensor) -> CouplingSummary:
    return coupling_summary([coupling_sums(c)])


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


@pytest.mark.parametrize("out_caps", [2, 10, 32])
def test_uniform_couplings_have_all_the_entropy(out_caps):
    c = torch.full((3, 4, out_caps), 1 / out_caps)
    assert coupling_entropy(c) == pytest.approx(math.log(out_caps), rel=1e-6)
    assert summary(c).share == pytest.approx(1.0, rel=1e-6)
    assert summary(c).information == pytest.approx(0.0, abs=1e-6)


def test_one_hot_couplings_have_none():
    found = summary(torch.eye(4).expand(3, 4, 4))
    assert (found.entropy, found.information) == (0.0, 0.0)


def test_a_single_upper_capsule_leaves_nothing_to_choose():
    assert summary(torch.ones(2, 3, 1)).share == 0.0


def test_information_tells_adaptive_from_static_couplings():
    static = couplings(0, (1, 4, 3)).expand(6, 4, 3)
    assert summary(static).information == pytest.approx(0.0, abs=1e-12)
    # Each sample is certain and all upper capsules are used equally: as much as there can be.
    adaptive = torch.eye(3, dtype=torch.float64)[:, None, :].expand(3, 5, 3)
    assert summary(adaptive).information == pytest.approx(math.log(3))


def test_single_precision_and_gradients_are_accepted():
    c = couplings(0).float().requires_grad_()
    assert coupling_entropy(c) == pytest.approx(coupling_entropy(c.double()), rel=1e-6)


def test_no_sample_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        coupling_summary([])
