"""Intervals and p-values of values whose units share networks or images."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from capsnet_study.claims.declarations import Expectation
from capsnet_study.claims.methods import conservative_interval, conservative_p
from capsnet_study.claims.significance import crossed_estimate, p_above
from capsnet_study.stats import crossed_interval, t_interval

VALUES = np.random.default_rng(0).normal(0.3, 1.0, (4, 6))
ABOVE = Expectation(kind="above", bound=0.0)


def by_unit(*names: str, values: np.ndarray = VALUES) -> pd.Series:
    levels = [range(size) for size in values.shape]
    return pd.Series(values.ravel(), pd.MultiIndex.from_product(levels, names=names))


def by_trial(values) -> pd.Series:
    return pd.Series(values, pd.Index(range(len(values)), name="trial"))


@pytest.mark.parametrize("side, alternative", [("above", "greater"), ("below", "less")])
@pytest.mark.parametrize("bound", [0.0, 0.4])
def test_trials_get_a_t_interval_and_a_one_sided_t_test(side, alternative, bound):
    values = by_trial(VALUES[0])
    assert conservative_interval(values) == t_interval(VALUES[0])
    expected = ttest_1samp(VALUES[0], bound, alternative=alternative).pvalue
    assert conservative_p(values, Expectation(kind=side, bound=bound)) == pytest.approx(expected)


def test_trials_and_pairs_are_crossed_in_any_order_without_incomplete_pairs():
    values, expected = by_unit("trial", "pair"), crossed_interval(VALUES)
    assert conservative_interval(values) == expected
    assert conservative_interval(values.sample(frac=1, random_state=0)) == expected
    assert conservative_interval(values.drop((2, 5))) == crossed_interval(VALUES[:, :5])
    assert conservative_p(values, ABOVE) == p_above(crossed_estimate(VALUES), 0.0)


def test_directions_of_a_split_count_as_one_value():
    values = by_unit("split", "direction", values=VALUES[:, :2])
    means = VALUES[:, :2].mean(axis=1)
    found, expected = conservative_interval(values), t_interval(means)
    assert (found.low, found.high, found.n) == (expected.low, expected.high, 8)
    assert found.mean == pytest.approx(expected.mean)
    p = ttest_1samp(means, 0.0, alternative="greater").pvalue
    assert conservative_p(values, ABOVE) == pytest.approx(p)


@pytest.mark.parametrize(
    "values",
    [
        by_unit("trial", "pair", values=VALUES[:1]),
        by_unit("split", "direction", values=VALUES[:1, :2]),
        by_trial([1.0]),
    ],
)
def test_a_single_trial_or_split_has_neither_interval_nor_p(values):
    found = conservative_interval(values)
    assert (found.low, found.high, conservative_p(values, ABOVE)) == (None, None, None)
