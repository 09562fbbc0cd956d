"""The mean of measurements that share random effects, which may cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped
from scipy.optimize import minimize

LEAST_REST = 1e-6  # of the variance of all values: with none at all there is no likelihood


class MixedMean(NamedTuple):
    """A mean, and the standard error of it."""

    mean: float
    error: float


def mixed_mean(
    values: Float[np.ndarray, " n"], groupings: Sequence[Shaped[np.ndarray, " n"]]
) -> MixedMean:
    """Return the mean of value = mean + one effect per grouping + rest, all effects random.

    Variances are those of restricted maximum likelihood (Patterson and Thompson 1971), at least
    0; the mean is that of generalised least squares with them. They are searched for within their
    bounds: a variance of 0, which is common with few groups, is a solution like any other.

    Parameters
    ----------
    values
        Measurements, at least two.
    groupings
        Each says of every measurement which group it is in, and so which effect it has. One with
        a single group is left out: a shared effect is part of the mean, and has no variance that
        could be estimated.
    """
    unit = values.std(ddof=1)
    if unit == 0:
        return MixedMean(float(values.mean()), 0.0)
    same = [group[:, None] == group for group in groupings if (group != group[0]).any()]
    parts = np.array([np.eye(len(values)), *same], dtype=float)
    scaled = values / unit
    variances = minimize(
        lambda tried: _loss(scaled, np.tensordot(tried, parts, 1)),
        np.full(len(parts), 1 / len(parts)),
        method="L-BFGS-B",
        bounds=[(LEAST_REST, None), *[(0, None)] * len(same)],
        options={"ftol": 1e-12, "gtol": 1e-8},
    ).x
    mean, precision = _generalised_mean(scaled, np.tensordot(variances, parts, 1))
    return MixedMean(float(unit * mean), float(unit / np.sqrt(precision.sum())))


def _loss(values: Float[np.ndarray, " n"], covariance: Float[np.ndarray, "n n"]) -> float:
    """Return the negative logarithm of the restricted likelihood, up to a constant."""
    mean, precision = _generalised_mean(values, covariance)
    rest = values - mean
    logdet = np.linalg.slogdet(covariance)[1]
    return float(logdet + np.log(precision.sum()) + rest @ precision @ rest) / 2


def _generalised_mean(
    values: Float[np.ndarray, " n"], covariance: Float[np.ndarray, "n n"]
) -> tuple[float, Float[np.ndarray, "n n"]]:
    """Return the mean by generalised least squares, and the inverse of the covariance."""
    precision = np.linalg.inv(covariance)
    return float((precision @ values).sum() / precision.sum()), precision
