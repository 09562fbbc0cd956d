"""The tests on which the p-values of claims rest: of means, over arms, of many claims."""

from collections.abc import Callable, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from capsnet_study.stats import permutation_p, permutation_spearman, spearman

DRAWS = 10_000  # of pairings in one permutation test
SEEDS = 100  # of such tests, taken together: a p of .0035 is then known to 2 % of itself


class Estimate(NamedTuple):
    """A mean, its standard error, and the degrees of freedom of that."""

    mean: float
    error: float
    dof: float


def mean_estimate(values: Float[np.ndarray, " n"]) -> Estimate | None:
    """Return the mean of independent values; None where fewer than two show no spread."""
    n = len(values)
    if n < 2:
        return None
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(n)), n - 1)


def crossed_estimate(values: Float[np.ndarray, "rows columns"]) -> Estimate | None:
    """Return the mean of a table of which rows and columns are both samples.

    The squared errors of the means of rows and of columns add up, with Satterthwaite's degrees of
    freedom: min F' of Clark (1973), which errs on the safe side. None for a single row or column.
    """
    means = (values.mean(axis=1), values.mean(axis=0))
    if min(values.shape) < 2:
        return None
    parts = [side.var(ddof=1) / len(side) for side in means]
    spread = sum(part**2 / (len(side) - 1) for part, side in zip(parts, means, strict=True))
    dof = sum(parts) ** 2 / spread if spread > 0 else 1.0
    return Estimate(float(values.mean()), float(np.sqrt(sum(parts))), float(dof))


def p_above(estimate: Estimate, bound: float) -> float:
    """One-sided p of a t test: how often so high a mean would come of one at `bound`."""
    gap = estimate.mean - bound
    if estimate.error == 0:
        return float(gap <= 0)
    return float(student.sf(gap / estimate.error, estimate.dof))


def p_below(estimate: Estimate, bound: float) -> float:
    """One-sided p of a t test: how often so low a mean would come of one at `bound`."""
    return p_above(estimate._replace(mean=-estimate.mean), -bound)


def p_within(estimate: Estimate, bound: float) -> float:
    """p of two one-sided t tests for equivalence, the larger: is the mean within ± `bound`?"""
    return max(p_above(estimate, -bound), p_below(estimate, bound))


class Parabola(NamedTuple):
    """The least-squares parabola of y on x: its quadratic coefficient and the x of its vertex."""

    curvature: float
    vertex: float


def parabola(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Parabola:
    """Fit a parabola; NaN if y is constant, or x has fewer than three different values."""
    if len(np.unique(x)) < 3 or np.ptp(y) == 0:
        return Parabola(float("nan"), float("nan"))
    _, slope, curvature = _of_powers(x) @ y
    vertex = x.mean() - slope / (2 * curvature) if curvature else float("nan")
    return Parabola(float(curvature), float(vertex))


def rank_correlation(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Rank correlation and its one-sided p-value for rho > 0, of `SEEDS` tests together.

    For rho < 0 call it with -x. Both are NaN as in `permutation_spearman`.
    """
    rho = spearman(x, y)
    if np.isnan(rho):
        return rho, rho
    return rho, _together(lambda seed: permutation_spearman(x, y, seed)[1], len(x))


def permutation_curvature(
    x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]
) -> tuple[Parabola, float]:
    """Fit a parabola; the one-sided p-value is for a curvature below 0, of `SEEDS` tests together.

    It is the share of the pairings of x with y whose curvature is at most the observed one, drawn
    as in `permutation_spearman`. For a curvature above 0 call it with -y.
    """
    fit = parabola(x, y)
    if np.isnan(fit.curvature):
        return fit, fit.curvature
    values, weights = y - y.mean(), _of_powers(x)[2]
    return fit, _together(lambda seed: permutation_p(values, weights, "less", seed), len(x))


def _together(p_of_seed: Callable[[int], float], n: int) -> float:
    """Return the p of many permutation tests of n values as of one: their own order counts once.

    While there are at most `DRAWS` orders a single test knows them all.
    """
    if factorial(n) <= DRAWS:
        return p_of_seed(0)
    as_extreme = sum(round(p_of_seed(seed) * (DRAWS + 1)) - 1 for seed in range(SEEDS))
    return (as_extreme + 1) / (SEEDS * DRAWS + 1)


def _of_powers(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, "3 n"]:
    """The weights of y in the coefficients of 1, x and x², where x is less its mean."""
    return np.linalg.pinv(np.vander(x - x.mean(), 3, increasing=True))


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number by Holm's step-down method.

    >>> holm([0.02, 0.01])
    [0.02, 0.02]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values)
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted.tolist()
