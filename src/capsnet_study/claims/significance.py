"""The tests on which the p-values of claims rest: of means, over arms, of many claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.stats import permutation_test, rankdata
from scipy.stats import t as student

from capsnet_study.stats import spearman

DRAWS = 1_000_000  # of pairings in a permutation test: a p of .0035 is known to 2 % of itself
BATCH = 10_000  # pairings in memory at a time


class Estimate(NamedTuple):
    """A mean, its standard error, and the degrees of freedom of that."""

    mean: float
    error: float
    dof: float


def mean_estimate(values: Float[np.ndarray, " n"]) -> Estimate | None:
    """Return the mean of independent values; None for fewer than two, which have no spread."""
    n = len(values)
    if n < 2:
        return None
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(n)), n - 1)


def crossed_estimate(values: Float[np.ndarray, "rows columns"]) -> Estimate | None:
    """Return the mean of a table whose rows and columns are both samples.

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
    """Return the one-sided p of a t test for a mean above `bound`."""
    gap = estimate.mean - bound
    if estimate.error == 0:
        return float(gap <= 0)
    return float(student.sf(gap / estimate.error, estimate.dof))


def p_below(estimate: Estimate, bound: float) -> float:
    """Return the one-sided p of a t test for a mean below `bound`."""
    return p_above(estimate._replace(mean=-estimate.mean), -bound)


def p_within(estimate: Estimate, bound: float) -> float:
    """Return the p of two one-sided t tests for a mean within ± `bound`: the larger of theirs."""
    return max(p_above(estimate, -bound), p_below(estimate, bound))


class Parabola(NamedTuple):
    """The least-squares parabola of y on x: its quadratic coefficient and the x of its vertex."""

    curvature: float
    vertex: float


def parabola(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Parabola:
    """Return the fitted parabola; NaN if y is constant or x has fewer than three values."""
    if len(np.unique(x)) < 3 or np.ptp(y) == 0:
        return Parabola(float("nan"), float("nan"))
    _, slope, curvature = _of_powers(x) @ y
    vertex = x.mean() - slope / (2 * curvature) if curvature else float("nan")
    return Parabola(float(curvature), float(vertex))


@dataclass(frozen=True)
class PermutationTest:
    """A statistic of pairs (x, y), and how often other pairings of x with y reach it.

    Attributes
    ----------
    value
        NaN where the statistic is not defined, and so are then both p-values.
    p_above, p_below
        The share of the pairings whose statistic is at least, or at most, the observed one: of all
        pairings of up to 9 pairs, else of `DRAWS` drawn ones and the observed one.
    """

    value: float
    p_above: float
    p_below: float


UNDEFINED = PermutationTest(float("nan"), float("nan"), float("nan"))


def rank_correlation(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> PermutationTest:
    """Return the rank correlation of x and y with its permutation test."""
    value = spearman(x, y)
    if np.isnan(value):
        return UNDEFINED
    # Over pairings it is an increasing function of the product of the ranks.
    return _permuted(value, rankdata(y), rankdata(x))


def curvature(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> PermutationTest:
    """Return the curvature of the parabola of y on x with its permutation test."""
    value = parabola(x, y).curvature
    if np.isnan(value):
        return UNDEFINED
    return _permuted(value, y - y.mean(), _of_powers(x)[2])


def _permuted(
    value: float, y: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"]
) -> PermutationTest:
    """Return the test of a statistic that grows with the weighted sum of y."""
    p_above, p_below = (_permutation_p(y, weights, side) for side in ("greater", "less"))
    return PermutationTest(value, p_above, p_below)


def _permutation_p(
    y: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    alternative: Literal["greater", "less"],
) -> float:
    test = permutation_test(
        (y,),
        lambda permuted, axis: np.sum(permuted * weights, axis=axis),
        permutation_type="pairings",
        alternative=alternative,
        vectorized=True,
        n_resamples=DRAWS,
        batch=BATCH,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def _of_powers(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, "3 n"]:
    """Return the weights of y in the coefficients of 1, x and x², with x minus its mean."""
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
