"""Intervals and p-values of the values of a part, whose units share networks or images."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from capsnet_study.claims.declarations import Expectation
from capsnet_study.claims.methods import conservative_interval, conservative_p
from capsnet_study.claims.significance import crossed_estimate, p_above
from capsnet_study.stats import crossed_interval, t_interval

VALUES = np.random.default_rng(0).normal(0.3, 1.0, (4, 6))


def by_unit(names: list[str], values: np.ndarray = VALUES) -> pd.Series:
    levels = [range(size) for size in values.shape]
    return pd.Series(values.ravel(), pd.MultiIndex.from_product(levels, names=names))


def test_trials_get_a_t_interval():
    values = pd.Series(VALUES[0], pd.Index(range(6), name="trial"))
    assert conservative_interval(values) == t_interval(VALUES[0])


def test_trials_and_pairs_are_both_resampled_in_any_order():
    values = by_unit(["trial", "pair"])
    expected = crossed_interval(VALUES)
    assert conservative_interval(values) == expected
    assert conservative_interval(values.sample(frac=1, random_state=0)) == expected
    assert conservative_interval(values.drop((2, 5))) == crossed_interval(VALUES[:, :5])


def test_directions_of_a_split_count_as_one():
    values = by_unit(["split", "direction"], VALUES[:, :2])
    found, means = conservative_interval(values), t_interval(VALUES[:, :2].mean(axis=1))
    assert (found.low, found.high, found.n) == (means.low, means.high, 8)
    assert found.mean == pytest.approx(means.mean)


def test_one_split_tells_nothing_of_its_spread():
    found = conservative_interval(by_unit(["split", "direction"], VALUES[:1, :2]))
    assert (found.low, found.high) == (None, None)


SIDES = {"above": "greater", "below": "less"}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("bound", [0.0, 0.4])
def test_p_of_trials_is_a_one_sided_t_test_against_the_bound(side, bound):
    values = pd.Series(VALUES[0], pd.Index(range(6), name="trial"))
    expected = ttest_1samp(VALUES[0], bound, alternative=SIDES[side]).pvalue
    assert conservative_p(values, Expectation(kind=side, bound=bound)) == pytest.approx(expected)


def test_p_allows_for_what_units_share():
    above = Expectation(kind="above", bound=0.0)
    crossed, splits = by_unit(["trial", "pair"]), by_unit(["split", "direction"], VALUES[:, :2])
    assert conservative_p(crossed, above) == p_above(crossed_estimate(VALUES), 0.0)
    means = VALUES[:, :2].mean(axis=1)
    expected = ttest_1samp(means, 0.0, alternative="greater").pvalue
    assert conservative_p(splits, above) == pytest.approx(expected)


def test_what_has_no_interval_has_no_p():
    above = Expectation(kind="above", bound=0.0)
    for names, shape in ((["trial", "pair"], (1, 6)), (["split", "direction"], (1, 2))):
        values = by_unit(names, VALUES[: shape[0], : shape[1]])
        assert conservative_interval(values).low is None and conservative_p(values, above) is None
    assert conservative_p(pd.Series([1.0], pd.Index([0], name="trial")), above) is None


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9), st.floats(-1, 1))
def test_p_is_below_a_tail_exactly_where_the_interval_excludes_the_bound(values, bound):
    found = pd.Series(values, pd.Index(range(len(values)), name="trial"))
    interval = conservative_interval(found, 0.95)
    p = conservative_p(found, Expectation(kind="above", bound=bound))
    if abs(interval.low - bound) > 1e-9:
        assert (p < 0.025) == (interval.low > bound)
