"""The tests on which the p-values of claims rest: of means, over arms, of many claims."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student

from capsnet_study.stats import permutation_p, permutation_spearman

SEEDS = 100  # of permutation tests, whose p is the mean: a p of .0035 is then known to 2 % of it


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
    """Rank correlation and its one-sided p-value for rho > 0, the mean of `SEEDS` tests.

    For rho < 0 call it with -x. Both are NaN as in `permutation_spearman`.
    """
    found = [permutation_spearman(x, y, seed) for seed in range(SEEDS)]
    return found[0][0], float(np.mean([p for _, p in found]))


def permutation_curvature(
    x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]
) -> tuple[Parabola, float]:
    """Fit a parabola; the one-sided p-value is for a curvature below 0, the mean of `SEEDS` tests.

    It is the share of the pairings of x with y whose curvature is at most the observed one, drawn
    as in `permutation_spearman`. For a curvature above 0 call it with -y.
    """
    fit = parabola(x, y)
    if np.isnan(fit.curvature):
        return fit, fit.curvature
    values, weights = y - y.mean(), _of_powers(x)[2]
    found = [permutation_p(values, weights, "less", seed) for seed in range(SEEDS)]
    return fit, float(np.mean(found))


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
