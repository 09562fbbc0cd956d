"""How the values of a part are judged: by an interval and, of mechanism claims, a p-value."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from capsnet_study.claims.declarations import Expectation, Kind
from capsnet_study.claims.significance import (
    crossed_estimate,
    mean_estimate,
    p_above,
    p_below,
    p_within,
)
from capsnet_study.stats import Interval, bootstrap_interval, crossed_interval, t_interval

P_OF = {"above": p_above, "below": p_below, "within": p_within}


class Method(NamedTuple):
    """How the values of a part, indexed by their units, are judged.

    Attributes
    ----------
    interval_of
        Takes values and a confidence.
    p_of
        Takes values and where they are expected, and returns None where there is no interval. A
        method without it gives no p.
    """

    interval_of: Callable[[pd.Series, float], Interval]
    p_of: Callable[[pd.Series, Expectation], float | None] | None = None


def bootstrap_of_units(values: pd.Series, confidence: float = 0.95) -> Interval:
    """Return the interval that decides the paper's claims: it takes units for independent."""
    return bootstrap_interval(values.to_numpy(), confidence)


def conservative_interval(values: pd.Series, confidence: float = 0.95) -> Interval:
    """Return an interval that allows for what units share and, where it is t, for few values.

    Parameters
    ----------
    values
        Indexed by unit. By ``trial``: a t interval. By ``trial`` and ``pair``: trials, which share
        a network, and pairs, which share images, are both resampled (without pairs that some trial
        lacks); where trials differ more than pairs, few trials make it too short. By ``split`` and
        ``direction``: a t interval of the means of splits, whose directions share networks.
    confidence
        Probability mass between the ends of the interval.
    """
    independent = _independent(values)
    if independent.ndim == 2:
        return crossed_interval(independent, confidence)
    interval = t_interval(independent, confidence)
    if "split" not in values.index.names:
        return interval
    return Interval(float(values.mean()), len(values), interval.low, interval.high)


def conservative_p(values: pd.Series, expect: Expectation) -> float | None:
    """Return p of a t test that the mean lies where expected, of the units as above.

    One-sided against the bound; two one-sided tests for ``within``.
    """
    independent = _independent(values)
    estimate = (crossed_estimate if independent.ndim == 2 else mean_estimate)(independent)
    return None if estimate is None else P_OF[expect.kind](estimate, expect.bound)


def _independent(values: pd.Series) -> np.ndarray:
    """Return the values that count as independent, or the table whose rows and columns do."""
    if {"trial", "pair"} <= set(values.index.names):
        return values.unstack("pair").dropna(axis="columns").to_numpy()
    if "split" in values.index.names:
        return values.groupby("split").mean().to_numpy()
    return values.to_numpy()


CONSERVATIVE = Method(conservative_interval)
METHODS: dict[Kind, Method] = {
    "paper": Method(bootstrap_of_units),
    "mechanism": Method(conservative_interval, conservative_p),
}
