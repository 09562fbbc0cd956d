"""Squash, lengths and directions, over the whole range of every floating-point type."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from capsnet_study.routing import kernels
from capsnet_study.routing.vectors import direction, exponential_squash, lengths, squash

TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
seeds = st.integers(0, 10_000)


def draw(shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


def close(found, expected, tolerance=1e-12):
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


# squash


@settings(max_examples=40)
@given(st.integers(1, 9), seeds, st.sampled_from([1e-6, 1.0, 1e3]))
def test_squash_shrinks_the_length_and_keeps_the_direction(dim, seed, scale):
    s = draw((3, dim), seed, scale)
    v = squash(s)
    r = s.norm(dim=-1)
    close(v.norm(dim=-1), r**2 / (1 + r**2), 1e-9)
    assert (v.norm(dim=-1) < 1).all()
    close((v * s).sum(dim=-1), v.norm(dim=-1) * r, 1e-9)


def test_squash_by_hand():
    close(squash(torch.tensor([3.0, 4.0])), torch.tensor([3.0, 4.0]) / 5 * 25 / 26, 1e-6)


def test_squash_has_the_gradient_of_its_formula():
    assert torch.autograd.gradcheck(squash, draw((4, 3)).requires_grad_())
    assert torch.autograd.gradcheck(squash, draw((4, 1)).requires_grad_())
    at_zero = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(squash, at_zero, atol=1e-5)


# The whole range, against the equations in extended precision


def all_lengths(dtype: torch.dtype) -> torch.Tensor:
    """Draw vectors with lengths of each power of 2 that the type has, below its largest."""
    limits = torch.finfo(dtype)
    exponents = range(math.frexp(limits.smallest_normal)[1], math.frexp(limits.max)[1] - 1)
    scale = torch.tensor([[math.ldexp(1.0, one)] for one in exponents], dtype=torch.float64)
    directions = draw((len(exponents), 5))
    directions /= directions.norm(dim=-1, keepdim=True)
    return (directions * scale).to(dtype)


def exact(x: torch.Tensor) -> np.ndarray:
    return x.double().numpy().astype(np.longdouble)


def squash_by_formula(s: np.ndarray, dv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return v and the gradient of s, for a gradient of v."""
    r = np.sqrt((s * s).sum(axis=-1, keepdims=True))
    along = (s / r * dv).sum(axis=-1, keepdims=True)
    slope = 2 * r / (1 + r * r) ** 2 - r / (1 + r * r)
    return r / (1 + r * r) * s, r / (1 + r * r) * dv + slope * along * (s / r)


