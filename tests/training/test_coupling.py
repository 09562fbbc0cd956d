"""Coupling entropy, its share of log J and the information, against plain loops and exact cases."""

import math

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


def couplings(batch: int, in_caps: int, out_caps: int, seed: int = 0, sharpness: float = 2.0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(batch, in_caps, out_caps, dtype=torch.float64, generator=generator)
    return (sharpness * logits).softmax(-1)


def summary(c: torch.Tensor) -> CouplingSummary:
    return coupling_summary([coupling_sums(c)])


def reference_entropy(rows: list[list[float]]) -> float:
    """Mean over rows of -sum c log c, term by term."""
    total = 0.0
    for row in rows:
        for c in row:
            if c > 0:
                total -= c * math.log(c)
    return total / len(rows)


def test_entropy_and_information_equal_plain_loops():
    c = couplings(5, 4, 3)
    entropy = reference_entropy(c.flatten(0, 1).tolist())
    mean = [[sum(c[n, i, j].item() for n in range(5)) / 5 for j in range(3)] for i in range(4)]
    assert coupling_entropy(c) == pytest.approx(entropy, abs=1e-12)
    assert summary(c).share == pytest.approx(entropy / math.log(3), abs=1e-12)
    assert summary(c).information == pytest.approx(reference_entropy(mean) - entropy, abs=1e-12)


@pytest.mark.parametrize("out_caps", [2, 10, 32])
def test_uniform_coupling_has_all_the_entropy(out_caps):
    c = torch.full((3, 4, out_caps), 1 / out_caps)
    assert coupling_entropy(c) == pytest.approx(math.log(out_caps), rel=1e-6)
    assert summary(c).share == pytest.approx(1.0, rel=1e-6)
    assert summary(c).information == pytest.approx(0.0, abs=1e-6)


def test_one_hot_coupling_has_none():
    c = torch.eye(4).expand(3, 4, 4)
    assert coupling_entropy(c) == 0.0
    assert summary(c).information == 0.0


def test_a_single_upper_capsule_leaves_nothing_to_choose():
    assert summary(torch.ones(2, 3, 1)).share == 0.0


def test_information_tells_adaptive_from_static_couplings():
    static = couplings(1, 4, 3).expand(6, 4, 3)
    assert summary(static).information == pytest.approx(0.0, abs=1e-12)
    assert summary(couplings(6, 4, 3)).information > 0.1
    # Each sample certain, all upper capsules used alike: the most information there can be.
    adaptive = torch.eye(3, dtype=torch.float64)[:, None, :].expand(3, 5, 3)
    assert summary(adaptive).information == pytest.approx(math.log(3))


def test_single_precision_and_gradients_do_no_harm():
    c = couplings(4, 3, 5).float().requires_grad_()
    assert coupling_entropy(c) == pytest.approx(coupling_entropy(c.double()), rel=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(0.0, 50.0))
def test_bounds(seed, out_caps, sharpness):
    found = summary(couplings(4, 3, out_caps, seed, sharpness))
    assert -1e-12 <= found.entropy <= math.log(out_caps) + 1e-12
    assert -1e-12 <= found.share <= 1 + 1e-12
    assert -1e-12 <= found.information <= math.log(out_caps) - found.entropy + 1e-12


@given(st.integers(1, 9))
def test_batches_of_any_size_give_the_whole(size):
    c = couplings(10, 4, 3)
    whole = summary(c)
    parts = coupling_summary([coupling_sums(batch) for batch in c.split(size)])
    assert parts.entropy == pytest.approx(whole.entropy, abs=1e-13)
    assert parts.information == pytest.approx(whole.information, abs=1e-13)


def test_no_sample_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        coupling_summary([])
