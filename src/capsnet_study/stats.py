"""Intervals and rank correlations on which the claims are decided (claims.yaml)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.stats import permutation_test, rankdata
from scipy.stats import t as student


@dataclass(frozen=True)
class Interval:
    """A mean and an interval of it.

    Attributes
    ----------
    mean : mean of the values.
    low, high : ends of the interval; None for a single value, which tells nothing of its spread.
    n : how many values.
    """

    mean: float
    low: float | None
    high: float | None
    n: int


def bootstrap_interval(
    differences: Float[np.ndarray, " n"],
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap interval of the mean.

    Parameters
    ----------
    differences : the paired differences (or plain values).
    confidence : probability mass between the ends of the interval.
    resamples : how many times n values are drawn with replacement.
    seed : of the draws; the same values and seed give the same interval.

    Raises
    ------
    ValueError
        If there is no value, or one that is not finite.
    """
    n = len(differences)
    mean = _mean(differences, "a bootstrap interval")
    if n == 1:
        return Interval(mean, None, None, n)

    drawn = np.random.default_rng(seed).integers(n, size=(resamples, n))
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(differences[drawn].mean(axis=1), [tail, 1.0 - tail])
    return Interval(mean, float(low), float(high), n)


def t_interval(values: Float[np.ndarray, " n"], confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean: wider than the bootstrap's where values are few.

    Raises
    ------
    ValueError
        If there is no value, or one that is not finite.
    """
    n = len(values)
    mean = _mean(values, "a t interval")
    if n == 1:
        return Interval(mean, None, None, n)
    half = float(student.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def crossed_interval(
    values: Float[np.ndarray, "rows columns"],
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of the mean of a table of which rows and columns are both samples.

    Each resample draws rows and columns with replacement, independently: the values of a row, or of
    a column, are not taken for independent (Owen 2007, The pigeonhole bootstrap).

    Raises
    ------
    ValueError
        If there is no value, or one that is not finite.
    """
    rows, columns = values.shape
    mean = _mean(values, "a crossed interval")
    if rows == 1 or columns == 1:
        return Interval(mean, None, None, values.size)

    rng = np.random.default_rng(seed)
    weights = [
        rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
        for count in (rows, columns)
    ]
    means = np.einsum("br,rc,bc->b", weights[0], values, weights[1], optimize=True)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(mean, float(low), float(high), values.size)


def _mean(values: Float[np.ndarray, "..."], of_what: str) -> float:
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"{of_what} needs finite values, at least one (found {values.size})")
    return float(values.mean())


def bootstrap_false_alarms(n: int, samples: int = 2000, resamples: int = 1000) -> float:
    """Return how often the 95 % bootstrap interval of `n` values misses their true mean.

    Measured on normal samples (seeded); 5 % is what the interval promises.
    """
    rng = np.random.default_rng(0)
    values = rng.normal(size=(samples, n))
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n  # [resamples, n]
    low, high = np.quantile(values @ drawn.T, [0.025, 0.975], axis=1)
    return float(np.mean((low > 0) | (high < 0)))


def spearman(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    """Rank correlation, equal values sharing their mean rank; NaN if x or y is constant or empty.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0]))
    1.0
    """
    if len(x) == 0:
        return float("nan")
    rx, ry = rankdata(x), rankdata(y)
    rx, ry = rx - rx.mean(), ry - ry.mean()
    norm = np.sqrt((rx @ rx) * (ry @ ry))
    return float(rx @ ry / norm) if norm > 0 else float("nan")


def permutation_spearman(
    x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], seed: int
) -> tuple[float, float]:
    """Rank correlation and its one-sided p-value for rho > 0.

    The p-value is the share of the pairings of x with y whose rho is at least the observed one: of
    all n! of them while these are at most 10,000 (n <= 7), else of 10,000 drawn with `seed` and the
    observed one.
    For rho < 0 call it with -x.

    Returns
    -------
    rho, p : both NaN if x or y is constant or has fewer than two values.
    """
    rho = spearman(x, y)
    if np.isnan(rho):
        return rho, rho
    ranks = rankdata(x)
    # Over pairings rho is an increasing function of the product of the ranks.
    return rho, permutation_p(rankdata(y), ranks, "greater", seed)


def permutation_p(
    y: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, " n"],
    alternative: Literal["greater", "less"],
    seed: int,
) -> float:
    """Return how often permuted values have so great (so small) a weighted sum as they have.

    Of all n! orders while these are at most 10,000, else of 10,000 drawn with `seed` and their own.
    """
    test = permutation_test(
        (y,),
        lambda permuted, axis: np.sum(permuted * weights, axis=axis),
        permutation_type="pairings",
        alternative=alternative,
        vectorized=True,
        n_resamples=10_000,
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)