def exponential_by_formula(s: np.ndarray, dv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = np.sqrt((s * s).sum(axis=-1, keepdims=True))
    share = -np.expm1(-r) / r
    along = (s / r * dv).sum(axis=-1, keepdims=True)
    return share * s, share * dv + (np.exp(-r) - share) * along * (s / r)


def direction_by_formula(x: np.ndarray, dn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    n = x / r
    return n, (dn - (n * dn).sum(axis=-1, keepdims=True) * n) / r


def assert_right(found: torch.Tensor, expected: np.ndarray) -> None:
    """Compare each vector with the rounding of its type, where the type has such numbers."""
    limits = torch.finfo(found.dtype)
    size = np.abs(expected).max(axis=-1, keepdims=True)
    assert (size < limits.max).all()
    error = np.abs(exact(found) - expected)
    least = limits.smallest_normal * limits.eps  # the smallest number below the normal ones
    assert (error <= 32 * limits.eps * size + 2 * least).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "function, formula",
    [(squash, squash_by_formula), (exponential_squash, exponential_by_formula)],
)
def test_squashes_are_right_for_each_length_that_there_is(function, formula, dtype):
    s = all_lengths(dtype).requires_grad_()
    wanted = draw(s.shape, seed=1).to(dtype)
    v = function(s)
    assert v.dtype == dtype
    (ds,) = torch.autograd.grad(v, s, wanted)
    for found, expected in zip((v, ds), formula(exact(s.detach()), exact(wanted)), strict=True):
        assert_right(found.detach(), expected)


@pytest.mark.parametrize("dtype", TYPES)
def test_lengths_are_right_for_each_length_that_there_is(dtype):
    x = all_lengths(dtype).requires_grad_()
    found = lengths(x)
    (dx,) = torch.autograd.grad(found.sum(), x)
    whole = exact(x.detach())
    r = np.sqrt((whole * whole).sum(axis=-1, keepdims=True))
    assert found.dtype == dtype
    assert_right(found.detach().unsqueeze(-1), r)
    assert_right(dx, whole / r)


@pytest.mark.parametrize("dtype", TYPES)
def test_directions_are_right_for_each_length_that_there_is(dtype):
    x = all_lengths(dtype)
    x = x[lengths(x) > 64 / torch.finfo(dtype).max].requires_grad_()  # else slopes overflow
    wanted = draw(x.shape, seed=1).to(dtype)
    n = direction(x)
    (dx,) = torch.autograd.grad(n, x, wanted)
    value, slope = direction_by_formula(exact(x.detach()), exact(wanted))
    assert n.dtype == dtype
    assert_right(n.detach(), value)
    assert_right(dx, slope)


@pytest.mark.parametrize("dtype", TYPES)
def test_entries_may_be_as_large_as_there_are(dtype):
    """The length itself is then beyond all numbers."""
    s = torch.full((1, 16), torch.finfo(dtype).max, dtype=dtype, requires_grad=True)
    for function in (squash, exponential_squash, direction):
        v = function(s)
        (ds,) = torch.autograd.grad(v.sum(), s)
        close(v, torch.full_like(s, 0.25), 1e-2)
        close(ds, torch.zeros_like(s), 1e-4)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("function", [squash, exponential_squash, direction])
def test_zero_stays_zero_beside_other_vectors(function, dtype):
    s = torch.stack([torch.zeros(3), torch.ones(3)]).to(dtype).requires_grad_()
    v = function(s)
    (ds,) = torch.autograd.grad(v.sum(), s)
    assert not v[0].any() and v[1].all()
    expected = torch.ones(3, dtype=dtype) if function is exponential_squash else torch.zeros(3)
    assert torch.equal(ds[0], expected.to(dtype))


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("function", [squash, exponential_squash, direction])
def test_what_is_not_finite_comes_out_as_nan(function, wrong):
    s = torch.tensor([[wrong, 0.0, 1.0], [1.0, 2.0, 3.0]])
    v = function(s)
    assert v[0].isnan().all() and torch.equal(v[1:], function(s[1:]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_squashes_as_well(dtype):
    for size in (1e-4, 1.0, 600.0, 3e4):
        with torch.autocast("cpu", dtype):
            v = squash(torch.full((2, 4), size, dtype=dtype))
        close(v.double(), squash(torch.full((2, 4), size, dtype=torch.float64)), 1e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("seed", range(3))
def test_usual_vectors_have_the_same_bits_in_any_company_and_any_form(seed, dtype):
    """Alone, beside the longest and the shortest, and where values cannot be looked at."""
    usual = draw((40, 7), seed, 3.0).to(dtype)
    mixed = torch.cat([usual, all_lengths(dtype).repeat(1, 2)[:, :7]])
    found = []
    for function, s in (
        (squash, usual),
        (squash, mixed),
        (torch.func.vmap(squash), usual),
    ):
        s = s.clone().requires_grad_()
        v = function(s)
        (ds,) = torch.autograd.grad(v[:40].pow(3).sum(), s)
        found.append((v[:40], ds[:40]))
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))


# The same in compiled code


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kernels_squash_each_length_that_there_is(dtype):
    """Rare and usual lengths side by side in a batch [J, D, B]."""
    s, wanted = all_lengths(dtype), draw((len(all_lengths(dtype)), 5), seed=1).to(dtype)
    expected, slope = squash_by_formula(exact(s), exact(wanted))
    batch, dv = (x.T.unsqueeze(0).contiguous().numpy() for x in (s, wanted))
    total, ds = np.zeros_like(batch), np.empty_like(batch)
    kernels._add_squashed(batch, total)
    kernels._squash_gradient(batch, dv, ds)
    assert_right(torch.from_numpy(total[0].T.copy()), expected)
    assert_right(torch.from_numpy(ds[0].T.copy()), slope)
