"""Squash, lengths and directions over the whole range of every floating-point type.

The references are their formulas in extended precision.
"""

import math

import numpy as np
import pytest
import torch

from capsnet_study.routing import kernels
from capsnet_study.routing.vectors import direction, exponential_squash, lengths, squash

TYPES = pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64]
)
FUNCTIONS = pytest.mark.parametrize("function", [squash, exponential_squash, direction])


def draw(shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator, dtype=torch.float64)


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


# Each formula returns the value, and the gradient of its argument for a gradient of the value.


def squash_by_formula(s: np.ndarray, dv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def length_by_formula(x: np.ndarray, dr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r = np.sqrt((x * x).sum(axis=-1, keepdims=True))
    return r, dr * x / r


def assert_right(found: torch.Tensor, expected: np.ndarray) -> None:
    """Compare each vector with the rounding of its type, where the type has such numbers."""
    limits = torch.finfo(found.dtype)
    size = np.abs(expected).max(axis=-1, keepdims=True)
    assert (size < limits.max).all()
    error = np.abs(exact(found) - expected)
    least = limits.smallest_normal * limits.eps  # the smallest number below the normal ones
    assert (error <= 32 * limits.eps * size + 2 * least).all()


@TYPES
@pytest.mark.parametrize(
    "function, formula",
    [
        (squash, squash_by_formula),
        (exponential_squash, exponential_by_formula),
        (direction, direction_by_formula),
        (lambda x: lengths(x).unsqueeze(-1), length_by_formula),
    ],
    ids=["squash", "exponential_squash", "direction", "lengths"],
)
def test_values_and_gradients_are_right_at_every_length(function, formula, dtype):
    x = all_lengths(dtype)
    if function is direction:
        x = x[lengths(x) > 64 / torch.finfo(dtype).max]  # else slopes overflow
    x.requires_grad_()
    value = function(x)
    coefficients = draw(value.shape, seed=1).to(dtype)
    (dx,) = torch.autograd.grad(value, x, coefficients)
    assert value.dtype == dtype
    expected = formula(exact(x.detach()), exact(coefficients))
    assert_right(value.detach(), expected[0])
    assert_right(dx, expected[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kernels_squash_right_at_every_length(dtype):
    """Rare and usual lengths side by side in a batch [J, D, B]."""
    s, coefficients = all_lengths(dtype), draw((len(all_lengths(dtype)), 5), seed=1).to(dtype)
    expected, slope = squash_by_formula(exact(s), exact(coefficients))
    batch, dv = (x.T.unsqueeze(0).contiguous().numpy() for x in (s, coefficients))
    total, ds = np.zeros_like(batch), np.empty_like(batch)
    kernels._add_squashed(batch, total)
    kernels._squash_gradient(batch, dv, ds)
    assert_right(torch.from_numpy(total[0].T.copy()), expected)
    assert_right(torch.from_numpy(ds[0].T.copy()), slope)


@TYPES
@FUNCTIONS
def test_the_largest_entries_are_allowed(function, dtype):
    """The length itself is then beyond all numbers."""
    s = torch.full((1, 16), torch.finfo(dtype).max, dtype=dtype, requires_grad=True)
    v = function(s)
    (ds,) = torch.autograd.grad(v.sum(), s)
    torch.testing.assert_close(v, torch.full_like(s, 0.25), rtol=1e-2, atol=0)
    torch.testing.assert_close(ds, torch.zeros_like(s), rtol=0, atol=1e-4)


@TYPES
@FUNCTIONS
def test_zero_stays_zero_with_a_finite_gradient(function, dtype):
    s = torch.stack([torch.zeros(3), torch.ones(3)]).to(dtype).requires_grad_()
    v = function(s)
    (ds,) = torch.autograd.grad(v.sum(), s)
    assert not v[0].any() and v[1].all()
    expected = torch.ones(3, dtype=dtype) if function is exponential_squash else torch.zeros(3)
    assert torch.equal(ds[0], expected.to(dtype))


@pytest.mark.parametrize("wrong", [math.inf, -math.inf, math.nan])
@FUNCTIONS
def test_vectors_that_are_not_finite_come_out_as_nan(function, wrong):
    s = torch.tensor([[wrong, 0.0, 1.0], [1.0, 2.0, 3.0]])
    v = function(s)
    assert v[0].isnan().all() and torch.equal(v[1:], function(s[1:]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_usual_vectors_have_the_same_bits_in_any_batch_and_under_transforms(dtype):
    """Alone, beside the longest and the shortest, and where values cannot be looked at."""
    usual = draw((40, 7), scale=3.0).to(dtype)
    mixed = torch.cat([usual, all_lengths(dtype).repeat(1, 2)[:, :7]])
    found = []
    for function, s in ((squash, usual), (squash, mixed), (torch.func.vmap(squash), usual)):
        s = s.clone().requires_grad_()
        v = function(s)
        (ds,) = torch.autograd.grad(v[:40].pow(3).sum(), s)
        found.append((v[:40], ds[:40]))
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))
